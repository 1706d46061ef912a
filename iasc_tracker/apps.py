from django.apps import AppConfig


class IascTrackerConfig(AppConfig):
    name = "iasc_tracker"

    def ready(self) -> None:
        from iasc_tracker.search import keeping

        keeping.register()

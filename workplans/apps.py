from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class WorkplansConfig(AppConfig):
    name = "workplans"
    verbose_name = _("Workplans")

    def ready(self) -> None:
        from workplans import checks, loading, triggers

        checks.register()
        loading.register()
        post_migrate.connect(triggers.install_after_migrate)

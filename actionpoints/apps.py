from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ActionPointsConfig(AppConfig):
    name = "actionpoints"
    verbose_name = _("Meetings and action points")

    def ready(self) -> None:
        from actionpoints import models, reports
        from workplans.field_log import keep_log_of
        from workplans.progress_report import mandate_readers

        mandate_readers.append(reports.mandate_sentences)

        keep_log_of(
            models.Meeting,
            models.Review,
            models.Recommendation,
            models.RecommendationAddressee,
            models.ActionPoint,
            models.ActionPointResponsibility,
            models.Mandate,
        )

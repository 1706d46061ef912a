from django.apps import AppConfig
from django.db.models.signals import post_delete, post_migrate, pre_delete
from django.utils.translation import gettext_lazy as _


class WorkplansConfig(AppConfig):
    name = "workplans"
    verbose_name = _("Workplans")

    def ready(self) -> None:
        from workplans import checks, field_log, frozen_reports, loading, models, status, triggers
        from workplans.models.references import spend_reference

        field_log.keep_log_of(
            models.Entity,
            models.ResultsGroup,
            models.Organization,
            models.EntityAlias,
            models.Membership,
            models.SourceDocument,
            models.Workplan,
            models.PriorityArea,
            models.Deliverable,
            models.DeliverableResponsibility,
        )
        checks.register()
        loading.register()
        pre_delete.connect(field_log.forget_person, dispatch_uid="workplans.field_log.forget")
        post_delete.connect(spend_reference, dispatch_uid="workplans.references.spend")
        status.narrative_removed.connect(
            frozen_reports.take_out, dispatch_uid="workplans.frozen_reports.take_out"
        )
        post_migrate.connect(triggers.install_after_migrate)

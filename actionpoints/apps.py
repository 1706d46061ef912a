from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ActionPointsConfig(AppConfig):
    name = "actionpoints"
    verbose_name = _("Meetings and action points")

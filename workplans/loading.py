"""What `loaddata` must mind: nothing is overwritten, and ledger rows pass the door.

`loaddata` saves raw, past every `save()`. The receivers here apply what would be
skipped otherwise: an object that exists already is refused by name; a ledger row is
judged, numbered and dated like any other; caches and derived columns are brought up.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import models
from django.db.models.signals import post_save, pre_save
from django.utils.translation import gettext as _

from workplans import days
from workplans.models import EntityAlias, PriorityArea, StatusUpdate, TrackedItem
from workplans.models.entities import name_key
from workplans.models.references import Referenced, refuse_spent
from workplans.status import judge_raw_row, refresh_cache

OUR_APPS = {"workplans", "actionpoints"}


def register() -> None:
    """Connect the receivers, once."""
    pre_save.connect(before_raw_save, dispatch_uid="workplans.loading.before")
    post_save.connect(after_raw_save, dispatch_uid="workplans.loading.after")


def before_raw_save(
    sender: type[models.Model], instance: models.Model, raw: bool, **kwargs: Any
) -> None:
    """Refuse an object that exists; judge a ledger row; fill derived columns."""
    if not raw or sender._meta.app_label not in OUR_APPS:
        return
    if not instance._state.adding:
        return  # saved a moment ago, and again now that what it refers to has come
    if isinstance(instance, EntityAlias):
        instance.key = name_key(instance.alias)
    if isinstance(instance, PriorityArea):
        instance.slug = instance.make_slug()
    if instance.pk is not None and sender._default_manager.filter(pk=instance.pk).exists():
        raise CommandError(
            _("%(kind)s “%(name)s” exists already. Nothing was loaded; nothing is overwritten.")
            % {"kind": sender._meta.verbose_name, "name": instance}
        )
    if isinstance(instance, Referenced):
        try:
            refuse_spent(instance.ref)
        except ValidationError as error:
            raise CommandError(
                _("%(why)s Nothing was loaded.") % {"why": " ".join(error.messages)}
            ) from error
    if isinstance(instance, StatusUpdate):
        # Documents tell of the past of the real world, whatever day the site is pinned to.
        try:
            judge_raw_row(instance, days.true_today())
        except ValidationError as error:
            raise CommandError(
                _("An update of %(ref)s was refused: %(why)s Nothing was loaded.")
                % {"ref": instance.item.ref, "why": " ".join(error.messages)}
            ) from error


def after_raw_save(
    sender: type[models.Model], instance: models.Model, raw: bool, **kwargs: Any
) -> None:
    """Bring the cache of an item up, after the item or one of its rows was saved raw."""
    if not raw or sender._meta.app_label not in OUR_APPS:
        return
    if isinstance(instance, StatusUpdate):
        refresh_cache(type(instance.item), [instance.item_id])
    elif isinstance(instance, TrackedItem):
        refresh_cache(type(instance), [instance.pk])

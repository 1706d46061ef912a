"""What `loaddata` must mind: nothing is overwritten, and ledger rows pass the door.

`loaddata` saves raw, past every `save()`. The receivers here apply what would be
skipped otherwise: an object that exists already is refused by name; a ledger row is
judged, numbered and dated like any other; caches and derived columns are brought up,
by the command once for all that it loads.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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
from workplans.status import judge_raw_row, ledger_written, refresh_cache

OUR_APPS = {"workplans", "actionpoints"}

# What waits for the end of a load: works, each with what it is about, and what to do it for,
# once each; None outside of a load.
Work = Callable[[Any, Collection[Any]], None]
waiting: ContextVar[dict[tuple[Work, Any], dict[Any, None]] | None] = ContextVar(
    "waiting", default=None
)


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
    """Bring the cache of an item up after it, or one of its rows, was saved raw; tell of a row."""
    if not raw or sender._meta.app_label not in OUR_APPS:
        return
    if isinstance(instance, StatusUpdate):
        once_loaded(refresh_cache, type(instance.item), instance.item_id)
        once_loaded(tell_of_rows, type(instance.item), instance)
    elif isinstance(instance, TrackedItem):
        once_loaded(refresh_cache, type(instance), instance.pk)


def tell_of_rows(model: type[TrackedItem], rows: Collection[StatusUpdate]) -> None:
    """Say that rows of the ledger were written, as the door does."""
    ledger_written.send(sender=model, rows=list(rows))


def once_loaded(work: Work, about: Any, for_this: Any) -> None:
    """Do a work now, or, while a load runs, at its end for all that asked for it, once each."""
    works = waiting.get()
    if works is None:
        work(about, [for_this])
    else:
        works[work, about][for_this] = None


@contextmanager
def caches_at_the_end() -> Iterator[None]:
    """Bring up what follows from all that is saved raw inside, once each, at the end.

    No rule of the door reads it. What fails inside leaves it as it is: it is to be rolled
    back as a whole.
    """
    works: dict[tuple[Work, Any], dict[Any, None]] = defaultdict(dict)
    token = waiting.set(works)
    try:
        yield
    finally:
        waiting.reset(token)
    for (work, about), things in works.items():
        work(about, list(things))

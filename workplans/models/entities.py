"""Whoever can own, lead, support or be asked."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from workplans.models.versions import LoggedWith, Versioned

LONGEST_KEY = 200


@lru_cache(maxsize=1000)
def name_key(name: str) -> str:
    """Return the form in which two spellings of one name are the same.

    Accents, case, spaces and punctuation do not count: "UN Habitat", "UN-HABITAT"
    and "UNHABITAT" all give "unhabitat" (the spellings of the meeting records).
    """
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = re.sub(r"[^\w]|_", "", "".join(c for c in plain if not unicodedata.combining(c)))
    return letters[:LONGEST_KEY]  # some letters stand for many


class EntityKind(models.TextChoices):
    AGENCY = "agency", _("agency")
    NGO = "ngo", _("NGO")
    CONSORTIUM = "consortium", _("consortium")
    BODY = "body", _("IASC body")
    RESULTS_GROUP = "results_group", _("results group")
    SUB_GROUP = "sub_group", _("sub-group")
    ROLE = "role", _("role")
    COLLECTIVE = "collective", _("collective")


class EntityQuerySet(models.QuerySet["Entity"]):
    def get_by_natural_key(self, slug: str) -> Entity:
        """Return the entity at an address, or the one that it was merged into."""
        return self.filter(slug=slug).first() or self.get(aliases__key=name_key(slug))

    def once_at(self, slug: str) -> Entity | None:
        """Return what an address leads to that no entity has (any more): by an alias, or None."""
        return self.filter(aliases__key=name_key(slug)).first()

    def results_groups(self) -> EntityQuerySet:
        """Keep results groups, without their sub-groups."""
        return self.filter(kind=EntityKind.RESULTS_GROUP)


class Entity(Versioned):
    """An agency, NGO, consortium, body, group, role or collective.

    Deleting one that is named anywhere is refused: every reference protects it.
    """

    # Name
    name = models.CharField(
        _("name"), max_length=200, help_text=_("The full name, as it is officially written.")
    )
    acronym = models.CharField(
        _("acronym"),
        max_length=40,
        blank=True,
        help_text=_("The short form by which everybody knows it, for example OCHA. May be blank."),
    )
    slug = models.SlugField(
        _("address"),
        max_length=60,
        unique=True,
        help_text=_("Its address on this site, for example “ocha”. Do not change it later."),
    )

    # Place
    kind = models.CharField(
        _("kind"),
        max_length=20,
        choices=EntityKind,
        help_text=_("A collective is a party such as “all results groups”."),
    )
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("part of"),
        null=True,
        blank=True,
        related_name="children",
        help_text=_("The body or organisation that it belongs to, if any."),
    )
    description = models.TextField(
        _("description"), blank=True, help_text=_("One or two sentences for the public page.")
    )

    objects = EntityQuerySet.as_manager()

    class Meta:
        verbose_name = _("entity")
        verbose_name_plural = _("entities")
        default_permissions = ("add", "change", "delete", "view", "import", "export")
        ordering = ["acronym", "name"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="entity_has_a_name"),
            models.CheckConstraint(
                condition=Q(kind__in=EntityKind.values), name="entity_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
                name="entity_is_not_its_own_parent",
            ),
        ]

    def __str__(self) -> str:
        return self.acronym or self.name

    def natural_key(self) -> tuple[str]:
        return (self.slug,)

    def get_absolute_url(self) -> str:
        if self.kind == EntityKind.RESULTS_GROUP:
            return reverse("workplans:group_detail", args=[self.slug])
        return reverse("workplans:entity_detail", args=[self.slug])

    @property
    def full_name(self) -> str:
        """The name with its acronym in brackets, as a heading shows it."""
        return f"{self.name} ({self.acronym})" if self.acronym else self.name

    def clean(self) -> None:
        super().clean()
        above, seen = self.parent, {self.pk}
        while above is not None:
            if above.pk is not None and above.pk in seen:
                raise ValidationError(
                    {"parent": _("An entity cannot be part of itself, directly or through others.")}
                )
            seen.add(above.pk)
            above = above.parent


class ResultsGroupManager(models.Manager["ResultsGroup"]):
    def get_queryset(self) -> models.QuerySet[ResultsGroup]:
        return super().get_queryset().filter(kind=EntityKind.RESULTS_GROUP)


class ResultsGroup(Entity):
    """An entity of the kind results group, with an admin page of its own."""

    objects = ResultsGroupManager()  # type: ignore[assignment,misc]

    class Meta:
        proxy = True
        verbose_name = _("results group")
        verbose_name_plural = _("results groups")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.kind = EntityKind.RESULTS_GROUP
        super().save(*args, **kwargs)


class OrganizationManager(models.Manager["Organization"]):
    def get_queryset(self) -> models.QuerySet[Organization]:
        return super().get_queryset().filter(kind__in=Organization.KINDS)


class Organization(Entity):
    """An agency, NGO or consortium, with an admin page of its own."""

    KINDS = (EntityKind.AGENCY, EntityKind.NGO, EntityKind.CONSORTIUM)

    objects = OrganizationManager()  # type: ignore[assignment,misc]

    class Meta:
        proxy = True
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")


class EntityAliasQuerySet(models.QuerySet["EntityAlias"]):
    def get_by_natural_key(self, key: str) -> EntityAlias:
        return self.get(key=key)


class EntityAlias(LoggedWith, models.Model):
    """Another spelling or former name under which an entity is found."""

    logged_with = "entity"

    entity = models.ForeignKey(
        Entity, models.CASCADE, related_name="aliases", verbose_name=_("entity")
    )
    alias = models.CharField(
        _("also written"),
        max_length=200,
        help_text=_("Another spelling, a former name, or a name in another language."),
    )
    key = models.CharField(max_length=LONGEST_KEY, unique=True, editable=False)

    objects = EntityAliasQuerySet.as_manager()

    class Meta:
        verbose_name = _("alias")
        verbose_name_plural = _("aliases")
        ordering = ["alias"]
        constraints = [models.CheckConstraint(condition=~Q(key=""), name="alias_has_a_key")]

    def __str__(self) -> str:
        return self.alias

    def natural_key(self) -> tuple[str]:
        return (name_key(self.alias),)

    def clean(self) -> None:
        super().clean()
        self.key = name_key(self.alias)
        if not self.key:
            raise ValidationError({"alias": _("An alias needs at least one letter or digit.")})
        other = EntityAlias.objects.filter(key=self.key).exclude(pk=self.pk).first()
        if other is not None:
            raise ValidationError(
                {
                    "alias": _("“%(alias)s” already finds %(entity)s.")
                    % {"alias": self.alias, "entity": other.entity}
                }
            )

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = name_key(self.alias)
        super().save(*args, **kwargs)


class MembershipQuerySet(models.QuerySet["Membership"]):
    def on(self, day: date) -> MembershipQuerySet:
        """Keep the memberships that hold on a day; both ends are inclusive."""
        return self.filter(
            Q(since__isnull=True) | Q(since__lte=day), Q(until__isnull=True) | Q(until__gte=day)
        )

    def get_by_natural_key(
        self, group: str, member: str, role: str, since: date | str | None
    ) -> Membership:
        return self.get(group__slug=group, member__slug=member, role=role, since=since)


class Membership(LoggedWith, models.Model):
    """Ties an organisation to a group as co-chair, co-lead or member."""

    logged_with = "group"

    class Role(models.TextChoices):
        CO_CHAIR = "co_chair", _("co-chair")
        CO_LEAD = "co_lead", _("co-lead")
        MEMBER = "member", _("member")

    group = models.ForeignKey(
        Entity, models.PROTECT, related_name="memberships", verbose_name=_("group")
    )
    member = models.ForeignKey(
        Entity, models.PROTECT, related_name="member_of", verbose_name=_("member")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MEMBER)
    since = models.DateField(
        _("since"), null=True, blank=True, help_text=_("First day, if it is known.")
    )
    until = models.DateField(
        _("until"), null=True, blank=True, help_text=_("Last day, once it is over.")
    )
    source = models.ForeignKey(
        "workplans.SourceDocument",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("source"),
    )
    locator = models.CharField(
        _("place in the source"), max_length=200, blank=True, help_text=_("Page, section, row.")
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ["group", "role", "member"]
        constraints = [
            models.UniqueConstraint(
                fields=["group", "member", "role", "since"],
                name="membership_is_entered_once",
                violation_error_message=_("This membership is entered already."),
            ),
            models.UniqueConstraint(
                fields=["group", "member", "role"],
                condition=Q(since__isnull=True),
                name="membership_without_a_first_day_is_entered_once",
                violation_error_message=_("This membership is entered already."),
            ),
            models.CheckConstraint(
                condition=Q(since__isnull=True) | Q(until__isnull=True) | Q(since__lte=F("until")),
                name="membership_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=~Q(group=F("member")), name="membership_is_of_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} – {self.get_role_display()} – {self.group}"

    def natural_key(self) -> tuple[str, str, str, date | None]:
        return (self.group.slug, self.member.slug, self.role, self.since)

    natural_key.dependencies = ["workplans.entity"]  # type: ignore[attr-defined]

    def clean(self) -> None:
        super().clean()
        if self.since and self.until and self.since > self.until:
            raise ValidationError({"until": _("The last day lies before the first.")})
        if self.group_id and self.group_id == self.member_id:
            raise ValidationError({"member": _("A group cannot be a member of itself.")})

"""Meetings, reviews with their recommendations, action points, and mandates."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from workplans import days
from workplans.models import (
    Deliverable,
    Entity,
    Publishable,
    Responsibility,
    SourceDocument,
    StatusUpdate,
    TrackedItem,
    TrackedItemQuerySet,
)
from workplans.models.ledger_rows import (
    StatusUpdateQuerySet,
    update_constraints,
    update_indexes,
)
from workplans.models.references import Referenced
from workplans.models.responsibility import ResponsibilityQuerySet, responsibility_constraints
from workplans.models.tracking import Viewer, item_constraints
from workplans.models.versions import LoggedWith
from workplans.status_words import ACTION_POINT_STATUSES


class PublishableQuerySet(models.QuerySet[Any]):
    def get_by_natural_key(self, slug: str) -> Any:
        return self.get(slug=slug)

    def visible_to(self, user: Viewer) -> PublishableQuerySet:
        """Keep what a visitor may see: staff all, others what is published."""
        return self if getattr(user, "is_staff", False) else self.filter(published=True)


class Meeting(Publishable):
    """A meeting of a body or group, which decided and reviewed action points."""

    body = models.ForeignKey(
        Entity, models.PROTECT, related_name="meetings", verbose_name=_("body")
    )
    title = models.CharField(_("title"), max_length=300, help_text=_("As its record names it."))
    slug = models.SlugField(
        _("address"),
        max_length=50,
        unique=True,
        help_text=_(
            "Its address on this site, for example “opag-2020-07-09”. The references of its "
            "action points begin with it (OPAG-2020-07-09-1). Do not change it later."
        ),
    )
    session = models.CharField(_("session"), max_length=100, blank=True)
    held_on: models.DateField[date | str, date] = models.DateField(
        _("day"), help_text=_("The last day, if it took several.")
    )
    date_words = models.CharField(
        _("date as printed"), max_length=100, blank=True, help_text=_("If it says it otherwise.")
    )
    record = models.OneToOneField(
        SourceDocument,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="meeting",
        verbose_name=_("record"),
        help_text=_("What it told about earlier action points makes them reviewed here."),
    )
    attendees = models.ManyToManyField(
        Entity,
        blank=True,
        related_name="attended",
        verbose_name=_("attended by"),
        help_text=_("Organisations and bodies only, never persons."),
    )
    note = models.TextField(
        _("note"), blank=True, help_text=_("What a reader should know. Shown publicly.")
    )

    objects = PublishableQuerySet.as_manager()

    class Meta:
        verbose_name = _("meeting")
        verbose_name_plural = _("meetings")
        ordering = ["-held_on", "slug"]
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="meeting_has_a_title"),
        ]

    def __str__(self) -> str:
        return self.title

    def natural_key(self) -> tuple[str]:
        return (self.slug,)

    natural_key.dependencies = [  # type: ignore[attr-defined]
        "workplans.entity",
        "workplans.sourcedocument",
    ]

    def get_absolute_url(self) -> str:
        return reverse("actionpoints:meeting_detail", args=[self.slug])

    def tracked_items(self) -> TrackedItemQuerySet[Any]:
        return ActionPoint.objects.filter(meeting=self)


class Review(Publishable):
    """A review or paper whose recommendations are followed up."""

    title = models.CharField(_("title"), max_length=300, help_text=_("The official title."))
    slug = models.SlugField(
        _("address"),
        max_length=50,
        unique=True,
        help_text=_("The references of its recommendations begin with it. Do not change it later."),
    )
    body = models.ForeignKey(
        Entity,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reviews",
        verbose_name=_("body"),
        help_text=_("Who answers for the response."),
    )
    issued_on: models.DateField[date | str | None, date | None] = models.DateField(
        _("day"), null=True, blank=True
    )
    source = models.ForeignKey(
        SourceDocument,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reviews",
        verbose_name=_("source"),
        help_text=_("The document that prints the recommendations and the response."),
    )
    locator = models.CharField(_("place in the source"), max_length=200, blank=True)
    note = models.TextField(
        _("note"), blank=True, help_text=_("What a reader should know. Shown publicly.")
    )

    objects = PublishableQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["-issued_on", "slug"]
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="review_has_a_title"),
        ]

    def __str__(self) -> str:
        return self.title

    def natural_key(self) -> tuple[str]:
        return (self.slug,)

    natural_key.dependencies = [  # type: ignore[attr-defined]
        "workplans.entity",
        "workplans.sourcedocument",
    ]

    def get_absolute_url(self) -> str:
        return f"{reverse('actionpoints:recommendation_list')}#{self.slug}"

    def tracked_items(self) -> TrackedItemQuerySet[Any]:
        return ActionPoint.objects.filter(recommendation__review=self)


class RecommendationQuerySet(models.QuerySet["Recommendation"]):
    def get_by_natural_key(self, ref: str) -> Recommendation:
        return self.get(ref=ref)

    def visible_to(self, user: Viewer) -> RecommendationQuerySet:
        """Keep what a visitor may see: staff all, others those of published reviews."""
        return self if getattr(user, "is_staff", False) else self.filter(review__published=True)

    def existing_on(self, day: date) -> RecommendationQuerySet:
        """Keep those of reviews issued by a day; a review without a day always counts."""
        return self.filter(Q(review__issued_on__isnull=True) | Q(review__issued_on__lte=day))


class Recommendation(Referenced):
    """A recommendation of a review, with the management's response to it."""

    class Response(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        PARTIALLY_ACCEPTED = "partially_accepted", _("partially accepted")
        NEEDS_ANALYSIS = "needs_analysis", _("needs further analysis")
        NOT_ACCEPTED = "not_accepted", _("not accepted")
        NONE = "none", _("no response")

    review = models.ForeignKey(
        Review, models.PROTECT, related_name="recommendations", verbose_name=_("review")
    )
    number_printed = models.BooleanField(
        _("number is printed"),
        default=True,
        help_text=_("Uncheck it if the source leaves the number out."),
    )
    order = models.PositiveIntegerField(_("order"), default=0)
    title = models.CharField(_("title"), max_length=300)
    text = models.TextField(_("text"), blank=True)
    response = models.CharField(
        _("response"), max_length=20, choices=Response, default=Response.NONE
    )
    response_words = models.TextField(_("response in words"), blank=True)
    second_opinion = models.TextField(
        _("second opinion"), blank=True, help_text=_("Where the response prints one.")
    )
    second_opinion_by = models.ForeignKey(
        Entity,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="second_opinions",
        verbose_name=_("second opinion by"),
    )
    locator = models.CharField(_("place in the source"), max_length=200, blank=True)

    objects = RecommendationQuerySet.as_manager()

    class Meta:
        verbose_name = _("recommendation")
        verbose_name_plural = _("recommendations")
        ordering = ["review", "order", "ref"]
        constraints = [
            models.CheckConstraint(condition=~Q(ref=""), name="recommendation_has_a_ref"),
            models.CheckConstraint(condition=~Q(title=""), name="recommendation_has_a_title"),
            models.CheckConstraint(
                condition=Q(second_opinion_by__isnull=True) | ~Q(second_opinion=""),
                name="recommendation_second_opinion_has_words",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("actionpoints:recommendation_detail", args=[self.ref])

    def clean(self) -> None:
        super().clean()
        if self.second_opinion_by_id and not self.second_opinion:
            raise ValidationError({"second_opinion": _("Say what the second opinion is.")})

    def has_origin(self) -> bool:
        return self.review_id is not None

    def _ref_prefix(self) -> str:
        return self.review.slug

    def _lock_origin(self) -> None:
        Review.objects.select_for_update().get(pk=self.review_id)


class RecommendationAddressee(LoggedWith, models.Model):
    """Whom a recommendation is addressed to, in the printed order."""

    logged_with = "recommendation"

    recommendation = models.ForeignKey(
        Recommendation,
        models.CASCADE,
        related_name="addressees",
        verbose_name=_("recommendation"),
    )
    entity = models.ForeignKey(
        Entity, models.PROTECT, related_name="addressed_by", verbose_name=_("entity")
    )
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    as_printed = models.CharField(_("as printed"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("addressee")
        verbose_name_plural = _("addressees")
        ordering = ["order", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["recommendation", "entity"],
                name="addressee_is_entered_once",
                violation_error_message=_("This party is an addressee already."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.entity)


class ActionPointQuerySet(TrackedItemQuerySet["ActionPoint"]):
    publisher_paths = ("meeting", "recommendation__review")

    def reviewed_at(self, meeting: Meeting, day: date | None = None) -> ActionPointQuerySet:
        """Keep those, of whatever body, that a meeting's record told something about.

        With a day, only what was reported by then counts.
        """
        rows = ActionPointUpdate.objects.filter(
            item=OuterRef("pk"), source__meeting=meeting, replaced_by__isnull=True
        )
        return self.filter(Exists(rows if day is None else rows.filter(reported_on__lte=day)))


class ActionPoint(TrackedItem):
    """What a meeting decided, or a follow-up to a recommendation.

    One decision is one action point, however many records repeat it.
    """

    STATUSES = ACTION_POINT_STATUSES
    ORIGIN = ("meeting_id", "recommendation_id")

    meeting = models.ForeignKey(
        Meeting,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="action_points",
        verbose_name=_("meeting"),
        help_text=_("The meeting that decided it, if one did."),
    )
    recommendation = models.ForeignKey(
        Recommendation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="action_points",
        verbose_name=_("recommendation"),
        help_text=_("The recommendation that it follows up, if it is one's."),
    )
    theme = models.CharField(
        _("theme"), max_length=150, blank=True, help_text=_("For example “Localization”.")
    )
    combine_with = models.ManyToManyField(
        "self",
        blank=True,
        verbose_name=_("combine with"),
        help_text=_("Action points that the source says to take forward together."),
    )

    objects = ActionPointQuerySet.as_manager()

    class Meta(TrackedItem.Meta):
        verbose_name = _("action point")
        verbose_name_plural = _("action points")
        ordering = ["-meeting__held_on", "meeting", "recommendation", "order", "ref"]
        constraints = [
            *item_constraints(ACTION_POINT_STATUSES),
            models.CheckConstraint(
                condition=Q(meeting__isnull=True) | Q(recommendation__isnull=True),
                name="actionpoint_has_one_origin",
            ),
        ]

    def get_absolute_url(self) -> str:
        return reverse("actionpoints:action_point_detail", args=[self.ref])

    def clean(self) -> None:
        super().clean()
        if self.meeting_id and self.recommendation_id:
            raise ValidationError(
                {"recommendation": _("It comes from its meeting or a recommendation, not both.")}
            )
        parent: Any = self.parent
        origin = (self.meeting_id, self.recommendation_id)
        if parent and origin != (parent.meeting_id, parent.recommendation_id):
            raise ValidationError(
                {"parent": _("It belongs to an item of another meeting or recommendation.")}
            )

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.introduced_on is None and self.meeting is not None:
            self.introduced_on = min(self.meeting.held_on, days.site_today())
        super().save(*args, **kwargs)

    def has_origin(self) -> bool:
        return True  # it may come from nowhere that is known

    def _ref_prefix(self) -> str:
        if self.meeting is not None:
            return self.meeting.slug
        return self.recommendation.ref if self.recommendation is not None else "AP"

    def _lock_origin(self) -> None:
        for origin in (self.meeting, self.recommendation):
            if origin is not None:
                type(origin).objects.select_for_update().get(pk=origin.pk)


class ActionPointResponsibility(Responsibility):
    """One party's part in one action point."""

    item = models.ForeignKey(
        ActionPoint,
        models.CASCADE,
        related_name="responsibilities",
        verbose_name=_("action point"),
    )

    objects = ResponsibilityQuerySet["ActionPointResponsibility"].as_manager()

    class Meta(Responsibility.Meta):
        verbose_name = _("responsibility")
        verbose_name_plural = _("responsibilities")
        constraints = responsibility_constraints()


class ActionPointUpdate(StatusUpdate):
    """One row of the ledger of action points."""

    item = models.ForeignKey(
        ActionPoint, models.PROTECT, related_name="updates", verbose_name=_("action point")
    )

    objects = StatusUpdateQuerySet["ActionPointUpdate"].as_manager()

    class Meta(StatusUpdate.Meta):
        verbose_name = _("update of an action point")
        verbose_name_plural = _("updates of action points")
        constraints = update_constraints(ACTION_POINT_STATUSES)
        indexes = update_indexes()


class MandateQuerySet(models.QuerySet["Mandate"]):
    def known_on(self, day: date) -> MandateQuerySet:
        """Keep those decided by a day; one without a day always counts."""
        return self.filter(Q(decided_on__isnull=True) | Q(decided_on__lte=day))


class Mandate(LoggedWith, models.Model):
    """The decision that asked for a deliverable or an action point."""

    @property
    def logged_with(self) -> str:  # type: ignore[override]
        return "deliverable" if self.deliverable_id else "action_point"

    class Kind(models.TextChoices):
        AGREED = "agreed", _("agreed")
        REQUESTED = "requested", _("requested")
        ENDORSED = "endorsed", _("endorsed")

    deliverable = models.ForeignKey(
        Deliverable,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="mandates",
        verbose_name=_("deliverable"),
    )
    action_point = models.ForeignKey(
        ActionPoint,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="mandates",
        verbose_name=_("action point"),
    )
    body = models.ForeignKey(
        Entity,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="mandates_given",
        verbose_name=_("body"),
        help_text=_("Whose decision it was."),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.AGREED)
    date_words = models.CharField(
        _("date as printed"), max_length=100, blank=True, help_text=_("Exactly as it stands.")
    )
    decided_on: models.DateField[date | str | None, date | None] = models.DateField(
        _("date as read"), null=True, blank=True
    )
    conflict = models.TextField(
        _("conflict"),
        blank=True,
        help_text=_("If other records give another date: which, and how it was read."),
    )
    by_action_point = models.ForeignKey(
        ActionPoint,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="mandates_given",
        verbose_name=_("the action point that decided it"),
    )
    by_recommendation = models.ForeignKey(
        Recommendation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="mandates_given",
        verbose_name=_("the recommendation behind it"),
    )
    by_deliverable = models.ForeignKey(
        Deliverable,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="mandates_given",
        verbose_name=_("the deliverable of an earlier plan behind it"),
    )
    inferred = models.BooleanField(
        _("inferred"),
        default=False,
        help_text=_("The link rests on what both say, not on a citation. The page says so."),
    )
    source = models.ForeignKey(
        SourceDocument,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="mandates",
        verbose_name=_("source"),
    )
    locator = models.CharField(_("place in the source"), max_length=200, blank=True)

    objects = MandateQuerySet.as_manager()

    class Meta:
        verbose_name = _("mandate")
        verbose_name_plural = _("mandates")
        ordering = ["decided_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(deliverable__isnull=False, action_point__isnull=True)
                | Q(deliverable__isnull=True, action_point__isnull=False),
                name="mandate_asks_for_one_item",
            ),
            models.CheckConstraint(
                condition=Q(body__isnull=False)
                | Q(by_action_point__isnull=False)
                | Q(by_recommendation__isnull=False)
                | Q(by_deliverable__isnull=False),
                name="mandate_has_an_author",
            ),
            models.CheckConstraint(
                condition=Q(by_action_point__isnull=True)
                | Q(action_point__isnull=True)
                | ~Q(by_action_point=F("action_point")),
                name="mandate_is_by_another",
            ),
            models.CheckConstraint(
                condition=Q(by_deliverable__isnull=True)
                | Q(deliverable__isnull=True)
                | ~Q(by_deliverable=F("deliverable")),
                name="mandate_is_by_another_deliverable",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.body or self.author} {self.date_words}".rstrip()

    @property
    def author(self) -> ActionPoint | Recommendation | Deliverable | None:
        """The record of the decision, where it is known."""
        return self.by_action_point or self.by_recommendation or self.by_deliverable

    def clean(self) -> None:
        super().clean()
        if bool(self.deliverable_id) == bool(self.action_point_id):
            raise ValidationError(
                {"deliverable": _("A mandate is for one deliverable or one action point.")}
            )
        if not (self.body_id or self.author):
            raise ValidationError({"body": _("Say whose decision it was.")})
        for name in ("action_point", "deliverable"):
            asked_for = getattr(self, f"{name}_id")
            if asked_for and asked_for == getattr(self, f"by_{name}_id"):
                raise ValidationError({f"by_{name}": _("An item cannot be its own mandate.")})

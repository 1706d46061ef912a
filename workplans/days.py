"""Which day it is for the site, and which day a visitor asks about."""

from datetime import date

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

# No document of the committee is older: it was founded in June 1992
# (General Assembly resolution 46/182 of December 1991).
FIRST_DAY = date(1992, 1, 1)


def true_today() -> date:
    """Return today's date in the site's time zone."""
    return timezone.localdate()


def site_today() -> date:
    """Return the day that the site takes for today: `TRACKER_AS_OF` if it is pinned."""
    return settings.TRACKER_AS_OF or true_today()


def read_day(name: str, text: str) -> date:
    """Return the day that a parameter of an address names.

    Raise ValidationError, in words that name the parameter, the input and the cure, for
    anything but an ISO date from 1992 up to the true today.
    """
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise ValidationError(
            _("“%(value)s” is not a day. Write %(name)s as year-month-day, such as 2021-06-30."),
            code="invalid",
            params={"value": text[:50], "name": name},
        )
    if day > true_today():
        raise ValidationError(
            _("%(name)s is %(value)s, which lies ahead. Choose %(today)s or an earlier day."),
            code="future",
            params={"value": text, "name": name, "today": true_today().isoformat()},
        )
    if day < FIRST_DAY:
        raise ValidationError(
            _("%(name)s is %(value)s, which is too early. The first day to ask for is %(first)s."),
            code="too_early",
            params={"value": text, "name": name, "first": FIRST_DAY.isoformat()},
        )
    return day

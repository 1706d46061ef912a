"""How quick the machine is at the moment, beside which the seconds of a benchmark mean something.

A virtual machine may have twice the speed one minute that it has the next.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.utils.translation import gettext as _

STEPS = 2_000_000


def speed() -> float:
    """Return how many million steps of an empty loop Python takes in a second."""
    begun = time.perf_counter()
    for _step in range(STEPS):
        pass
    return STEPS / (time.perf_counter() - begun) / 1_000_000


def in_words(speeds: Sequence[float]) -> str:
    """Say between what the speed of the machine was."""
    return _("machine at %(low).0f–%(high).0f million steps a second") % {
        "low": min(speeds),
        "high": max(speeds),
    }

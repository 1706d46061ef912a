"""Python's search for garbage, in a process that serves many requests."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def collect_seldom() -> None:
    """Look for garbage less often, and not in what is loaded by now, which stays.

    To look through all of it again and again took a fifth of the time of a long file.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@contextmanager
def as_the_server_collects() -> Iterator[None]:
    """Look for garbage as a server does, within this."""
    before = gc.get_threshold()
    collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()

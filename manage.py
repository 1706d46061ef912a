#!/usr/bin/env python
"""Run the tracker's management commands."""

import os
import sys


def main() -> None:
    """Run the command that the command line names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iasc_tracker.settings")
    if sys.argv[1:2] == ["demo"]:
        # Settings are read once, before any command's own code runs, and refuse to load without
        # a secret key and host names. A bare clone has neither, so demo gives them first.
        from iasc_tracker import demo_environment

        demo_environment.prepare(sys.argv[2:])
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

"""Running `manage.py demo` as a newcomer does: in a process and a folder of its own."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager

from django.conf import settings

# What the tests' own environment sets, and a newcomer's does not.
UNSET = {
    "ALLOWED_HOSTS",
    "DATABASE_URL",
    "DEBUG",
    "DJANGO_SETTINGS_MODULE",
    "HTTPS",
    "SECRET_KEY",
    "STATIC_COLLECTED",
}


def environment(folder):
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    return {**kept, "DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1"}


def command(*arguments):
    return [sys.executable, settings.BASE_DIR / "manage.py", "demo", *arguments]


def demo(folder, *arguments):
    """Run demo to its end, and return what it printed and how it ended."""
    return subprocess.run(
        command(*arguments), env=environment(folder), capture_output=True, text=True, timeout=120
    )


def free_port():
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def heed_interrupts():
    """Be interrupted even if the tests run in the background, whose processes ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def served(folder, port):
    """Serve the demo, and yield its process and what it printed until it served."""
    with subprocess.Popen(
        command(f"127.0.0.1:{port}"),
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a line for each request, which nobody would read
        text=True,
        preexec_fn=heed_interrupts,
    ) as process:
        printed = ""
        try:
            for line in process.stdout:
                printed += line
                if "Ctrl-C" in line:
                    break
            yield process, printed
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)

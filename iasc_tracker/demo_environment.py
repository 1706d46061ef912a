"""What the demo command needs before settings load; so nothing here imports Django."""

import dataclasses
import os
import re
import secrets
import socket
import tempfile
from collections.abc import Iterable, MutableMapping
from pathlib import Path

DATA_DIR = Path(__file__).resolve().parent.parent / "var"
AS_OF = "2021-06-30"

ADDRESS = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):)?(?P<port>[0-9]{1,5})")


@dataclasses.dataclass(frozen=True)
class Address:
    """Where the demo serves: a host, an IPv6 one in brackets, and a port."""

    host: str = "127.0.0.1"
    port: int = 8000

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read `host:port`, `[IPv6]:port` or a port of this machine; raise ValueError else."""
        match = ADDRESS.fullmatch(text)
        if match is None or not 0 < int(match["port"]) < 65536:
            raise ValueError(text)
        return cls(match["host"] or cls.host, int(match["port"]))

    @property
    def is_every_interface(self) -> bool:
        """Whether it serves at all of the machine's own addresses."""
        return self.host in {"0.0.0.0", "[::]"}

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        return f"http://{'localhost' if self.is_every_interface else self.host}:{self.port}/"


def prepare(arguments: Iterable[str], environment: MutableMapping[str, str] = os.environ) -> None:
    """Set the variables that the demo needs; those set already win."""
    if "SECRET_KEY" not in environment:
        environment["SECRET_KEY"] = kept_key(Path(environment.get("DATA_DIR") or DATA_DIR))
    environment.setdefault("ALLOWED_HOSTS", ",".join(sorted(served_hosts(arguments))))
    environment.setdefault("DEBUG", "false")
    environment.setdefault("HTTPS", "false")
    environment.setdefault("STATIC_COLLECTED", "false")
    environment.setdefault("TRACKER_AS_OF", AS_OF)


def served_hosts(arguments: Iterable[str]) -> set[str]:
    """Return this machine's names, and the host of each argument that is an address."""
    hosts = {"localhost", "127.0.0.1", "[::1]"}
    for argument in arguments:
        try:
            address = Address.parse(argument)
        except ValueError:
            continue
        hosts.add(socket.gethostname() if address.is_every_interface else address.host)
    return hosts


def kept_key(folder: Path) -> str:
    """Return the secret key kept in a folder for its owner alone; make one the first time."""
    path = folder / "secret_key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # Written whole under another name, with mode 0600 from the start, then given its own
        # name, unless another start was first: nobody reads half a key.
        handle, draft = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(50))
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    return path.read_text(encoding="ascii")

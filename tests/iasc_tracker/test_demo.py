import re
import socket
import sqlite3
import stat
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from iasc_tracker.demo_environment import Address, kept_key, prepare, served_hosts
from tests.running_demo import demo, free_port, served


def ask(folder, statement):
    with closing(sqlite3.connect(folder / "tracker.sqlite3")) as database, database:
        return database.execute(statement).fetchall()


def password_fits(folder, printed):
    password = re.search(r"password: (\S+)", printed)[1]
    [(encoded,)] = ask(folder, "SELECT password FROM auth_user WHERE username = 'staff'")
    return PBKDF2PasswordHasher().verify(password, encoded)


@pytest.fixture(scope="module")
def set_up(tmp_path_factory):
    """A folder in which demo has run once, and what that run printed."""
    folder = tmp_path_factory.mktemp("demo")
    run = demo(folder, "--check")
    assert run.returncode == 0, run.stderr
    return folder, run.stdout


def test_the_first_run_sets_all_up(set_up):
    folder, printed = set_up
    assert printed.count("Loaded: ") == len(list((settings.BASE_DIR / "fixtures").glob("*.json")))
    assert printed.index("entities") < printed.index("opag-2020") < printed.index("rg1-progress")
    assert "Day shown: 30 June 2021" in printed
    assert password_fits(folder, printed)
    assert ask(folder, "SELECT is_staff, is_superuser FROM auth_user") == [(1, 1)]


def test_another_run_keeps_all_that_was_entered(set_up):
    folder, _ = set_up
    ask(folder, "UPDATE workplans_entity SET name = 'Renamed by staff' WHERE id = 1")
    everything = (
        "SELECT password, (SELECT group_concat(name) FROM workplans_entity),"
        " (SELECT count(*) FROM workplans_sourcedocument) FROM auth_user"
    )
    before = ask(folder, everything)
    key = (folder / "secret_key").read_text()

    run = demo(folder, "--check")

    assert run.returncode == 0, run.stderr
    assert "password:" not in run.stdout
    assert "Loaded" not in run.stdout
    assert ask(folder, everything) == before
    assert "Renamed by staff" in str(before)
    assert (folder / "secret_key").read_text() == key


def test_a_new_password_is_given_when_asked_for(set_up):
    folder, printed = set_up
    run = demo(folder, "--check", "--new-password")
    assert run.returncode == 0, run.stderr
    assert password_fits(folder, run.stdout)
    assert not password_fits(folder, printed)


def test_a_bad_address_is_told_in_one_line_before_anything_is_done(tmp_path):
    run = demo(tmp_path, "localhost:http")
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr == (
        "CommandError: “localhost:http” is no address: write address:port, "
        "such as 127.0.0.1:8000.\n"
    )
    assert not (tmp_path / "tracker.sqlite3").exists()


def test_it_serves_until_interrupted_and_a_taken_port_is_told_in_one_line(set_up):
    folder, _ = set_up
    port = free_port()
    address = f"127.0.0.1:{port}"
    with served(folder, port) as (server, printed):
        assert f"Look at: http://{address}/\n" in printed
        assert f"Sign in:  http://{address}/admin/\n" in printed

        def get(path):
            with urllib.request.urlopen(f"http://{address}{path}", timeout=20) as answer:
                return answer.read()

        assert get("/healthz") == b"ok\n"
        assert b"csrfmiddlewaretoken" in get("/admin/login/")
        assert get("/static/admin/css/base.css")
        with pytest.raises(urllib.error.HTTPError, match="404") as missing:
            get("/no-such-page/")
        assert b"DEBUG" not in missing.value.read()

        second = demo(folder, address)
        assert second.returncode == 1
        assert second.stderr.startswith(f"CommandError: Port {port} is in use: name another,")
        assert second.stderr.count("\n") == 1
    assert server.returncode == 0


def test_the_environment_is_prepared_and_what_is_set_wins(tmp_path):
    variables = {"DATA_DIR": str(tmp_path)}
    prepare(["--check", "tracker.local:8080"], variables)
    assert len(variables.pop("SECRET_KEY")) >= 50
    assert variables == {
        "ALLOWED_HOSTS": "127.0.0.1,[::1],localhost,tracker.local",
        "DATA_DIR": str(tmp_path),
        "DEBUG": "false",
        "HTTPS": "false",
        "STATIC_COLLECTED": "false",
        "TRACKER_AS_OF": "2021-06-30",
    }

    given = {name: f"my {name}" for name in [*variables, "SECRET_KEY"]}
    prepare([], untouched := dict(given))
    assert untouched == given


def test_every_interface_means_this_machine_by_name():
    assert socket.gethostname() in served_hosts(["0.0.0.0:8000"])
    assert "0.0.0.0" not in served_hosts(["0.0.0.0:8000"])
    assert Address.parse("[::]:8000").url == "http://localhost:8000/"


def test_the_key_is_random_kept_and_for_its_owner_alone(tmp_path):
    key = kept_key(tmp_path / "one")
    assert kept_key(tmp_path / "one") == key
    assert kept_key(tmp_path / "two") != key
    [file] = Path(tmp_path / "one").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8000", "127.0.0.1", 8000),
        ("8001", "127.0.0.1", 8001),
        ("tracker.local:80", "tracker.local", 80),
        ("[::1]:8000", "[::1]", 8000),
    ],
)
def test_an_address_is_read(text, host, port):
    assert Address.parse(text) == Address(host, port)


@pytest.mark.parametrize(
    "text", ["", ":", "localhost", "localhost:", ":8000", "a b:80", "::1:80", "h:0", "h:65536"]
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError):
        Address.parse(text)

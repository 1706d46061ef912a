import json
import re
import socket
import sqlite3
import stat
import subprocess
import sys
import urllib.request
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import DatabaseError

from iasc_tracker.demo_environment import Address, kept_key, prepare, served_hosts
from iasc_tracker.management.commands.demo import FIRST_FIXTURES, Command
from tests.factories import make_entity
from tests.running_demo import demo, environment, free_port, served
from workplans.models import Entity, EntityAlias

FIXTURES = settings.BASE_DIR / "fixtures"
# Where the entities begin that the first three documents do not name.
FIRST_LATER_ENTITY = "iasc-wg"


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


@pytest.mark.own_database
def test_the_first_run_sets_all_up(set_up):
    folder, printed = set_up
    assert printed.count("Loaded: ") == len(list((settings.BASE_DIR / "fixtures").glob("*.json")))
    names = re.findall(r"Loaded: (\S+)", printed)
    assert names[: len(FIRST_FIXTURES)] == list(FIRST_FIXTURES)
    assert names[len(FIRST_FIXTURES) :] == [
        "management-response-2016-03-07.json",
        "protection-rollout-2016-09-26.json",
    ]
    assert "Day shown: 30 June 2021" in printed
    assert password_fits(folder, printed)
    assert ask(folder, "SELECT is_staff, is_superuser FROM auth_user") == [(1, 1)]


@pytest.mark.own_database
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


def records(path):
    return json.loads(path.read_text(encoding="utf-8"))


def manage(folder, *arguments):
    """Run another command than demo on the database of a folder."""
    run = subprocess.run(
        [sys.executable, settings.BASE_DIR / "manage.py", *arguments],
        env={**environment(folder), "DEBUG": "true"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr


@pytest.fixture(scope="module")
def brought_up(tmp_path_factory):
    """A database of an earlier copy, which staff worked on and on which demo ran then."""
    folder = tmp_path_factory.mktemp("earlier")
    everything = records(FIXTURES / "entities.json")
    slugs = [record["fields"].get("slug") for record in everything]
    earlier = everything[: slugs.index(FIRST_LATER_ENTITY)]
    old = folder / "entities.json"
    old.write_text(json.dumps(earlier), encoding="utf-8")
    manage(folder, "migrate")
    manage(folder, "loaddata", old, *(FIXTURES / name for name in FIRST_FIXTURES[1:]))
    ask(folder, "UPDATE workplans_entity SET name = 'Renamed by staff' WHERE slug = 'ocha'")
    # As merging leaves it: the aliases of the one, its names among them, find the other.
    ask(
        folder,
        "UPDATE workplans_entityalias"
        " SET entity_id = (SELECT id FROM workplans_entity WHERE slug = 'rg3')"
        " WHERE entity_id = (SELECT id FROM workplans_entity WHERE slug = 'rg4')",
    )
    ask(folder, "DELETE FROM workplans_entity WHERE slug = 'rg4'")
    before = ask(folder, "SELECT slug, name, acronym FROM workplans_entity")
    run = demo(folder, "--check")
    assert run.returncode == 0, run.stderr
    return folder, before, everything[len(earlier) :], run.stdout


@pytest.mark.own_database
def test_an_earlier_database_gets_the_entities_that_it_lacks(brought_up):
    folder, before, later, printed = brought_up
    expected = [record["fields"] for record in later if record["model"] == "workplans.entity"]
    added = [one for one in ask(folder, "SELECT slug, name, acronym FROM workplans_entity")
             if one not in before]  # fmt: skip
    assert len(expected) > 20
    assert sorted(added) == sorted(
        (one["slug"], one["name"], one.get("acronym", "")) for one in expected
    )
    aliases = len(later) - len(expected)
    assert aliases > 10
    assert (
        f"Loaded: entities.json (entities added: {len(expected)}, aliases added: {aliases})\n"
        in printed
    )
    every = {record["fields"]["alias"] for record in records(FIXTURES / "entities.json")
             if record["model"] == "workplans.entityalias"}  # fmt: skip
    assert every <= {alias for (alias,) in ask(folder, "SELECT alias FROM workplans_entityalias")}


@pytest.mark.own_database
def test_an_earlier_database_gets_the_documents_that_it_lacks(brought_up):
    folder, _, _, printed = brought_up
    for name in FIRST_FIXTURES[1:]:
        assert f"Already there: {name}\n" in printed
    assert printed.index("Loaded: management-response") < printed.index("Loaded: protection-roll")
    slugs = {slug for (slug,) in ask(folder, "SELECT slug FROM workplans_sourcedocument")}
    assert len(slugs) == len(list(FIXTURES.glob("*.json"))) - 1
    assert {"management-response-2016-03-07", "protection-rollout-2016-09-26"} < slugs
    chain = ask(
        folder,
        "SELECT count(*) FROM actionpoints_mandate WHERE by_deliverable_id ="
        " (SELECT id FROM workplans_deliverable WHERE ref = 'PROTECTION-ROLLOUT-2016-D.3.1')",
    )
    assert chain == [(1,)]


@pytest.mark.own_database
def test_an_earlier_database_keeps_what_staff_changed(brought_up):
    folder, before, _, _ = brought_up
    after = ask(folder, "SELECT slug, name, acronym FROM workplans_entity")
    assert set(before) < set(after)
    assert ("ocha", "Renamed by staff", "OCHA") in after
    assert "rg4" not in {slug for slug, _, _ in after}
    found = "SELECT slug FROM workplans_entity WHERE id = (SELECT entity_id FROM"
    assert ask(folder, f"{found} workplans_entityalias WHERE key = 'rg4')") == [("rg3",)]


@pytest.mark.own_database
def test_a_database_that_was_brought_up_is_left_alone(brought_up):
    folder, *_ = brought_up
    counts = "SELECT (SELECT count(*) FROM workplans_entity), count(*) FROM workplans_entityalias"
    before = ask(folder, counts)
    run = demo(folder, "--check")
    assert run.returncode == 0, run.stderr
    assert "Already there: entities.json\n" in run.stdout
    assert "Loaded" not in run.stdout
    assert ask(folder, counts) == before


def entity(slug, **fields):
    return {
        "model": "workplans.entity",
        "fields": {"slug": slug, "name": slug.title(), "kind": "body", **fields},
    }


def alias(of, words):
    return {"model": "workplans.entityalias", "fields": {"entity": [of], "alias": words}}


def load_entities(folder, *written):
    """Load entities as demo does, and return what it printed."""
    path = folder / "entities.json"
    path.write_text(json.dumps(written), encoding="utf-8")
    command = Command(stdout=StringIO())
    command.load_entities(path)
    return command.stdout.getvalue()


@pytest.mark.django_db
def test_what_belongs_to_a_merged_entity_comes_to_the_other(tmp_path):
    other = make_entity(slug="other")
    EntityAlias.objects.create(entity=other, alias="The Group")
    printed = load_entities(
        tmp_path,
        entity("the-group"),
        entity("its-members", parent=["the-group"]),
        entity("their-friends", parent=["its-members"]),
        alias("the-group", "Group"),
        alias("the-group", "THE GROUP"),
        alias("its-members", "Members"),
    )
    assert "entities added: 2, aliases added: 2" in printed
    parents = dict(Entity.objects.values_list("slug", "parent__slug"))
    assert parents == {"other": None, "its-members": "other", "their-friends": "its-members"}
    aliases = dict(EntityAlias.objects.values_list("alias", "entity__slug"))
    assert aliases == {"The Group": "other", "Group": "other", "Members": "its-members"}


@pytest.mark.django_db
def test_an_alias_that_staff_gave_to_another_stays_there(tmp_path):
    EntityAlias.objects.create(entity=make_entity(slug="mine"), alias="The  club")
    load_entities(tmp_path, entity("club-of-all"), alias("club-of-all", "The Club"))
    assert list(EntityAlias.objects.values_list("alias", "entity__slug")) == [("The  club", "mine")]
    assert Entity.objects.filter(slug="club-of-all").exists()


@pytest.mark.django_db
def test_entities_load_all_or_none(tmp_path):
    with pytest.raises(DatabaseError, match="entity_kind_is_known"):
        load_entities(tmp_path, entity("good"), entity("bad", kind="no such kind"))
    assert not Entity.objects.exists()


@pytest.mark.own_database
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


@pytest.mark.own_database
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

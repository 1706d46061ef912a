"""Many rows at once arrive as they would one by one, whatever stands in them."""

from datetime import date

import pytest
from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import DataError, IntegrityError, transaction

from tests.factories import make_entity
from workplans.chunks import Among
from workplans.inserts import insert_all, insert_columns, update_all
from workplans.models import Entity, SourceDocument

pytestmark = pytest.mark.django_db

TEXTS = [
    "", "NULL", "null", "{a,b}", "{}", '"', '""', "back\\slash", "\\N", "\\", "it's", "%s %(x)s",
    "two\nlines\r\nand\ta tab", " blanks ", "Ærø – “½” 漢字 😀", ",", ";", "(1)", "$1",
]  # fmt: skip


def test_texts_arrive_as_they_are_and_records_get_their_keys():
    documents = [
        SourceDocument(title=f"title {text}", slug=f"s{number}", url=text)
        for number, text in enumerate(TEXTS)
    ]
    insert_all(documents)
    stored = {document.pk: document for document in SourceDocument.objects.all()}
    assert [stored[one.pk].title for one in documents] == [f"title {text}" for text in TEXTS]
    assert [stored[one.pk].url for one in documents] == TEXTS
    assert not any(one._state.adding for one in documents)


def test_days_nothing_and_truth_arrive_as_they_are():
    documents = [
        SourceDocument(title="a", slug="a", dated=date(2021, 6, 30), published=True),
        SourceDocument(title="b", slug="b", dated=None, published=False),
    ]
    insert_all(documents)
    rows = SourceDocument.objects.order_by("slug").values_list("dated", "published")
    assert list(rows) == [(date(2021, 6, 30), True), (None, False)]


def test_json_arrives_as_it_is():
    changes = [{"title": [text, "new"]} for text in TEXTS]
    entity = make_entity()
    kind = ContentType.objects.get_for_model(Entity)
    insert_columns(
        LogEntry,
        {
            "content_type": [kind.pk] * len(TEXTS),
            "object_pk": [f"many {number:02}" for number in range(len(TEXTS))],
            "object_id": [entity.pk] * len(TEXTS),
            "object_repr": TEXTS,
            "action": [LogEntry.Action.UPDATE] * len(TEXTS),
            "changes": changes,
        },
    )
    stored = LogEntry.objects.filter(object_pk__startswith="many").order_by("object_pk")
    assert [entry.changes for entry in stored] == changes
    assert [entry.object_repr for entry in stored] == TEXTS


def test_a_record_that_refers_to_one_just_written_has_its_key():
    above = Entity(name="Above", slug="above", kind="agency")
    below = Entity(name="Below", slug="below", kind="agency", parent=above)
    insert_all([above])
    insert_all([below])
    assert Entity.objects.get(slug="below").parent == above


@pytest.mark.postgres
def test_a_text_that_is_too_long_is_refused_and_not_cut():
    with pytest.raises(DataError), transaction.atomic():
        insert_all([SourceDocument(title="x" * 10_000, slug="a")])


def test_what_the_database_refuses_is_written_in_no_part():
    make_entity(slug="there")
    new = [Entity(name="New", slug=slug, kind="agency") for slug in ("new", "there")]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_all(new)
    assert not Entity.objects.filter(name="New").exists()


def test_only_the_fields_that_are_named_are_changed():
    entities = [make_entity(name=f"Old {number}", description="Kept") for number in range(3)]
    for entity, text in zip(entities, TEXTS[-3:], strict=True):
        entity.name, entity.description = f"New {text}", "Not written"
    update_all(entities[:2], ["name"])
    found = Entity.objects.order_by("pk").values_list("name", "description")
    changed = [(f"New {text}", "Kept") for text in TEXTS[-3:-1]]
    assert list(found) == [*changed, ("Old 2", "Kept")]


@pytest.mark.parametrize("amount", [0, 1, 3, 5000])
def test_rows_among_many_keys_are_found(amount):
    entities = [make_entity(name=name) for name in ("a", 'quoted "b"', "c\\d")]
    wanted = entities[: min(amount, 2)]
    keys = [*(entity.pk for entity in wanted), *range(10**9, 10**9 + max(amount - 2, 0))]
    assert list(Entity.objects.filter(Among("pk", keys)).order_by("pk")) == wanted
    names = [*(entity.name for entity in wanted), *(f"no {n}" for n in range(amount - 2))]
    assert list(Entity.objects.filter(Among("name", names)).order_by("pk")) == wanted
    assert list(Entity.objects.exclude(Among("pk", keys)).order_by("pk")) == entities[len(wanted) :]

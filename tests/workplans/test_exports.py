"""The file of deliverables, and what makes any file of ours safe to open."""

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import (
    make_area,
    make_deliverable,
    make_entity,
    make_party,
    make_source,
    make_update,
    make_workplan,
)
from tests.figures import make_site
from tests.public_pages import read_csv
from tests.spreadsheets import MENDED, TROUBLESOME, read_table, read_workbook
from workplans import chunks
from workplans.exports import FORMULA, csv_file, in_columns
from workplans.models import Deliverable
from workplans.pages import file_address
from workplans.workbooks import clean_text

DAY = date(2021, 6, 30)
COLUMNS = [
    "ref",
    "group",
    "workplan",
    "priority_area",
    "parent",
    "level",
    "title",
    "status",
    "status_label",
    "status_since",
    "priority",
    "leads",
    "supporting",
    "timeframe",
    "due",
    "timeliness",
    "last_reported_on",
    "narrative",
    "source",
    "url",
    "indicators",
    "comments",
    "continues",
    "locator",
    "archived",
    "timeframe_inherited",
    "uncertain",
]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("'=1", "''=1"),
        ("'tis", "'tis"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\n=1", "'\n=1"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("'tis", "'tis"),
        ("\0=1", "'=1"),
        ("a=b", "a=b"),
        ("one\vtwo\x07", "one\ntwo"),
        ("a\x85b\x9f", "ab"),
        ("two\nlines", "two\nlines"),
        ("Émile, “quoted”", "Émile, “quoted”"),
        (date(2021, 6, 30), "2021-06-30"),
        (-3, "-3"),
        (None, ""),
    ],
)
def test_a_cell_is_no_formula_and_holds_no_control_characters(value, cell):
    (_header, [sent, _more]) = read(written(["a", "b"], [[value, ""]]))
    assert sent == cell


def written(header, rows):
    return b"".join(csv_file(header, in_columns(rows)))


def read(file):
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline=""), strict=True))


def test_a_file_has_a_bom_and_crlf_and_comes_back_as_it_went():
    rows = [['quote " here', "comma, there"], ["two\nlines", "ünï"]]
    sent = written(["a", "b"], rows)
    assert sent.startswith(b"\xef\xbb\xbfa,b\r\n")
    assert sent.endswith(b"\r\n")
    assert read(sent) == [["a", "b"], *rows]


def test_texts_stand_in_quotes_and_what_a_program_may_split_so_too():
    sent = written(["text", "day", "number", "code"], [["a;b\tc", DAY, 3, None]])
    assert sent.decode("utf-8-sig").splitlines()[1] == '"a;b\tc",2021-06-30,3,'


@given(st.integers(0, 49), st.sampled_from([*TROUBLESOME, *MENDED]))
def test_one_text_that_needs_care_among_many_that_need_none(place, text):
    rows = [[f"text {number}", "the same"] for number in range(50)]
    rows[place] = [text, text]
    _header, *back = read(written(["a", "b"], rows))
    assert [list(map(unescaped, row)) for row in back] == [list(map(plain, row)) for row in rows]


TEXTS = st.one_of(
    st.text(),
    st.text(alphabet="=+-@'\",;\t\r\n aé＝\v\x00\x85"),
    st.sampled_from([*TROUBLESOME, *MENDED]),
)
CELLS = st.one_of(st.none(), st.dates(), st.integers(), TEXTS)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=5))
def test_whatever_is_in_a_cell_csv_brings_back_that_cell(rows):
    header = ["a", "b;c", "=d"]
    came, *back = read(written(header, rows))
    assert came == ["a", "b;c", "'=d"]
    assert [list(map(unescaped, row)) for row in back] == [list(map(plain, row)) for row in rows]


def plain(value):
    """What stands for a value in a file of texts."""
    if value is None:
        return ""
    return clean_text(value) if isinstance(value, str) else str(value)


def unescaped(cell):
    """A cell without the apostrophe that keeps it from being a formula."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


@given(TEXTS)
def test_no_field_of_csv_begins_like_a_formula_or_holds_what_nobody_can_show(text):
    (_header, [cell, _more]) = read(written(["a", "b"], [[text, ""]]))
    assert cell[:1] not in {*"=+-@＝＋－＠\t\r\n"}
    assert not {*cell} & {
        *map(chr, range(9)),
        "\v",
        "\f",
        "\x1b",
        "\x7f",
        "\x85",
        "\ud800",
        "\uffff",
    }
    cell.encode()


@pytest.mark.django_db
class TestDeliverablesFile:
    def test_has_the_columns_in_their_order_and_every_fact_of_the_day(self, client):
        group = make_entity(acronym="RG9", slug="rg9", kind="results_group")
        plan = make_workplan(slug="rg9-2020", title="Plan of RG9", owner=group)
        area = make_area(workplan=plan, number="3", title="Localization")
        item = make_deliverable(
            priority_area=area,
            number="3.1",
            title="Write guidance",
            indicators="Guidance is out\nIt is used",
            comments="@Names 13.8",
            continues=make_deliverable(
                ref="RG9-2018-1", priority_area=make_area(workplan=make_workplan(slug="rg9-2018"))
            ),
        )
        ocha = make_entity(acronym="OCHA")
        for order, (party, role) in enumerate(
            [
                (ocha, "lead"),
                (make_entity(acronym="IOM"), "co_lead"),
                (make_entity(acronym="", name="Focal desk"), "focal_point"),
                (make_entity(acronym="UNHCR"), "consulted"),
                (ocha, "contributor"),
            ]
        ):
            make_party(item, entity=party, role=role, order=order)
        make_update(
            item,
            status="ongoing",
            narrative="=Drafted",
            timeframe="by June 2021",
            effective_on=date(2021, 5, 1),
            source=make_source(title="Report of May", dated=date(2021, 5, 31)),
        )
        part = make_deliverable(
            priority_area=area, number="3.1-i", level="part", parent=item, title="A part"
        )

        rows = read_csv(
            client.get("/deliverables.csv?workplan=rg9-2020&level=all&as_of=2021-06-30")
        )

        assert list(rows[0]) == COLUMNS
        assert [row["ref"] for row in rows] == [item.ref, part.ref]
        assert rows[0] == {
            "ref": "RG9-2020-3.1",
            "group": "RG9",
            "workplan": "Plan of RG9",
            "priority_area": "3 Localization",
            "parent": "",
            "level": "item",
            "title": "Write guidance",
            "status": "ongoing",
            "status_label": "Ongoing",
            "status_since": "2021-05-01",
            "priority": "unknown",
            "leads": "OCHA; IOM; Focal desk",
            "supporting": "UNHCR (consulted); OCHA (contributor)",
            "timeframe": "by June 2021",
            "due": "2021-06-30",
            "timeliness": "due_soon",
            "last_reported_on": "2021-05-31",
            "narrative": "'=Drafted",
            "source": "Report of May",
            "url": "http://testserver/deliverables/RG9-2020-3.1/",
            "indicators": "Guidance is out\nIt is used",
            "comments": "'@Names 13.8",
            "continues": "RG9-2018-1",
            "locator": "",
            "archived": "no",
            "timeframe_inherited": "no",
            "uncertain": "",
        }
        assert (rows[1]["parent"], rows[1]["level"]) == (item.ref, "part")
        assert (rows[1]["status"], rows[1]["status_label"]) == ("not_reported", "Not reported")
        assert [rows[1][name] for name in COLUMNS[-7:-4]] == ["", "", ""]

    def test_says_what_is_archived_inherited_or_uncertain_and_where_it_stands(self, client):
        plan = make_workplan(archived_on=date(2021, 1, 1))
        item = make_deliverable(
            priority_area=make_area(workplan=plan),
            initial_timeframe="2022",
            timeframe_inherited=True,
            locator="Row 3",
        )
        make_party(item, entity=make_entity(acronym="GCG"), role="focal_point", uncertain=True)
        make_party(item, entity=make_entity(acronym="OCHA"))
        address = "/deliverables.csv?archived=only&as_of="
        (row,) = read_csv(client.get(address + "2021-06-30"))
        said = ("archived", "timeframe_inherited", "uncertain", "locator")
        assert [row[name] for name in said] == ["yes", "yes", "GCG (focal point)", "Row 3"]
        source = make_source(dated=date(2021, 7, 1))
        make_update(item, timeframe="2023", source=source, locator="Page 9")
        (row,) = read_csv(client.get(address + "2021-07-01"))
        assert (row["timeframe_inherited"], row["locator"]) == ("no", "Page 9")

    def test_names_no_hidden_item_that_another_continues(self, client, staff_client):
        hidden = make_deliverable(priority_area=make_area(workplan=make_workplan(published=False)))
        later = make_deliverable(introduced_on=date(2021, 7, 1))
        one, two = make_deliverable(continues=hidden), make_deliverable(continues=later)

        def continued(someone, day):
            rows = read_csv(someone.get("/deliverables.csv", {"as_of": day}))
            return {
                row["ref"]: row["continues"] for row in rows if row["ref"] in (one.ref, two.ref)
            }

        assert continued(client, "2021-06-30") == {one.ref: "", two.ref: ""}
        assert continued(client, "2021-07-01") == {one.ref: "", two.ref: later.ref}
        assert continued(staff_client, "2021-07-01") == {one.ref: hidden.ref, two.ref: later.ref}

    def test_says_in_its_name_what_and_which_filter_and_which_day(self, client):
        make_area(workplan=make_workplan(slug="rg1-2020"))
        response = client.get("/deliverables.csv?workplan=rg1-2020&sort=-due&as_of=2021-06-30")
        assert response["Content-Disposition"] == (
            'attachment; filename="deliverables_rg1-2020_as-of-2021-06-30.csv"'
        )
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        response = client.get("/deliverables.csv", {"q": "é" * 50 + '"; x=' + "y" * 99})
        assert len(response["Content-Disposition"]) < 160
        assert response["Content-Disposition"].count('"') == 2

    def test_names_a_source_that_is_not_public_to_staff_only(self, client, staff_client):
        secret = make_source(title="Secret paper", published=False)
        told, untold = make_deliverable(source=make_source(title="Plan")), make_deliverable()
        make_update(told, source=secret)
        make_update(untold)
        sources = {row["ref"]: row["source"] for row in read_csv(client.get("/deliverables.csv"))}
        assert sources == {told.ref: "", untold.ref: ""}
        sources = {
            row["ref"]: row["source"] for row in read_csv(staff_client.get("/deliverables.csv"))
        }
        assert sources == {told.ref: "Secret paper", untold.ref: ""}
        before = read_csv(client.get("/deliverables.csv?as_of=2021-06-29"))
        sources = {row["ref"]: row["source"] for row in before}
        assert sources == {told.ref: "Plan", untold.ref: ""}

    def test_has_all_pages_of_the_list_in_the_same_order(self, client):
        area = make_area()
        for _number in range(120):
            make_deliverable(priority_area=area)
        shown = []
        for page in (1, 2, 3):
            found = client.get("/deliverables/", {"page": page, "sort": "-title"})
            shown += [row.item.ref for row in found.context["rows"]]
        assert found.context["listing"].count == len(shown) == 120
        rows = read_csv(client.get(file_address(found.context["listing"].all_url, "csv")))
        assert [row["ref"] for row in rows] == shown

    def test_joins_parties_and_sources_chunk_by_chunk(
        self, client, monkeypatch, django_assert_num_queries
    ):
        area = make_area()
        for number in range(6):
            item = make_deliverable(priority_area=area, source=make_source())
            make_party(item, entity=make_entity(acronym=f"P{number}"))
            make_update(item, source=make_source())
        # The names of entities, the items' keys, the areas; items, their parties, the sources of
        # their last rows.
        with django_assert_num_queries(3 + 3):
            rows = read_csv(client.get("/deliverables.csv"))
        assert [row["leads"] for row in rows] == [f"P{number}" for number in range(6)]
        monkeypatch.setattr(chunks, "CHUNK", 2)
        with django_assert_num_queries(3 + 3 * 3):
            assert read_csv(client.get("/deliverables.csv")) == rows

    @pytest.mark.parametrize("query", ["foo=1", "status=x", "as_of=2021-02-30", "page=0", "q=%00"])
    def test_refuses_what_is_not_understood_in_the_page_s_own_words(self, client, query):
        make_deliverable()
        page = client.get(f"/deliverables/?{query}")
        response = client.get(f"/deliverables.csv?{query}")
        assert (response.status_code, page.status_code) == (400, 400)
        assert response["Content-Type"] == "text/plain; charset=utf-8"
        words = page.context["asked"].errors
        assert response.content.decode() == "\n".join(words) + "\n"
        assert len(words) == 1

    def test_troublesome_texts_arrive_as_they_are_in_both_files(self, client):
        area = make_area()
        refs = {
            make_deliverable(
                priority_area=area, title=text[:500], comments=text, indicators=f"{text}\n{text}"
            ).ref: text
            for text in TROUBLESOME
        }
        make_update(make_deliverable(priority_area=area), narrative="pasted\vfrom\x07Word")
        rows = read_csv(client.get("/deliverables.csv"))
        header, cells = read_table(client.get("/deliverables.xlsx"))
        assert len(rows) == len(cells) == len(TROUBLESOME) + 1
        for row, written in zip(rows, cells, strict=True):
            sheet = dict(zip(header, written, strict=True))
            assert all(cell.data_type in "snd" and not cell.hyperlink for cell in written)
            if row["ref"] not in refs:
                assert row["narrative"] == sheet["narrative"].value == "pasted\nfromWord"
                continue
            text = refs[row["ref"]]
            for name, whole in (
                ("title", text[:500]),
                ("comments", text),
                ("indicators", f"{text}\n{text}"),
            ):
                assert unescaped(row[name]) == whole
                assert sheet[name].data_type == "s"
                shown = sheet[name].value.replace("_x005F_", "_")
                assert shown == (whole if len(whole) < 40_000 else f"{whole[:32_766]}…")


@pytest.mark.django_db
class TestDeliverablesForExcel:
    ENTRIES = ("new_status", "new_narrative", "new_effective_on", "new_timeframe")

    def test_has_the_cells_of_the_csv_file_days_as_days(self, client):
        make_site(2)
        address = "/deliverables.{}?level=all&archived=all&sort=title"
        rows = read_csv(client.get(address.format("csv")))
        response = client.get(address.format("xlsx"))
        assert response["Content-Type"] == (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        )
        header, cells = read_table(response)
        assert header == [*COLUMNS, *self.ENTRIES]
        days = {"status_since", "due", "last_reported_on"}
        assert len(rows) == len(cells) > 10
        for row, written in zip(rows, cells, strict=True):
            for name, cell in zip(header, written, strict=True):
                value = cell.value
                if name in days and value is not None:
                    assert cell.number_format == "yyyy-mm-dd"
                    value = value.date().isoformat()
                else:
                    assert value is None or cell.data_type == "s"
                assert row.get(name, "") == (value or "")
        assert any(row["due"] for row in rows)
        assert any(row["last_reported_on"] for row in rows)

    def test_ends_in_columns_to_fill_in_with_the_statuses_to_choose_from(self, client):
        for _number in range(3):
            make_deliverable()
        book = read_workbook(client.get("/deliverables.xlsx"))
        table = book.worksheets[0]
        assert [cell.value for cell in table[1]][-4:] == list(self.ENTRIES)
        assert {cell.value for row in table["AB2:AE4"] for cell in row} == {None}
        (choice,) = table.data_validations.dataValidation
        assert (str(choice.sqref), choice.type) == ("AB2:AB4", "list")
        assert choice.formula1.strip('"').split(",") == [
            str(word.label) for word in Deliverable.STATUSES
        ]
        assert (table.freeze_panes, table.auto_filter.ref) == ("B2", "A1:AE4")

    def test_says_on_a_sheet_of_its_own_what_it_holds(self, client):
        make_deliverable()
        make_area(workplan=make_workplan(slug="rg1-2020", title="Plan of RG1"))
        address = "/deliverables.xlsx?workplan=rg1-2020&status=ongoing&as_of=2021-06-30"
        response = client.get(address)
        assert response["Content-Disposition"] == (
            'attachment; filename="deliverables_ongoing_rg1-2020_as-of-2021-06-30.xlsx"'
        )
        book = read_workbook(response)
        assert book.sheetnames == ["Deliverables", "About"]
        said = dict(book["About"].iter_rows(values_only=True))
        assert said["Address"] == f"http://testserver{address}"
        assert (said["As of"], said["Status"], said["Workplan"]) == (
            "30 June 2021",
            "Ongoing",
            "Plan of RG1",
        )
        assert "last four columns are for updates" in said["Coming back"]
        assert book.worksheets[0].max_row == 1  # nothing matches

    def test_is_not_compressed_once_more_as_a_table_of_text_is(self, client):
        for number in range(20):
            make_deliverable(title=f"Guidance {number}")
        takes = {"headers": {"accept-encoding": "gzip"}}
        assert client.get("/deliverables.csv", **takes)["Content-Encoding"] == "gzip"
        book = client.get("/deliverables.xlsx", **takes)
        assert "Content-Encoding" not in book
        assert len(read_workbook(book).worksheets[0]["A"]) == 21

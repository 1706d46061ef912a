"""What we write for Excel, read back: by openpyxl, and by LibreOffice where it is there."""

import tracemalloc
from datetime import date, datetime

import pytest

from tests.spreadsheets import MENDED, TROUBLESOME, convert_to_csv, read_table, read_workbook
from workplans import workbooks
from workplans.exports import csv_file, in_columns
from workplans.workbooks import LONGEST_TEXT, Entry, cut, write_workbook

# How LibreOffice reads CSV here: comma, quotation mark, UTF-8; special numbers and formulas are
# what they look like. The second way, it splits lines at semicolons and tabs too.
READ_AS = "Text - txt - csv (StarCalc):{},34,76,1,,0,false,true,false,false,0,true"
EXCEL, SEPARATORS = "xlsx", {"commas": "44", "commas, semicolons and tabs": "44/59/9"}
# In CSV a spreadsheet takes these for numbers, since nothing there says what a cell is.
NUMBERS = {"007", "1e5", "12345678901234567890"}


def written(rows, **more):
    header = [f"column {number}" for number in range(len(rows[0]))] if rows else ["only"]
    with write_workbook("Table", header, rows, [("Of", "what")], **more) as file:
        return file.read()


def test_days_are_days_numbers_numbers_and_all_else_text():
    rows = [
        ["text", date(2021, 6, 30), 5, None],
        ["2021-06-30", date(1900, 3, 1), -3, ""],
        ["5", date(9999, 12, 31), 0, "x"],
        # Excel counts no days before 1900, and of 1900 it counts one too many.
        ["", date(1899, 12, 31), 12_345_678, date(1900, 2, 28)],
    ]
    header, cells = read_table(written(rows))
    assert header == ["column 0", "column 1", "column 2", "column 3"]
    assert [[(cell.data_type, cell.value) for cell in row] for row in cells] == [
        [("s", "text"), ("d", datetime(2021, 6, 30)), ("n", 5), ("n", None)],
        [("s", "2021-06-30"), ("d", datetime(1900, 3, 1)), ("n", -3), ("n", None)],
        [("s", "5"), ("d", datetime(9999, 12, 31)), ("n", 0), ("s", "x")],
        [("n", None), ("s", "1899-12-31"), ("n", 12_345_678), ("s", "1900-02-28")],
    ]
    assert {cell.number_format for row in cells for cell in row if cell.data_type == "d"} == {
        "yyyy-mm-dd"
    }
    assert all(cell.alignment.wrap_text for row in cells for cell in row if cell.data_type == "s")


@pytest.mark.parametrize("text", TROUBLESOME)
def test_a_text_is_a_text_cell_unchanged_and_neither_a_formula_nor_a_link(text):
    book = read_workbook(written([[text, text]]))
    for cell in book.worksheets[0][2]:
        # What Excel would read as a character's number is written so that it does not.
        assert cell.value.replace("_x005F_", "_") == text
        assert (cell.data_type, cell.hyperlink) == ("s", None)


@pytest.mark.parametrize(("text", "mended"), MENDED.items())
def test_what_no_cell_can_hold_is_left_out(text, mended):
    _header, [[cell]] = read_table(written([[text]]))
    assert (cell.data_type, cell.value) == ("s", mended)


def test_line_ends_are_those_of_excel():
    _header, [[cell]] = read_table(written([["one\r\ntwo\rthree\nfour"]]))
    assert cell.value == "one\ntwo\nthree\nfour"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x" * LONGEST_TEXT, "x" * LONGEST_TEXT),
        ("x" * (LONGEST_TEXT + 1), "x" * (LONGEST_TEXT - 1) + "…"),
        ("é" * 50_000, "é" * (LONGEST_TEXT - 1) + "…"),
        # Outside the basic plane a character counts twice, and none is cut in two.
        ("😀" * (LONGEST_TEXT // 2), "😀" * (LONGEST_TEXT // 2)),
        ("x" + "😀" * (LONGEST_TEXT // 2), "x" + "😀" * (LONGEST_TEXT // 2)),
        ("xx" + "😀" * 20_000, "xx" + "😀" * (LONGEST_TEXT // 2 - 1) + "…"),
    ],
    ids=["longest", "too long", "much too long", "longest pairs", "all units", "pairs cut"],
)
def test_a_text_that_is_too_long_ends_in_an_ellipsis(text, kept):
    assert cut(text) == kept
    assert len(kept.encode("utf-16-le")) <= LONGEST_TEXT * 2
    _header, [[cell]] = read_table(written([[text]]))
    assert cell.value == kept


def test_the_table_has_its_heads_frozen_filters_on_all_columns_and_sane_widths():
    rows = [["a", "b"], ["c", "d"]]
    book = read_workbook(
        written(rows, widths={"column 1": 60}, entries={"new": Entry(width=33), "n": Entry()})
    )
    table, about = book.worksheets
    assert book.sheetnames == ["Table", "About"]
    assert (table.freeze_panes, table.auto_filter.ref) == ("B2", "A1:D3")
    assert table.dimensions == "A1:D3"
    assert all(cell.font.bold for cell in table[1])
    widths = {letter: round(one.width) for letter, one in table.column_dimensions.items()}
    assert widths == {"A": 12, "B": 61, "C": 34, "D": 21}
    assert [[cell.value for cell in row] for row in about] == [["Of", "what"]]


def test_columns_to_fill_in_are_empty_and_offer_choices_in_just_the_rows():
    entries = {"new_status": Entry(["Ongoing", "Not started"]), "new_day": Entry(is_day=True)}
    table = read_workbook(written([["a"], ["b"], ["c"]], entries=entries)).worksheets[0]
    assert [cell.value for cell in table[1]] == ["column 0", "new_status", "new_day"]
    assert [[cell.value for cell in row[1:]] for row in table.iter_rows(min_row=2)] == [
        [None, None]
    ] * 3
    (choice,) = table.data_validations.dataValidation
    assert (str(choice.sqref), choice.type) == ("B2:B4", "list")
    assert choice.formula1 == '"Ongoing,Not started"'
    assert choice.showErrorMessage
    assert table.column_dimensions["C"].number_format == "yyyy-mm-dd"


def test_a_table_without_rows_is_whole_too():
    table = read_workbook(written([], entries={"new": Entry(["a"])})).worksheets[0]
    assert [[cell.value for cell in row] for row in table] == [["only", "new"]]
    assert (table.auto_filter.ref, table.freeze_panes) == ("A1:B1", "B2")
    assert table.data_validations.dataValidation == []


def test_more_rows_than_a_sheet_holds_are_refused(monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_ROWS", 3)
    assert len(read_table(written([["x"]] * 3))[1]) == 3
    with pytest.raises(ValueError, match="3 rows at most"):
        written([["x"]] * 4)


def test_a_row_with_more_or_fewer_cells_than_the_header_is_refused():
    for row in (["a", "b"], []):
        with pytest.raises(ValueError, match="zip"):
            write_workbook("Table", ["only"], [row], [])


def test_a_sheet_of_another_form_is_refused_rather_than_written_wrong():
    with pytest.raises(ValueError, match="another form"):
        workbooks.Sheet.read(b"<worksheet><sheetData/></worksheet>")


def test_memory_does_not_grow_with_the_rows():
    def peak(amount):
        rows = ([f"{number} {'words ' * 20}", date(2021, 1, 1)] * 5 for number in range(amount))
        tracemalloc.start()
        write_workbook("Table", ["a"] * 10, rows, []).close()
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)  # what is loaded once
    few, many = peak(200), peak(4000)
    assert many < few * 1.1


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """What LibreOffice shows of the troublesome texts: of each file, its rows of one cell."""
    given, folder = tmp_path_factory.mktemp("given"), tmp_path_factory.mktemp("opened")
    rows = [[text] for text in TROUBLESOME]
    (given / "excel.xlsx").write_bytes(written(rows))
    (given / "ours.csv").write_bytes(b"".join(csv_file(["a"], in_columns(rows))))
    (given / "bare.csv").write_text("a\r\n=1+1\r\n", "utf-8", newline="")
    shown = {EXCEL: convert_to_csv(given / "excel.xlsx", folder)[1:]}
    for name, code in SEPARATORS.items():
        for file in ("ours", "bare"):
            rows = convert_to_csv(given / f"{file}.csv", folder, READ_AS.format(code))
            shown[f"{file}, {name}"] = rows[1:]
    return shown


def test_libreoffice_shows_each_text_of_an_excel_file_unchanged(opened):
    assert opened[EXCEL] == [[text] for text in TROUBLESOME]


@pytest.mark.parametrize("separators", SEPARATORS)
def test_libreoffice_runs_no_formula_of_a_csv_file(opened, separators):
    assert opened[f"bare, {separators}"] == [["2"]]  # as it would
    for text, cells in zip(TROUBLESOME, opened[f"ours, {separators}"], strict=True):
        if text not in NUMBERS:
            assert cells in ([text], [f"'{text}"])

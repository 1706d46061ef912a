"""Texts that trouble spreadsheets, and reading what our Excel files hold."""

import csv
import io
import shutil
import subprocess

import openpyxl
import pytest

# What somebody may type or paste, and what must arrive readable and run nothing.
TROUBLESOME = [
    '=HYPERLINK("http://example.org/?"&A1,"Click")',
    "==1+1",
    "=1+1",
    "+41 22 917 12 34",
    "-1",
    "@SUM(1+1)",
    "＝1+1",
    "'=1+1",
    "''quoted",
    "'plain",
    "007",
    "2021-06-30",
    "30/06/2021",
    "1e5",
    "12345678901234567890",
    "TRUE",
    "#REF!",
    "http://example.org/",
    "mailto:somebody@example.org",
    "file:///etc/passwd",
    "“Émile”, naïve: Ærø – ½",
    "e\N{COMBINING ACUTE ACCENT}",
    "مرحبا بكم، 12 يونيو",
    "\N{RIGHT-TO-LEFT MARK}שלום\N{RIGHT-TO-LEFT MARK}",
    "漢字 😀 \N{MATHEMATICAL BOLD CAPITAL A}",
    "two\nlines, and\n\n=1+1",
    'a "quoted" word; and, semi-colons; =1+1',
    "one\ttabbed",
    " blanks around ",
    "\N{NO-BREAK SPACE}no break",
    "_x0041_ and _x000D_",
    "<b>&amp;</b> ]]> <!-- -->",
    "an ending of CDATA ]]> alone",
    "x" * 32_767,
]
# What cannot arrive as it is, and what of it does.
MENDED = {
    "pasted\vfrom\x07Word\x0c": "pasted\nfromWord\n",
    "\0=1+1": "=1+1",
    "half \ud800 of a pair": "half  of a pair",
    "no character \uffff": "no character ",
    "del\x7f and c1\x85": "del and c1",
}


def read_workbook(content):
    """The workbook that an answer, or a file, holds."""
    if hasattr(content, "streaming_content"):
        assert content.status_code == 200, content.content
        content = b"".join(content.streaming_content)
    return openpyxl.load_workbook(io.BytesIO(content))


def read_table(content):
    """The header and the rows of the first sheet, as openpyxl's cells."""
    header, *rows = read_workbook(content).worksheets[0].iter_rows()
    return [cell.value for cell in header], rows


def convert_to_csv(path, folder, read_as=""):
    """Let LibreOffice open a file and say what its cells show, as rows of texts; skip without."""
    program = shutil.which("localc")
    if program is None:
        pytest.skip(
            "needs LibreOffice Calc, which opens the files: apt-get install libreoffice-calc"
        )
    subprocess.run(
        [
            program,
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--headless",
            *([f"--infilter={read_as}"] if read_as else []),
            "--convert-to",
            "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false",
            "--outdir",
            str(folder),
            str(path),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    with (folder / f"{path.stem}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))

"""Files to send in, and sending them as a member of staff does."""

import csv
import io

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from workplans.models import SpreadsheetImport

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


def csv_file(*rows):
    """A CSV file of rows, each a dictionary; the columns are those of all of them."""
    header = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return (BOM + text.getvalue()).encode()


def excel_file(*rows):
    """An Excel file of rows, each a dictionary."""
    header = list(dict.fromkeys(name for row in rows for name in row))
    book = openpyxl.Workbook()
    book.active.append(header)
    for row in rows:
        book.active.append([row.get(name) for name in header])
    return saved(book)


def saved(book):
    """The bytes of a workbook."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def content_of(response):
    assert response.status_code == 200, response.content[:500]
    return b"".join(response.streaming_content)


def edited_excel(content, edits, key="ref"):
    """An Excel file of ours with some cells edited: {key: {column: value}}."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    places = {cell.value: cell.column for cell in sheet[1]}
    for row in sheet.iter_rows(min_row=2):
        for column, value in edits.get(row[places[key] - 1].value, {}).items():
            row[places[column] - 1].value = value
    return saved(book)


def edited_csv(content, edits, key="ref"):
    """A CSV file of ours with some cells edited, which may add columns."""
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    for row in rows:
        row |= edits.get(row[key], {})
    return csv_file(*rows)


def address(model, name, *args):
    opts = model._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{name}", args=args)


def send(client, model, content, name="file.csv"):
    """Send a file in; return the answer, which leads to its page if it was read."""
    file = SimpleUploadedFile(name, content)
    return client.post(address(model, "import"), {"file": file}, follow=True)


def look(client, model, content, name="file.csv"):
    """Send a file in, and return what its page says: the judgement."""
    response = send(client, model, content, name)
    assert response.status_code == 200, response.context["form"].errors
    return response.context["judgement"]


def bring_in(client, model, content, name="file.csv"):
    """Send a file in and confirm it; return the import."""
    judgement = look(client, model, content, name)
    assert judgement.may_be_written, told(judgement)
    waiting = SpreadsheetImport.objects.waiting().latest("pk")
    response = client.post(address(model, "import_review", waiting.pk), {"import": "Import"})
    assert response.status_code == 302
    return SpreadsheetImport.objects.done().get(pk=waiting.pk)


def told(judgement):
    """What a judgement says, row by row: kind and changes, or kind and problems."""
    kinds = {"new": "new", "update": "changed", "skip": "same", "invalid": "invalid"}
    return {
        verdict.number: (
            kinds[verdict.import_type],
            {change.column: (change.old, change.new) for change in verdict.changes}
            if not verdict.problems
            else {problem.column: problem.sentence for problem in verdict.problems},
        )
        for verdict in judgement.rows
    }

"""A report as files: HTML and DOCX for people, CSV and JSON for machines."""

import csv
import io
from typing import Final

import docx
import jinja2
import msgspec
from docx.document import Document
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor

from analytics.reports.tables import Page, Table, page_of
from citywatch.model.reports import Format, Language, Report

_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("analytics.reports", ""), autoescape=True, undefined=jinja2.StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
_COLOURS: Final = {"first": RGBColor(0x1B, 0x7A, 0x36), "last": RGBColor(0xB3, 0x2D, 0x1E)}
_CHINESE_FONT: Final = "Microsoft YaHei"


def render(report: Report, *, time_zone: str) -> dict[tuple[Language, Format], bytes]:
    """Return all files of a report; the same report gives the same figures in each."""
    files = {}
    for language in Language:
        page = page_of(report, language, time_zone=time_zone)
        files[language, Format.HTML] = _TEMPLATES.get_template("report.html.j2").render(page=page).encode()
        files[language, Format.DOCX] = _docx(page)
        files[language, Format.CSV] = _csv(page)
        files[language, Format.JSON] = msgspec.json.encode(report)
    return files


def _csv(page: Page) -> bytes:
    """Return the tables below each other, each after its title; with the mark that tells Excel it is UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([page.title])
    writer.writerows([fact] for fact in page.facts)
    for table in page.tables:
        writer.writerow([])
        writer.writerow([table.title])
        writer.writerow(table.head)
        writer.writerows([_plain(cell) for cell in row] for row in table.rows)
    return text.getvalue().encode("utf-8-sig")


def _plain(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t")) else cell


def _docx(page: Page) -> bytes:
    document = docx.Document()
    style = document.styles["Normal"]
    style.font.size = Pt(10)
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _CHINESE_FONT)
    document.core_properties.title = page.title
    document.add_heading(page.title, level=0)
    document.add_paragraph(" · ".join(page.facts))
    for table in page.tables:
        document.add_heading(table.title, level=1)
        if table.note:
            document.add_paragraph(table.note)
        _add(document, table)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _add(document: Document, table: Table) -> None:
    grid = document.add_table(rows=1 + len(table.rows), cols=len(table.head), style="Light Grid Accent 1")
    for line, row in zip(grid.rows, [table.head, *table.rows], strict=True):
        for cell, text in zip(line.cells, row, strict=True):
            cell.text = text
    for place, mark in enumerate(table.marks):
        if mark:
            for cell in grid.rows[place + 1].cells:
                for run in cell.paragraphs[0].runs:
                    run.font.bold, run.font.color.rgb = True, _COLOURS[mark]

"""Lists that are worked on: table, quick filters with counts, search, pages, export. One shape for every list."""

import csv
import datetime
import io
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import django_tables2 as tables
import xlsxwriter
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django_filters.views import FilterView
from django_tables2.views import SingleTableMixin

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


class LookTable(tables.Table):
    """A table in the look: rows become cards on a phone; ``head_column`` names the row."""

    head_column = "child"
    pick_column = "pick"
    action_column = "action"
    caption: Any = ""
    empty_title: Any = ""
    empty_text: Any = ""

    class Meta:
        template_name = "django_tables2/oa.html"
        order_by_field = "sort"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("empty_text", type(self).empty_text)  # the parent would make it None
        super().__init__(*args, **kwargs)

    @tables.Table.order_by.setter
    def order_by(self, value: Any) -> None:
        """Rows that are equal in the chosen column keep one order, so that no page repeats or misses one."""
        tables.Table.order_by.fset(self, value)
        rows = self.data.data
        if isinstance(rows, QuerySet) and rows.query.order_by and "pk" not in rows.query.order_by:
            self.data.data = rows.order_by(*rows.query.order_by, "pk")


@dataclass(frozen=True)
class Tab:
    """A quick filter above a list, with how many rows it holds."""

    value: str
    label: str
    count: int
    alert: bool = False
    current: bool = False


class ListPage(SingleTableMixin, FilterView):
    """A filtered, sorted, paged list that can also be exported whole; ``?export=csv`` or ``xlsx``.

    A nonsensical filter value is named beside its field and the rest still filters.
    """

    strict = False
    table_pagination: ClassVar[dict[str, int]] = {"per_page": 25}
    export_name = "lijst"
    not_exported: tuple[str, ...] = ("pick", "action")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        wanted = request.GET.get("export", "")
        if wanted not in ("csv", "xlsx"):
            return super().get(request, *args, **kwargs)
        self.filterset = self.get_filterset(self.get_filterset_class())
        self.object_list = self.filterset.qs
        rows = self.get_table(**self.get_table_kwargs()).as_values(exclude_columns=self.not_exported)
        answer = csv_response if wanted == "csv" else xlsx_response
        return answer(rows, self.export_name)

    def get_tabs(self) -> list[Tab]:
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        filled = [name for name in self.filterset.filters if self.request.GET.get(name)]
        return context | {"tabs": self.get_tabs(), "filter_is_on": bool(filled)}


def safe_cell(value: object) -> str:
    """A cell as text that no spreadsheet takes for a formula: a sign in front gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime | datetime.date):
        return value.strftime("%d-%m-%Y")
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


class _Line:
    """A file that hands each written line back, so that csv can write into a stream."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Lines for Dutch Excel: a byte order mark and semicolons."""
    yield "\ufeff"
    writer = csv.writer(_Line(), delimiter=";")
    for row in rows:
        yield writer.writerow([safe_cell(cell) for cell in row])


def csv_response(rows: Iterable[Iterable[object]], name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def xlsx_response(rows: Iterable[Iterable[object]], name: str) -> FileResponse:
    return FileResponse(write_xlsx(rows), as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)


def write_xlsx(rows: Iterable[Iterable[object]]) -> io.BufferedIOBase:
    """A workbook of one sheet, written row by row; text is never a formula or a link."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet()
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd-mm-yyyy"})
        sheet.freeze_panes(1, 0)
        for y, row in enumerate(rows):
            for x, cell in enumerate(row):
                if isinstance(cell, datetime.date):
                    sheet.write_datetime(y, x, datetime.datetime.combine(cell, datetime.time()), day)
                elif isinstance(cell, int) and not isinstance(cell, bool):
                    sheet.write_number(y, x, cell)
                else:
                    # A cell of type text: never evaluated, so it needs no apostrophe that people would see.
                    sheet.write_string(y, x, "" if cell is None else str(cell), bold if y == 0 else None)
        sheet.set_column(0, 20, 20)
    file.seek(0)
    return file


class PickColumn(tables.Column):
    """A tick box per row for doing something with several rows at once; the header ticks the whole page."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(orderable=False, empty_values=(), accessor="pk", **extra)

    @property
    def header(self) -> SafeString:
        return format_html(
            '<input class="utrecht-checkbox" type="checkbox" aria-label="{}" data-all>',
            gettext("Choose all rows on this page"),
        )

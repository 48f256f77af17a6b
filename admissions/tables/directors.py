"""The central list of directors as a table."""

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from schools.lists import LookTable
from schools.models import School


class DirectorTable(LookTable):
    """Every school with the name that must stand under its letters."""

    head_column = "name"
    name = tables.Column(verbose_name=pgettext_lazy("column", "School"), order_by=("name", "brin"))
    brin = tables.Column(verbose_name=pgettext_lazy("column", "BRIN"))
    board = tables.Column(verbose_name=pgettext_lazy("column", "Board"), order_by=("board__name",))
    director_name = tables.Column(verbose_name=pgettext_lazy("column", "Director"), empty_values=())

    caption = _("Directors of the schools")
    empty_title = _("No schools yet")
    empty_text = _("Schools come in with the import of the year.")

    class Meta(LookTable.Meta):
        order_by = "name"

    def render_name(self, record: School) -> SafeString:
        url = reverse("admissions:director", args=[record.pk])
        return format_html('<a class="cell" href="{}">{}</a>', url, record.name)

    def value_name(self, record: School) -> str:
        return record.name

    def render_director_name(self, record: School) -> str:
        return record.director_name or str(pgettext_lazy("director", "no name yet"))

    def value_director_name(self, record: School) -> str:
        return record.director_name

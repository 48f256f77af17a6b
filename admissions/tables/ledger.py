"""Columns of the place ledger: every school over the whole year."""

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from admissions.tables.office import NUMBER
from schools.lists import LookTable
from schools.models import School


class LedgerTable(LookTable):
    """What each school had, gave out and has left; the name leads to its ledger."""

    head_column = "school"
    school = tables.Column(
        verbose_name=pgettext_lazy("column", "School"), accessor="name", order_by=("name", "brin")
    )
    brin = tables.Column(verbose_name=pgettext_lazy("column", "BRIN"), visible=False)
    ceiling_total = tables.Column(verbose_name=pgettext_lazy("column", "Ceiling"), attrs=NUMBER)
    placed_total = tables.Column(verbose_name=pgettext_lazy("column", "Placed"), attrs=NUMBER)
    withdrawn_total = tables.Column(verbose_name=pgettext_lazy("column", "Withdrawn"), attrs=NUMBER)
    released_total = tables.Column(verbose_name=pgettext_lazy("column", "Left by improvers"), attrs=NUMBER)
    left_total = tables.Column(verbose_name=pgettext_lazy("column", "Open"), attrs=NUMBER)

    caption = _("Places per school over the whole year")
    empty_title = _("No schools with a ceiling")
    empty_text = _("A school without a ceiling keeps no ledger.")

    class Meta(LookTable.Meta):
        order_by = "school"

    def render_school(self, record: School) -> SafeString:
        url = reverse("admissions:ledger-school", args=[record.brin])
        return format_html(
            '<a class="cell" href="{}">{}</a><span class="sub"><code>{}</code></span>',
            url,
            record.name,
            record.brin,
        )

    def value_school(self, record: School) -> str:
        return record.name

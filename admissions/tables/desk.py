"""Columns of the lists of the desks, and of requests after moving house."""

from datetime import date
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from admissions.models import MoveRequest
from admissions.tables.forms import ChildColumn, grouped
from schools.lists import LookTable
from schools.models import School, Ticket
from schools.templatetags.oa import badge, short_date

NOWRAP = {"td": {"class": "nowrap"}}


def small_button(url: str, word: str, what: str) -> SafeString:
    return format_html(
        '<a class="utrecht-button utrecht-button--small" href="{}">{}<span class="vh"> {}</span></a>',
        url,
        word,
        what,
    )


class TicketTable(LookTable):
    """Questions to the desks."""

    head_column = "name"
    name = tables.Column(verbose_name=pgettext_lazy("column", "Who"))
    kind = tables.Column(verbose_name=pgettext_lazy("column", "Kind"))
    question = tables.Column(verbose_name=pgettext_lazy("column", "Question"), orderable=False)
    opened_at = tables.Column(verbose_name=pgettext_lazy("column", "Asked"), attrs=NOWRAP)
    due_on = tables.Column(verbose_name=pgettext_lazy("column", "Answer until"), attrs=NOWRAP)
    state = tables.Column(
        verbose_name=pgettext_lazy("column", "State"), accessor="pk", order_by=("closed_at", "due_on")
    )
    action = tables.Column(verbose_name=pgettext_lazy("column", "Action"), orderable=False, accessor="pk")

    caption = _("Questions to the desk")
    empty_title = _("No questions")
    empty_text = _("Questions of schools and parents stand here, the most urgent first.")

    class Meta(LookTable.Meta):
        order_by = "due_on"

    def __init__(self, *args: Any, today: date | None = None, **kwargs: Any) -> None:
        self.today = today
        super().__init__(*args, **kwargs)

    def render_name(self, record: Ticket) -> SafeString:
        below = record.school.name if record.school else (record.phone or record.email)
        return format_html('{}<span class="sub">{}</span>', record.name, below)

    def value_name(self, record: Ticket) -> str:
        return record.name

    def render_question(self, record: Ticket) -> str:
        text = " ".join(record.question.split())
        return text[:90] + ("…" if len(text) > 90 else "") or "–"

    def value_question(self, record: Ticket) -> str:
        return record.question

    def render_opened_at(self, record: Ticket) -> str:
        return short_date(record.opened_at)

    def render_due_on(self, record: Ticket) -> str:
        return short_date(record.due_on)

    def is_late(self, record: Ticket) -> bool:
        return record.is_open and self.today is not None and record.due_on < self.today

    def render_state(self, record: Ticket) -> SafeString:
        if not record.is_open:
            return badge("ok", pgettext("ticket", "Settled"))
        if self.is_late(record):
            return badge("error", pgettext("ticket", "Too late"))
        return badge("info", pgettext("ticket", "Open"), "half")

    def value_state(self, record: Ticket) -> str:
        return pgettext("ticket", "Open") if record.is_open else pgettext("ticket", "Settled")

    def render_action(self, record: Ticket) -> SafeString:
        return small_button(
            reverse("admissions:ticket", args=[record.pk]), pgettext("button", "Open"), record.name
        )


class DeskSchoolTable(LookTable):
    """Schools with a way to their own pages, for looking along."""

    head_column = "name"
    name = tables.Column(verbose_name=pgettext_lazy("column", "School"))
    brin = tables.Column(verbose_name="BRIN")
    contact_phone = tables.Column(verbose_name=pgettext_lazy("column", "Phone"), orderable=False)
    contact_email = tables.Column(verbose_name=pgettext_lazy("column", "E-mail"), orderable=False)

    caption = _("Schools")
    empty_title = _("No schools")
    empty_text = _("The schools of the year stand here.")

    class Meta(LookTable.Meta):
        order_by = "name"

    def render_name(self, record: School) -> SafeString:
        url = reverse("admissions:school-today", args=[record.brin])
        return format_html('<a class="cell" href="{}">{}</a>', url, record.name)

    def value_name(self, record: School) -> str:
        return record.name


class MoveTable(LookTable):
    """Requests to apply again after moving house (4.5)."""

    child = ChildColumn("application__")
    school = tables.Column(
        verbose_name=pgettext_lazy("column", "First choice"),
        accessor="application__first_choice__programme__name",
    )
    note = tables.Column(verbose_name=pgettext_lazy("column", "Note"), orderable=False)
    requested_by = tables.Column(verbose_name=pgettext_lazy("column", "Asked by"), orderable=False)
    state = tables.Column(verbose_name=pgettext_lazy("column", "State"))
    action = tables.Column(verbose_name=pgettext_lazy("column", "Action"), orderable=False, accessor="pk")

    caption = _("Requests after moving house")
    empty_title = _("No requests")
    empty_text = _(
        "A school or the parents' desk asks here whether a child may apply again after moving house."
    )

    class Meta(LookTable.Meta):
        order_by = "child"

    def render_child(self, record: MoveRequest) -> SafeString:
        number = record.application.registration_number
        return format_html(
            '<a class="cell" href="{}">{}</a><span class="sub">{}</span>',
            reverse("admissions:child-detail", args=[number]),
            record.application.child.full_name,
            grouped(number),
        )

    def value_child(self, record: MoveRequest) -> str:
        return record.application.child.full_name

    def render_note(self, record: MoveRequest) -> str:
        return record.note[:90] + ("…" if len(record.note) > 90 else "")

    def render_state(self, record: MoveRequest) -> SafeString:
        kind = {"requested": "warning", "proof": "info", "approved": "ok"}.get(record.state, "")
        shape = {"proof": "half", "rejected": "none"}.get(record.state, "")
        return badge(kind, record.get_state_display(), shape)

    def value_state(self, record: MoveRequest) -> str:
        return str(record.get_state_display())

    def render_action(self, record: MoveRequest) -> SafeString:
        return small_button(
            reverse("admissions:move", args=[record.pk]),
            pgettext("button", "Open"),
            gettext("request of %(name)s") % {"name": record.application.child.full_name},
        )

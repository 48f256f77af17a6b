"""Columns of the care lists."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from admissions.enums import CareState
from admissions.models import CareCase
from admissions.tables.forms import ChildColumn, grouped
from schools.context import short_round_name
from schools.lists import LookTable
from schools.templatetags.oa import badge, short_date

NOWRAP = {"td": {"class": "nowrap"}}


def care_badge(case: CareCase) -> SafeString:
    return badge("warning" if case.is_open else "", case.get_state_display(), "" if case.is_open else "heart")


def open_tasks(case: CareCase, *, waits_for_manager: bool) -> list[str]:
    """What the school still has to do: the two tasks of DH-171, then the next step of the route (4.3)."""
    words = []
    if case.is_open and case.appointment_made_at is None:
        words.append(gettext("make an appointment"))
    if case.is_open and case.manager_told_at is None:
        words.append(gettext("tell the programme manager"))
    step = {
        CareState.REQUESTED: gettext("plan the meeting"),
        CareState.SIGNALLED: gettext("plan the meeting"),
        CareState.MEETING_PLANNED: gettext("hold the meeting"),
        CareState.MEETING_HELD: gettext("record the outcome"),
        CareState.DUTY_YES: gettext("write the letter"),
        CareState.LETTER_DRAFT: "" if waits_for_manager else gettext("change the letter"),
    }.get(CareState(case.state), "")
    return [*words, step] if step else words


class CareBase(LookTable):
    """What both care lists show of a case."""

    child = ChildColumn("")
    round = tables.Column(
        verbose_name=pgettext_lazy("column", "Round"),
        accessor="first_choice__round",
        order_by=("first_choice__round__position",),
        attrs=NOWRAP,
    )
    origin = tables.Column(verbose_name=pgettext_lazy("column", "Began as"), accessor="care_case__origin")
    state = tables.Column(verbose_name=pgettext_lazy("column", "State"), accessor="care_case__state")
    meeting_on = tables.Column(
        verbose_name=pgettext_lazy("column", "Meeting"), accessor="care_case__meeting_on", attrs=NOWRAP
    )
    todo = tables.Column(verbose_name=pgettext_lazy("column", "Still to do"), accessor="pk", orderable=False)
    action = tables.Column(verbose_name=pgettext_lazy("column", "Action"), orderable=False, accessor="pk")

    caption = _("Children in the care route")
    empty_title = _("No children in the care route")
    empty_text = _(
        "A child stands here when its parents report a care wish, or when the school reports a signal."
    )

    class Meta(LookTable.Meta):
        order_by = "child"

    def url(self, record: Any) -> str:
        raise NotImplementedError

    def render_child(self, record: Any) -> SafeString:
        return format_html(
            '<a class="cell" href="{}">{}</a><span class="sub">{}</span>',
            self.url(record),
            record.child.full_name,
            grouped(record.registration_number),
        )

    def value_child(self, record: Any) -> str:
        return str(record.child.full_name)

    def render_round(self, record: Any) -> str:
        return short_round_name(record.first_choice.round)

    def render_origin(self, record: Any) -> str:
        return str(record.care_case.get_origin_display())

    def render_state(self, record: Any) -> SafeString:
        return care_badge(record.care_case)

    def value_state(self, record: Any) -> str:
        return str(record.care_case.get_state_display())

    def render_meeting_on(self, record: Any) -> str:
        return short_date(record.care_case.meeting_on)

    def render_todo(self, record: Any) -> str:
        return self.value_todo(record) or "–"

    def value_todo(self, record: Any) -> str:
        return ", ".join(open_tasks(record.care_case, waits_for_manager=record.waits_for_manager))

    def render_action(self, record: Any) -> SafeString:
        return format_html(
            '<a class="utrecht-button utrecht-button--small" href="{}">{}<span class="vh"> {}</span></a>',
            self.url(record),
            pgettext("button", "Open"),
            record.child.full_name,
        )


class CareTable(CareBase):
    """Care cases of one school."""

    def __init__(self, *args: Any, brin: str = "", **kwargs: Any) -> None:
        self.brin = brin
        super().__init__(*args, **kwargs)

    class Meta(CareBase.Meta):
        pass

    def url(self, record: Any) -> str:
        return reverse("admissions:care-detail", args=[self.brin, record.registration_number])


class OfficeCareTable(CareBase):
    """Care cases of every school, for the programme manager and those named for care."""

    school = tables.Column(
        verbose_name=pgettext_lazy("column", "First choice"), accessor="first_choice__programme__name"
    )

    class Meta(CareBase.Meta):
        sequence = ("child", "school", "...")
        exclude = ("todo",)

    def url(self, record: Any) -> str:
        return reverse("admissions:office-care", args=[record.registration_number])

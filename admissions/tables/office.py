"""Columns of the lists of the programme office."""

from datetime import date
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from admissions.enums import Decision
from admissions.models import Application, Case
from admissions.tables.forms import LETTER_LOOK, PLACEMENT_LOOK, grouped, placement_badge
from admissions.tables.messages import delivery_badge, delivery_word
from notifications.enums import MessageKind
from notifications.models import Message
from schools.context import short_round_name
from schools.lists import LookTable
from schools.models import School, SchoolRound
from schools.templatetags.oa import badge, moment_year, short_date

NUMBER = {"td": {"class": "num"}, "th": {"class": "num"}}
NOWRAP = {"td": {"class": "nowrap"}}
DECISION_LOOK = {
    Decision.PENDING: ("", "dashed"),
    Decision.UNDECIDED: ("", "dashed"),
    Decision.ADMITTED: ("ok", "ok"),
    Decision.DRAWN_OUT: ("", "none"),
    Decision.PLACED_LOWER: ("ok", "ok"),
    Decision.UNPLACED: ("", "none"),
    Decision.CARE_FOLLOW_UP: ("warning", "warning"),
    Decision.WITHDRAWN: ("", "back"),
    Decision.VOID: ("", "none"),
}


def decision_badge(decision: str) -> SafeString:
    modifier, shape = DECISION_LOOK[Decision(decision)]
    return badge(modifier, Decision(decision).label, shape)


def message_badge(state: str) -> SafeString:
    modifier, shape, word = LETTER_LOOK[state]
    return badge(modifier, word, shape)


def child_link(number: str, text: str, below: str = "") -> SafeString:
    url = reverse("admissions:child-detail", args=[number])
    return format_html('<a class="cell" href="{}">{}</a><span class="sub">{}</span>', url, text, below)


class CountColumn(tables.Column):
    """A sum; a school without a ceiling has no places, and shows a dash."""

    def __init__(self, *args: Any, capped_only: bool = False, **kwargs: Any) -> None:
        self.capped_only = capped_only
        super().__init__(*args, attrs=NUMBER, **kwargs)

    def render(self, value: Any, record: SchoolRound) -> str:
        return "–" if self.capped_only and not record.is_capped else str(value)

    def value(self, value: Any, record: SchoolRound) -> Any:
        return "" if self.capped_only and not record.is_capped else value


class SchoolRoundTable(LookTable):
    """The places of every school in one round."""

    head_column = "school"
    school = tables.Column(
        verbose_name=pgettext_lazy("column", "School"),
        accessor="programme__school__name",
        order_by=("programme__school__name", "programme__school__brin"),
    )
    brin = tables.Column(
        verbose_name=pgettext_lazy("column", "BRIN"), accessor="programme__school__brin", visible=False
    )
    board = tables.Column(
        verbose_name=pgettext_lazy("column", "Board"),
        accessor="programme__school__board__name",
        visible=False,
    )
    booked_ceiling = CountColumn(verbose_name=pgettext_lazy("column", "Ceiling"), capped_only=True)
    carried_in = CountColumn(verbose_name=pgettext_lazy("column", "Carried in"), capped_only=True)
    freed_in = CountColumn(verbose_name=pgettext_lazy("column", "Freed"), capped_only=True)
    released = CountColumn(verbose_name=pgettext_lazy("column", "Left by improvers"), capped_only=True)
    applied = CountColumn(verbose_name=pgettext_lazy("column", "Applications"))
    admitted = CountColumn(verbose_name=pgettext_lazy("column", "Admitted"))
    placed = CountColumn(verbose_name=pgettext_lazy("column", "Placed"))
    open_places = CountColumn(verbose_name=pgettext_lazy("column", "Open"), capped_only=True)

    caption = _("Places per school in this round")
    empty_title = _("No schools yet")
    empty_text = _("Schools come in with the import of the year.")

    class Meta(LookTable.Meta):
        order_by = "school"

    def render_school(self, record: SchoolRound) -> SafeString:
        school = record.programme.school
        url = reverse("admissions:school-places", args=[school.brin])
        return format_html(
            '<a class="cell" href="{}">{}</a><span class="sub"><code>{}</code></span>',
            url,
            school.name,
            school.brin,
        )

    def value_school(self, record: SchoolRound) -> str:
        return record.programme.school.name


class ChildTable(LookTable):
    """The children of a year, for whoever looks for one."""

    child = tables.Column(
        verbose_name=pgettext_lazy("column", "Child"),
        accessor="child__full_name",
        order_by=("child__surname", "child__given_name"),
    )
    registration_number = tables.Column(
        verbose_name=pgettext_lazy("column", "Registration number"), visible=False
    )
    reference = tables.Column(
        verbose_name=pgettext_lazy("column", "Form"), accessor="form__form_reference", attrs=NOWRAP
    )
    date_of_birth = tables.Column(
        verbose_name=pgettext_lazy("column", "Born"), accessor="child__date_of_birth", attrs=NOWRAP
    )
    round = tables.Column(
        verbose_name=pgettext_lazy("column", "Round"),
        accessor="first_choice__round",
        order_by=("first_choice__round__position",),
        attrs=NOWRAP,
    )
    first_choice = tables.Column(
        verbose_name=pgettext_lazy("column", "First choice"), accessor="first_choice__programme__name"
    )
    decision = tables.Column(verbose_name=pgettext_lazy("column", "Decision"), accessor="shown_decision")
    seat = tables.Column(
        verbose_name=pgettext_lazy("column", "Place at"), accessor="seat_school", empty_values=()
    )
    seat_state = tables.Column(verbose_name=pgettext_lazy("column", "Reply"), empty_values=(), visible=False)

    caption = _("Children")
    empty_title = _("No children yet")
    empty_text = _("Children stand here as soon as their forms have been entered or imported.")

    class Meta(LookTable.Meta):
        order_by = "child"

    def render_child(self, record: Application) -> SafeString:
        number = record.registration_number
        return child_link(number, record.child.full_name, grouped(number))

    def value_child(self, record: Application) -> str:
        return record.child.full_name

    def value_registration_number(self, record: Application) -> str:
        return grouped(record.registration_number)

    def render_date_of_birth(self, record: Application) -> str:
        return short_date(record.child.date_of_birth)

    def value_date_of_birth(self, record: Application) -> Any:
        return record.child.date_of_birth

    def render_round(self, record: Application) -> str:
        return short_round_name(record.first_choice.round)

    def render_decision(self, record: Any) -> SafeString:
        return decision_badge(record.shown_decision)

    def value_decision(self, record: Any) -> str:
        return str(Decision(record.shown_decision).label)

    def render_seat(self, record: Any) -> SafeString | str:
        if not record.seat_school:
            return "–"
        return format_html(
            '{}<span class="sub">{}</span>', record.seat_school, PLACEMENT_LOOK[record.seat_state][2]
        )

    def value_seat(self, record: Any) -> str:
        return record.seat_school or ""

    def value_seat_state(self, record: Any) -> str:
        return str(PLACEMENT_LOOK[record.seat_state][2]) if record.seat_state else ""


class MessageTable(LookTable):
    """The outbox: who hears what, and when."""

    head_column = "kind"
    kind = tables.Column(verbose_name=pgettext_lazy("column", "Message"))
    recipient = tables.Column(
        verbose_name=pgettext_lazy("column", "To"), accessor="recipient_name", order_by=("recipient_name",)
    )
    email = tables.Column(
        verbose_name=pgettext_lazy("column", "E-mail"), accessor="recipient_email", visible=False
    )
    about = tables.Column(
        verbose_name=pgettext_lazy("column", "About"), accessor="registration_number", empty_values=()
    )
    round = tables.Column(
        verbose_name=pgettext_lazy("column", "Round"),
        order_by=("round__position",),
        empty_values=(),
        attrs=NOWRAP,
    )
    channel = tables.Column(verbose_name=pgettext_lazy("column", "Channel"))
    state = tables.Column(verbose_name=pgettext_lazy("column", "State"))
    arrived = tables.Column(
        verbose_name=pgettext_lazy("column", "Arrived"), accessor="pk", orderable=False, empty_values=()
    )
    moment = tables.Column(
        verbose_name=pgettext_lazy("column", "Moment"), accessor="not_before", order_by=("not_before",)
    )

    caption = _("Messages")
    empty_title = _("No messages yet")
    empty_text = _("Messages are made with the result of a round and wait here for their day.")

    class Meta(LookTable.Meta):
        order_by = ("-moment", "kind")

    def render_kind(self, record: Message) -> SafeString:
        url = reverse("admissions:message", args=[record.pk])
        return format_html(
            '<a class="cell" href="{}">{}</a><span class="sub">{}</span>',
            url,
            record.get_kind_display(),
            record.kind,
        )

    def value_kind(self, record: Message) -> str:
        return f"{record.kind} {record.get_kind_display()}"

    def render_recipient(self, record: Message) -> SafeString:
        return format_html(
            '{}<span class="sub">{}</span>', record.recipient_name or "–", record.recipient_email
        )

    def value_recipient(self, record: Message) -> str:
        return record.recipient_name

    def render_about(self, record: Message) -> SafeString | str:
        if not record.registration_number:
            return record.school.name if record.school else "–"
        return child_link(record.registration_number, grouped(record.registration_number))

    def value_about(self, record: Message) -> str:
        return grouped(record.registration_number) or (record.school.name if record.school else "")

    def render_round(self, record: Message) -> str:
        return short_round_name(record.round) if record.round else "–"

    def render_state(self, record: Message) -> SafeString:
        return message_badge(record.state)

    def value_state(self, record: Message) -> str:
        return str(LETTER_LOOK[record.state][2])

    def render_arrived(self, record: Any) -> SafeString | str:
        return delivery_badge(record.arrived) if record.arrived else "–"

    def value_arrived(self, record: Any) -> str:
        return delivery_word(record.arrived)

    def render_moment(self, record: Message) -> str:
        if record.released_at:
            return moment_year(record.released_at)
        return gettext("from %(moment)s") % {"moment": moment_year(record.not_before)}

    def value_moment(self, record: Message) -> str:
        return moment_year(record.released_at or record.not_before)


class CaseTable(LookTable):
    """What the office has to settle, the most urgent first; red when its day has passed."""

    head_column = "kind"
    kind = tables.Column(verbose_name=pgettext_lazy("column", "What"))
    child = tables.Column(
        verbose_name=pgettext_lazy("column", "Child"),
        accessor="application__child__full_name",
        order_by=("application__child__surname", "application__child__given_name"),
        empty_values=(),
    )
    school = tables.Column(
        verbose_name=pgettext_lazy("column", "School"),
        accessor="pk",
        order_by=("school_round__programme__name", "application__first_choice__programme__name"),
    )
    owner = tables.Column(
        verbose_name=pgettext_lazy("column", "Whose"), order_by=("owner__name",), empty_values=()
    )
    due_on = tables.Column(verbose_name=pgettext_lazy("column", "Settle by"), attrs=NOWRAP)
    opened_at = tables.Column(verbose_name=pgettext_lazy("column", "Reported"), attrs=NOWRAP)
    state = tables.Column(
        verbose_name=pgettext_lazy("column", "State"),
        accessor="pk",
        order_by=("closed_at", "due_on"),
    )

    caption = _("Cases of the office")
    empty_title = _("No cases")
    empty_text = _("What must be settled comes here by itself, for example a wrong date of birth.")

    class Meta(LookTable.Meta):
        order_by = "state"

    def __init__(self, *args: Any, today: date | None = None, **kwargs: Any) -> None:
        self.today = today
        super().__init__(*args, **kwargs)

    def render_kind(self, record: Case) -> SafeString:
        url = reverse("admissions:case", args=[record.pk])
        return format_html('<a class="cell" href="{}">{}</a>', url, record.get_kind_display())

    def value_kind(self, record: Case) -> str:
        return str(record.get_kind_display())

    def render_child(self, record: Case) -> SafeString | str:
        if record.application is None:
            return "–"
        number = record.application.registration_number
        return child_link(number, record.application.child.full_name, grouped(number))

    def value_child(self, record: Case) -> str:
        return record.application.child.full_name if record.application else ""

    def render_school(self, record: Case) -> str:
        if record.school_round is not None:
            return str(record.school_round.programme.name)
        return str(record.application.first_choice.programme.name) if record.application else "–"

    value_school = render_school

    def render_owner(self, record: Case) -> SafeString | str:
        return (
            str(record.owner)
            if record.owner
            else format_html('<span class="soft">{}</span>', gettext("nobody"))
        )

    def value_owner(self, record: Case) -> str:
        return str(record.owner) if record.owner else ""

    def render_due_on(self, record: Case) -> str:
        return short_date(record.due_on)

    def value_due_on(self, record: Case) -> Any:
        return record.due_on

    def render_opened_at(self, record: Case) -> str:
        return short_date(record.opened_at)

    def value_opened_at(self, record: Case) -> Any:
        return record.opened_at

    def render_state(self, record: Case) -> SafeString:
        if record.closed_at:
            return badge("ok", record.get_closed_through_display())
        if self.today is not None and record.due_on < self.today:
            return badge("error", pgettext("case", "Too late"))
        return badge("warning", record.get_state_display())

    def value_state(self, record: Case) -> str:
        return str(record.get_closed_through_display() if record.closed_at else record.get_state_display())


class SchoolTable(LookTable):
    """The schools of the region, with a way to the pages that the school itself sees."""

    head_column = "name"
    name = tables.Column(verbose_name=pgettext_lazy("column", "School"), order_by=("name", "brin"))
    brin = tables.Column(verbose_name=pgettext_lazy("column", "BRIN"))
    board = tables.Column(verbose_name=pgettext_lazy("column", "Board"), order_by=("board__name",))
    year_ceiling = tables.Column(
        verbose_name=pgettext_lazy("column", "Ceiling of the year"), attrs=NUMBER, empty_values=()
    )
    applied = tables.Column(verbose_name=pgettext_lazy("column", "First choices"), attrs=NUMBER)
    placed = tables.Column(verbose_name=pgettext_lazy("column", "Placed"), attrs=NUMBER)

    caption = _("Schools of this region")
    empty_title = _("No schools yet")
    empty_text = _("Schools come in with the import of the year.")

    class Meta(LookTable.Meta):
        order_by = "name"

    def render_name(self, record: School) -> SafeString:
        url = reverse("admissions:school-today", args=[record.brin])
        return format_html('<a class="cell" href="{}">{}</a>', url, record.name)

    def value_name(self, record: School) -> str:
        return record.name

    def render_year_ceiling(self, record: Any) -> str:
        if record.year_ceiling is None:
            return pgettext("ceiling", "none")
        return str(record.year_ceiling)

    def value_year_ceiling(self, record: Any) -> Any:
        return "" if record.year_ceiling is None else record.year_ceiling


def kind_word(kind: str) -> str:
    """The words of a message kind; a kind this installation no longer knows stays as it is."""
    return str(MessageKind(kind).label) if kind in MessageKind.values else kind


__all__ = [
    "CaseTable",
    "ChildTable",
    "MessageTable",
    "SchoolRoundTable",
    "SchoolTable",
    "decision_badge",
    "kind_word",
    "message_badge",
    "placement_badge",
]

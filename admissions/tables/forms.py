"""Columns of the lists of a school."""

from collections.abc import Collection
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from admissions.enums import ClaimState
from admissions.models import Application, Placement
from admissions.selectors.school import Outcome, in_neighbourhood
from admissions.tables.decisions_page import Verdict, Waiting
from admissions.tables.messages import delivery_badge, delivery_word
from schools.context import round_name, short_round_name
from schools.enums import PriorityKind, RoundKind
from schools.lists import LookTable, PickColumn
from schools.models import PriorityRule
from schools.templatetags.oa import badge, icon, rank_word, short_date

# A short word for a column; the long one is the label of the choice.
SHORT_KINDS = {
    PriorityKind.SIBLING: pgettext_lazy("priority rule, short", "Brother or sister"),
    PriorityKind.PRESCHOOL: pgettext_lazy("priority rule, short", "Preschool"),
    PriorityKind.NEIGHBOURHOOD: pgettext_lazy("priority rule, short", "Neighbourhood"),
    PriorityKind.STAFF: pgettext_lazy("priority rule, short", "Staff"),
}
OUTCOME_LOOK = {
    Outcome.NOT_FINAL: ("", "dashed"),
    Outcome.NO_PART: ("", "none"),
    Outcome.WAITING: ("", "dashed"),
    Outcome.ADMITTED: ("ok", "ok"),
    Outcome.DRAWN_OUT: ("", "none"),
    Outcome.HANDLED: ("", "none"),
    Outcome.FOLLOW_UP: ("warning", "warning"),
    Outcome.LEFT: ("", "back"),
    Outcome.WITHDRAWN: ("", "back"),
}
PLACEMENT_LOOK = {
    "reserved": ("", "dashed", pgettext_lazy("placement, short", "Letter not sent yet")),
    "offered": ("info", "half", pgettext_lazy("placement, short", "Waits for parents")),
    "overdue": ("warning", "warning", pgettext_lazy("placement, short", "Too late")),
    "enrolled": ("ok", "ok", pgettext_lazy("placement, short", "Enrolled")),
    "superseded": ("", "none", pgettext_lazy("placement, short", "Left for a better place")),
    "lapsed": ("", "none", pgettext_lazy("placement, short", "Lapsed after moving house")),
    "withdrawn": ("", "back", pgettext_lazy("placement, short", "Withdrawn")),
}
VERDICT_LOOK = {Verdict.LOTS: "warning", Verdict.ADMITTED: "ok", Verdict.DRAWN_OUT: ""}
LETTER_LOOK = {
    "held": ("", "dashed", pgettext_lazy("letter, short", "Ready, not sent")),
    "released": ("info", "half", pgettext_lazy("letter, short", "Sent")),
    "cancelled": ("", "none", pgettext_lazy("letter, short", "Not sent")),
}


def grouped(number: str) -> str:
    """K7QD-2M9F: the registration number in two halves, to read aloud."""
    return f"{number[:4]}-{number[4:]}" if len(number) == 8 else number


def outcome_badge(outcome: str) -> SafeString:
    modifier, shape = OUTCOME_LOOK[Outcome(outcome)]
    return badge(modifier, Outcome(outcome).label, shape)


def placement_badge(state: str) -> SafeString:
    modifier, shape, word = PLACEMENT_LOOK[state]
    return badge(modifier, word, shape)


def placed_as(placement: Placement) -> str:
    """1st choice, choice 3 or VOVP 1: how the child came to this place (DH-098)."""
    word = rank_word(placement.preference_rank)
    if placement.school_round.round.kind == RoundKind.VOVP:
        return f"{round_name(placement.school_round.round)}, {word}"
    return word


class ChildColumn(tables.Column):
    """The name with a link to the page of the child, and the registration number below it."""

    def __init__(self, prefix: str, **extra: Any) -> None:
        super().__init__(
            verbose_name=pgettext_lazy("column", "Child"),
            accessor=f"{prefix}child__full_name",
            order_by=(f"{prefix}child__surname", f"{prefix}child__given_name"),
            **extra,
        )


def child_cell(brin: str, application: Application, below: str) -> SafeString:
    url = reverse("admissions:application-detail", args=[brin, application.registration_number])
    return format_html(
        '<a class="cell" href="{}">{}</a><span class="sub">{}</span>', url, application.child.full_name, below
    )


class SchoolTable(LookTable):
    """A list of one school: knows its BRIN for the links and its rules for the neighbourhood."""

    def __init__(
        self, *args: Any, brin: str = "", rules: list[PriorityRule] | None = None, **kwargs: Any
    ) -> None:
        self.brin, self.rules = brin, rules or []
        super().__init__(*args, **kwargs)


class ApplicationTable(SchoolTable):
    child = ChildColumn("")
    registration_number = tables.Column(
        verbose_name=pgettext_lazy("column", "Registration number"), visible=False
    )
    date_of_birth = tables.Column(
        verbose_name=pgettext_lazy("column", "Born"),
        accessor="child__date_of_birth",
        attrs={"td": {"class": "nowrap"}},
    )
    round = tables.Column(
        verbose_name=pgettext_lazy("column", "Round"),
        accessor="first_choice__round",
        order_by=("first_choice__round__position",),
        attrs={"td": {"class": "nowrap"}},
    )
    received_on = tables.Column(
        verbose_name=pgettext_lazy("column", "Received"), accessor="form__received_on", visible=False
    )
    claims = tables.Column(verbose_name=pgettext_lazy("column", "Priority"), orderable=False, accessor="pk")
    list_length = tables.Column(
        verbose_name=pgettext_lazy("column", "Schools on the list"),
        attrs={"td": {"class": "num"}, "th": {"class": "num"}},
    )
    care = tables.Column(verbose_name=pgettext_lazy("column", "Care"), orderable=False, accessor="pk")
    form_state = tables.Column(verbose_name=pgettext_lazy("column", "Form"), accessor="form__state")
    mail = tables.Column(
        verbose_name=pgettext_lazy("column", "Confirmation"), accessor="mail_state", empty_values=()
    )
    outcome = tables.Column(verbose_name=pgettext_lazy("column", "Outcome"))
    action = tables.Column(verbose_name=pgettext_lazy("column", "Action"), orderable=False, accessor="pk")

    caption = _("Applications with your school as first choice")
    empty_title = _("No forms yet")
    empty_text = _("As soon as a form has been entered, it stands here.")

    class Meta(LookTable.Meta):
        order_by = "child"

    def render_child(self, record: Application) -> SafeString:
        return child_cell(self.brin, record, grouped(record.registration_number))

    def value_registration_number(self, record: Application) -> str:
        return grouped(record.registration_number)

    def value_child(self, record: Application) -> str:
        return record.child.full_name

    def render_date_of_birth(self, record: Application) -> str:
        return short_date(record.child.date_of_birth)

    def value_date_of_birth(self, record: Application) -> Any:
        return record.child.date_of_birth

    def value_received_on(self, record: Application) -> Any:
        return record.form.received_on

    def render_round(self, record: Application) -> str:
        return short_round_name(record.first_choice.round)

    def render_list_length(self, record: Any) -> str:
        return str(record.list_length)

    def value_list_length(self, record: Any) -> int:
        return int(record.list_length)

    def _claims(self, record: Application) -> list[tuple[str, str]]:
        found = [(str(SHORT_KINDS[PriorityKind(claim.kind)]), claim.state) for claim in record.claims.all()]
        if in_neighbourhood(record.form, self.rules):
            found.append((str(SHORT_KINDS[PriorityKind.NEIGHBOURHOOD]), ClaimState.CONFIRMED.value))
        return found

    def render_claims(self, record: Application) -> SafeString | str:
        lines = []
        for word, state in self._claims(record):
            if state == ClaimState.CLAIMED:
                note = format_html(
                    '<span class="sub oa-warnline">{} {}</span>', icon("warning"), gettext("still to check")
                )
            elif state == ClaimState.REJECTED:
                note = format_html('<span class="sub">{}</span>', gettext("rejected"))
            else:
                note = SafeString("")
            lines.append((word, note))
        return format_html_join(SafeString("<br>"), "{}{}", lines) if lines else pgettext("priority", "None")

    def value_claims(self, record: Application) -> str:
        words = {
            ClaimState.CLAIMED: gettext("still to check"),
            ClaimState.REJECTED: gettext("rejected"),
        }
        return ", ".join(
            f"{word} ({words[ClaimState(state)]})" if ClaimState(state) in words else word
            for word, state in self._claims(record)
        )

    def render_care(self, record: Application) -> SafeString | str:
        case = getattr(record, "care_case", None)
        if case is None:
            return ""
        if case.is_open:
            return badge("warning", case.get_state_display())
        return badge("", case.get_state_display(), "heart")

    def value_care(self, record: Application) -> str:
        case = getattr(record, "care_case", None)
        return str(case.get_state_display()) if case else ""

    def render_form_state(self, record: Application) -> SafeString:
        return badge(record.form.state, record.form.get_state_display())

    def value_form_state(self, record: Application) -> str:
        return str(record.form.get_state_display())

    def render_mail(self, record: Any) -> SafeString | str:
        """Whether the confirmation arrived (DH-052)."""
        return delivery_badge(record.mail_state) if record.mail_state else "–"

    def value_mail(self, record: Any) -> str:
        return delivery_word(record.mail_state)

    def render_outcome(self, record: Any) -> SafeString:
        return outcome_badge(record.outcome)

    def value_outcome(self, record: Any) -> str:
        return str(Outcome(record.outcome).label)

    def render_action(self, record: Application) -> SafeString:
        url = reverse("admissions:application-detail", args=[self.brin, record.registration_number])
        return format_html(
            '<a class="utrecht-button utrecht-button--small" href="{}">{}<span class="vh"> {}</span></a>',
            url,
            pgettext("button", "Look"),
            record.child.full_name,
        )


class DrawnOutTable(ApplicationTable):
    """Who was drawn out at this school; form state and list length tell nothing any more."""

    caption = _("Children who were drawn out at your school")
    empty_title = _("No drawn-out children")
    empty_text = _(
        "Children stand here when your school was their first choice and there was no place for them."
    )

    class Meta(ApplicationTable.Meta):
        exclude = ("form_state", "mail")


class WaitingTable(SchoolTable):
    """Children who wait for a decision of their school; no care data (DH-180)."""

    pick = PickColumn()
    child = tables.Column(
        verbose_name=pgettext_lazy("column", "Child"),
        accessor="application__child__full_name",
        order_by=("sort_name",),
    )
    registration_number = tables.Column(
        verbose_name=pgettext_lazy("column", "Registration number"),
        accessor="application__registration_number",
        visible=False,
    )
    date_of_birth = tables.Column(
        verbose_name=pgettext_lazy("column", "Born"),
        accessor="application__child__date_of_birth",
        attrs={"td": {"class": "nowrap"}},
    )
    tier = tables.Column(verbose_name=pgettext_lazy("column", "Class"))
    rule = tables.Column(verbose_name=pgettext_lazy("column", "Priority"), visible=False)
    verdict = tables.Column(verbose_name=pgettext_lazy("column", "By the rules"))

    caption = _("Children who wait")
    empty_title = _("Nobody waits")
    empty_text = _("Every child has been decided on.")

    def __init__(
        self, *args: Any, may_decide: bool = False, ticked: Collection[int] = (), **kwargs: Any
    ) -> None:
        self.ticked = ticked
        super().__init__(*args, **kwargs)
        if not may_decide:
            self.columns.hide("pick")

    def render_pick(self, record: Waiting) -> SafeString:
        return format_html(
            '<input class="utrecht-checkbox" type="checkbox" name="child" value="{}" form="bulk" aria-label="{}"{}>',
            record.pk,
            gettext("Choose %(name)s") % {"name": record.application.child.full_name},
            SafeString(" checked") if record.pk in self.ticked else "",
        )

    def render_child(self, record: Waiting) -> SafeString:
        return child_cell(self.brin, record.application, grouped(record.application.registration_number))

    def value_child(self, record: Waiting) -> str:
        return str(record.application.child.full_name)

    def value_registration_number(self, record: Waiting) -> str:
        return grouped(record.application.registration_number)

    def render_date_of_birth(self, record: Waiting) -> str:
        return short_date(record.application.child.date_of_birth)

    def value_date_of_birth(self, record: Waiting) -> Any:
        return record.application.child.date_of_birth

    def render_tier(self, record: Waiting) -> SafeString:
        return format_html('{}<span class="sub">{}</span>', record.tier, record.rule)

    def value_tier(self, record: Waiting) -> int:
        return record.tier

    def render_verdict(self, record: Waiting) -> SafeString:
        return badge(VERDICT_LOOK[record.verdict], record.verdict.label)

    def value_verdict(self, record: Waiting) -> str:
        return str(record.verdict.label)


class PlacementTable(SchoolTable):
    pick = PickColumn()
    child = ChildColumn("application__")
    registration_number = tables.Column(
        verbose_name=pgettext_lazy("column", "Registration number"),
        accessor="application__registration_number",
        visible=False,
    )
    date_of_birth = tables.Column(
        verbose_name=pgettext_lazy("column", "Born"),
        accessor="application__child__date_of_birth",
        visible=False,
    )
    round = tables.Column(
        verbose_name=pgettext_lazy("column", "Round"),
        accessor="school_round__round",
        order_by=("school_round__round__position",),
        attrs={"td": {"class": "nowrap"}},
    )
    placed_as = tables.Column(verbose_name=pgettext_lazy("column", "Placed as"), accessor="preference_rank")
    letter = tables.Column(
        verbose_name=pgettext_lazy("column", "Letter"), accessor="letter_state", empty_values=()
    )
    phone = tables.Column(
        verbose_name=pgettext_lazy("column", "Phone of the parents"),
        orderable=False,
        attrs={"td": {"class": "nowrap"}},
    )
    email = tables.Column(verbose_name=pgettext_lazy("column", "E-mail"), visible=False)
    respond_by = tables.Column(
        verbose_name=pgettext_lazy("column", "Reply until"),
        attrs={"td": {"class": "nowrap"}},
        empty_values=(),
    )
    state = tables.Column(verbose_name=pgettext_lazy("column", "Reply"), accessor="shown_state")
    action = tables.Column(verbose_name=pgettext_lazy("column", "Action"), orderable=False, accessor="pk")

    caption = _("Children with a place at your school")
    empty_title = _("No admitted children yet")
    empty_text = _("You see the result here on the day of the draw.")

    class Meta(LookTable.Meta):
        order_by = "child"

    def __init__(self, *args: Any, may_reply: bool = False, **kwargs: Any) -> None:
        self.may_reply = may_reply
        super().__init__(*args, **kwargs)
        if not may_reply:
            self.columns.hide("pick")

    def can_reply(self, record: Any) -> bool:
        return self.may_reply and record.shown_state in ("offered", "overdue")

    def render_pick(self, record: Placement) -> SafeString | str:
        if not self.can_reply(record):
            return ""
        return format_html(
            '<input class="utrecht-checkbox" type="checkbox" name="placement" value="{}" form="bulk" aria-label="{}">',
            record.pk,
            gettext("Choose %(name)s") % {"name": record.application.child.full_name},
        )

    def render_child(self, record: Placement) -> SafeString:
        return child_cell(self.brin, record.application, short_date(record.application.child.date_of_birth))

    def value_child(self, record: Placement) -> str:
        return record.application.child.full_name

    def value_registration_number(self, record: Placement) -> str:
        return grouped(record.application.registration_number)

    def value_date_of_birth(self, record: Placement) -> Any:
        return record.application.child.date_of_birth

    def render_round(self, record: Placement) -> str:
        return short_round_name(record.school_round.round)

    def render_placed_as(self, record: Placement) -> SafeString | str:
        below = ""
        if record.preference_rank > 1:
            below = gettext("lower preference")
        elif record.school_round.round.kind == RoundKind.ALM:
            kinds = [
                str(SHORT_KINDS[PriorityKind(claim.kind)]).lower()
                for claim in record.application.claims.all()
            ]
            below = ", ".join(kinds)
        if not below:
            return placed_as(record)
        return format_html('{}<span class="sub">{}</span>', placed_as(record), below)

    def value_placed_as(self, record: Placement) -> str:
        return placed_as(record)

    def render_letter(self, record: Any) -> SafeString:
        if not record.letter_state:
            return format_html('<span class="soft">{}</span>', gettext("no letter yet"))
        if record.letter_state == "released" and record.arrived:
            return delivery_badge(record.arrived)
        modifier, shape, word = LETTER_LOOK[record.letter_state]
        return badge(modifier, word, shape)

    def value_letter(self, record: Any) -> str:
        if record.letter_state == "released" and record.arrived:
            return delivery_word(record.arrived)
        return str(LETTER_LOOK[record.letter_state][2]) if record.letter_state else ""

    def render_respond_by(self, record: Any) -> str:
        return short_date(record.respond_by) if record.shown_state in ("offered", "overdue") else ""

    def value_respond_by(self, record: Any) -> Any:
        return record.respond_by or ""

    def render_state(self, record: Any) -> SafeString:
        return placement_badge(record.shown_state)

    def value_state(self, record: Any) -> str:
        return str(PLACEMENT_LOOK[record.shown_state][2])

    def render_action(self, record: Any) -> SafeString:
        name = record.application.child.full_name
        if self.can_reply(record):
            return format_html(
                '<a class="utrecht-button utrecht-button--small" href="{}" data-dialog-load="#reply">{}'
                '<span class="vh"> {}</span></a>',
                reverse("admissions:reply", args=[self.brin, record.pk]),
                gettext("Process reply"),
                gettext("of %(name)s") % {"name": name},
            )
        return format_html(
            '<a class="utrecht-button utrecht-button--small utrecht-button--subtle" href="{}">{}'
            '<span class="vh"> {}</span></a>',
            reverse(
                "admissions:application-detail", args=[self.brin, record.application.registration_number]
            ),
            pgettext("button", "Look"),
            name,
        )

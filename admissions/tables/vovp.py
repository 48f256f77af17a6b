"""Columns of the families and the places of a VOVP."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from admissions.enums import ParticipationState
from admissions.models import Participation
from admissions.tables.desk import NOWRAP, small_button
from admissions.tables.forms import ChildColumn, grouped
from admissions.tables.office import CountColumn, message_badge
from schools.context import short_round_name
from schools.lists import LookTable
from schools.models import SchoolRound
from schools.templatetags.oa import badge, short_moment

P = ParticipationState
STATE_LOOK = {
    P.ELIGIBLE: ("", "dashed"),
    P.INVITED: ("info", "half"),
    P.OPTED_IN: ("ok", "ok"),
    P.NOT_OPTED_IN: ("", "none"),
    P.REMOVED: ("", "back"),
    P.PLACED: ("ok", "ok"),
    P.IMPROVED: ("ok", "ok"),
    P.UNCHANGED: ("", "none"),
}


def participation_badge(state: str) -> SafeString:
    modifier, shape = STATE_LOOK[P(state)]
    return badge(modifier, P(state).label, shape)


class FamilyTable(LookTable):
    """Everybody on the list of a VOVP, with invitation and opt-in."""

    child = ChildColumn("application__")
    kind = tables.Column(verbose_name=pgettext_lazy("column", "Takes part as"))
    period = tables.Column(
        verbose_name=pgettext_lazy("column", "Period"), accessor="application__first_choice__round"
    )
    invitation = tables.Column(verbose_name=pgettext_lazy("column", "Invitation"), empty_values=())
    shown_state = tables.Column(verbose_name=pgettext_lazy("column", "State"))
    received = tables.Column(
        verbose_name=pgettext_lazy("column", "Message came"),
        accessor="opt_in_message__received_at",
        attrs=NOWRAP,
    )
    action = tables.Column(verbose_name=pgettext_lazy("column", "Action"), orderable=False, accessor="pk")

    caption = _("Families that may take part")
    empty_title = _("Nobody here")
    empty_text = _("Families stand here when the list has been made and they have been invited.")

    class Meta(LookTable.Meta):
        order_by = "child"

    def render_child(self, record: Participation) -> SafeString:
        number = record.application.registration_number
        return format_html(
            '<a class="cell" href="{}">{}</a><span class="sub">{}</span>',
            reverse("admissions:vovp-family", args=[record.pk]),
            record.application.child.full_name,
            grouped(number),
        )

    def value_child(self, record: Participation) -> str:
        return record.application.child.full_name

    def render_kind(self, record: Participation) -> str:
        return str(record.get_kind_display())

    def render_period(self, record: Participation) -> str:
        return short_round_name(record.application.first_choice.round)

    def render_invitation(self, record: Any) -> SafeString | str:
        return message_badge(record.invitation) if record.invitation else "–"

    def value_invitation(self, record: Any) -> str:
        return record.invitation or ""

    def render_shown_state(self, record: Any) -> SafeString:
        return participation_badge(record.shown_state)

    def value_shown_state(self, record: Any) -> str:
        return str(P(record.shown_state).label)

    def render_received(self, value: Any) -> str:
        return short_moment(value)

    def value_received(self, value: Any) -> Any:
        return value

    def render_action(self, record: Participation) -> SafeString:
        name = gettext("message of %(name)s") % {"name": record.application.child.full_name}
        word = (
            pgettext("button", "Register")
            if record.state in (P.INVITED, P.NOT_OPTED_IN)
            else pgettext("button", "Open")
        )
        return small_button(reverse("admissions:vovp-family", args=[record.pk]), word, name)


class InventoryTable(LookTable):
    """Places of every school in a VOVP, as sums of the ledger."""

    head_column = "school"
    school = tables.Column(
        verbose_name=pgettext_lazy("column", "School"),
        accessor="programme__school__name",
        order_by=("programme__school__name", "programme__school__brin"),
    )
    brin = tables.Column(
        verbose_name=pgettext_lazy("column", "BRIN"), accessor="programme__school__brin", visible=False
    )
    carried_in = CountColumn(verbose_name=pgettext_lazy("column", "Carried in"), capped_only=True)
    freed_in = CountColumn(verbose_name=pgettext_lazy("column", "Freed"), capped_only=True)
    held = CountColumn(verbose_name=pgettext_lazy("column", "Seats of improvers"))
    in_matching = CountColumn(verbose_name=pgettext_lazy("column", "In the matching"), capped_only=True)
    placed = CountColumn(verbose_name=pgettext_lazy("column", "Placed"))
    lost = CountColumn(verbose_name=pgettext_lazy("column", "Left for better"))
    open_places = CountColumn(verbose_name=pgettext_lazy("column", "Open"), capped_only=True)

    caption = _("Places in this VOVP per school")
    empty_title = _("No schools")
    empty_text = _("The schools of the year stand here.")

    class Meta(LookTable.Meta):
        order_by = "school"

    def render_school(self, record: SchoolRound) -> SafeString:
        school = record.programme.school
        return format_html('{}<span class="sub">{}</span>', school.name, school.brin)

    def value_school(self, record: SchoolRound) -> str:
        return record.programme.school.name

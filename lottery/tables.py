"""Columns of the lists of sessions and draws."""

from collections.abc import Mapping
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from lottery.engine.grammar import CENTRAL, draw_code
from lottery.enums import SessionState
from lottery.models import Draw, DrawSession
from schools.context import round_name
from schools.lists import LookTable
from schools.templatetags.oa import badge, moment_year

SESSION_LOOK = {
    SessionState.FROZEN: ("", "lock"),
    SessionState.COMMITTED: ("", "lock"),
    SessionState.LOCKED: ("info", "half"),
    SessionState.SEEDED: ("info", "half"),
    SessionState.COMPUTED: ("info", "half"),
    SessionState.VERIFIED: ("info", "half"),
    SessionState.APPLIED: ("ok", "ok"),
    SessionState.ATTESTED: ("ok", "ok"),
    SessionState.PUBLISHED: ("ok", "ok"),
    SessionState.VOID: ("", "none"),
}
NUMBER = {"td": {"class": "num"}, "th": {"class": "num"}}


def session_badge(session: DrawSession) -> SafeString:
    modifier, shape = SESSION_LOOK[SessionState(session.state)]
    return badge(modifier, session.get_state_display(), shape)


def short_hash(digits: str) -> SafeString | str:
    """The eight digits that people read aloud; the page of the session has them all."""
    if not digits:
        return "–"
    return format_html('<span class="oa-hash"><b>{}</b></span>', digits[:8])


class SessionTable(LookTable):
    """Draw sessions; no child."""

    head_column = "name"
    caption = _("Draw sessions")
    empty_title = _("No sessions yet")
    empty_text = _("A session stands here from the moment its lists are frozen.")

    name = tables.Column(verbose_name=pgettext_lazy("column", "Session"))
    round = tables.Column(
        verbose_name=pgettext_lazy("column", "Round"), order_by=("round__year__starts_on", "round__position")
    )
    frozen_at = tables.Column(verbose_name=pgettext_lazy("column", "Frozen"))
    children = tables.Column(verbose_name=pgettext_lazy("column", "Children"), attrs=NUMBER)
    commitment_hash = tables.Column(verbose_name=pgettext_lazy("column", "Commitment (H_C)"), orderable=False)
    seed_hash = tables.Column(
        verbose_name=pgettext_lazy("column", "Seed (K)"), orderable=False, empty_values=()
    )
    protocol = tables.Column(verbose_name=pgettext_lazy("column", "Protocol"))
    state = tables.Column(verbose_name=pgettext_lazy("column", "State"))

    class Meta(LookTable.Meta):
        order_by = "-frozen_at"

    def render_name(self, record: DrawSession) -> SafeString:
        url = reverse("lottery:session-detail", args=[record.name])
        below = gettext("Rehearsal") if record.is_rehearsal else ""
        return format_html(
            '<a class="cell" href="{}"><code>{}</code></a><span class="sub">{}</span>',
            url,
            record.name,
            below,
        )

    def value_name(self, record: DrawSession) -> str:
        return record.name

    def render_round(self, record: DrawSession) -> str:
        return round_name(record.round)

    def render_frozen_at(self, record: DrawSession) -> str:
        return moment_year(record.frozen_at)

    def render_commitment_hash(self, record: DrawSession) -> SafeString | str:
        return short_hash(record.commitment_hash)

    def value_commitment_hash(self, record: DrawSession) -> str:
        return record.commitment_hash

    def render_seed_hash(self, record: DrawSession) -> SafeString | str:
        return short_hash(record.seed_hash)

    def value_seed_hash(self, record: DrawSession) -> str:
        return record.seed_hash

    def render_state(self, record: DrawSession) -> SafeString:
        return session_badge(record)

    def value_state(self, record: DrawSession) -> str:
        return str(record.get_state_display())


class DrawTable(LookTable):
    """The draws of one session: places, children, and whether lots decided."""

    head_column = "draw_id"
    caption = _("Draws of this session")
    empty_title = _("No draws yet")
    empty_text = _("The draws stand here when the outcome has been computed.")

    position = tables.Column(verbose_name=pgettext_lazy("column", "No."), attrs=NUMBER)
    draw_id = tables.Column(verbose_name=pgettext_lazy("column", "Draw"))
    places = tables.Column(verbose_name=pgettext_lazy("column", "Places"), attrs=NUMBER, orderable=False)
    children = tables.Column(verbose_name=pgettext_lazy("column", "Children"), attrs=NUMBER)
    placed = tables.Column(verbose_name=pgettext_lazy("column", "Got a place"), attrs=NUMBER)
    lots = tables.Column(verbose_name=pgettext_lazy("column", "Lots needed"), accessor="pk", orderable=False)

    class Meta(LookTable.Meta):
        order_by = "position"

    def __init__(self, *args: Any, names: Mapping[str, str], **kwargs: Any) -> None:
        self.names = names
        super().__init__(*args, **kwargs)

    def _name(self, draw: Draw) -> str:
        if draw.draw_id == CENTRAL:
            return gettext("Central draw")
        return self.names.get(draw_code(draw.draw_id) or "", "")

    def render_draw_id(self, record: Draw) -> SafeString:
        return format_html('{}<span class="sub"><code>{}</code></span>', self._name(record), record.draw_id)

    def value_draw_id(self, record: Draw) -> str:
        return f"{record.draw_id} {self._name(record)}"

    def render_places(self, record: Draw) -> str:
        words = {"-": "–", "onbeperkt": pgettext("places", "unlimited")}
        return words.get(record.places, record.places)

    def render_lots(self, record: Draw) -> SafeString:
        if record.lots_decided:
            return badge("info", pgettext("lots", "Yes"), "half")
        return badge("", pgettext("lots", "No"), "none")

    def value_lots(self, record: Draw) -> str:
        return pgettext("lots", "Yes") if record.lots_decided else pgettext("lots", "No")

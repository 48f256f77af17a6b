"""Columns about messages and whether they arrived."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from notifications.enums import DeliveryState
from schools.context import short_round_name
from schools.lists import LookTable
from schools.templatetags.oa import badge, moment_year

S = DeliveryState
DELIVERY_LOOK = {
    S.WAITING: ("", "dashed"),
    S.SENDING: ("", "dashed"),
    S.OFFERED: ("info", "half"),
    S.RECEIVED: ("ok", "ok"),
    S.DEFERRED: ("warning", "warning"),
    S.FAILED: ("error", "error"),
    S.STORED: ("", "none"),
    S.TO_POST: ("", "mail"),
    S.POSTED: ("ok", "mail"),
}


def delivery_badge(state: str) -> SafeString:
    modifier, shape = DELIVERY_LOOK[S(state)]
    return badge(modifier, S(state).label, shape)


def delivery_word(state: str) -> str:
    return str(S(state).label) if state else ""


class SchoolMessageTable(LookTable):
    """Messages to the parents of a school's children; with the phone number for those that failed (DH-115)."""

    child = tables.Column(
        verbose_name=pgettext_lazy("column", "Child"), accessor="surname", order_by=("surname", "given_name")
    )
    registration_number = tables.Column(
        verbose_name=pgettext_lazy("column", "Registration number"), visible=False
    )
    kind = tables.Column(verbose_name=pgettext_lazy("column", "Message"))
    round = tables.Column(
        verbose_name=pgettext_lazy("column", "Round"), order_by=("round__position",), empty_values=()
    )
    recipient = tables.Column(verbose_name=pgettext_lazy("column", "To"), accessor="recipient_name")
    phone = tables.Column(
        verbose_name=pgettext_lazy("column", "Phone of the parents"),
        orderable=False,
        attrs={"td": {"class": "nowrap"}},
    )
    moment = tables.Column(
        verbose_name=pgettext_lazy("column", "Moment"), accessor="released_at", order_by=("released_at",)
    )
    delivery = tables.Column(
        verbose_name=pgettext_lazy("column", "Arrived"), accessor="delivery_state", empty_values=()
    )
    action = tables.Column(verbose_name=pgettext_lazy("column", "Action"), orderable=False, accessor="pk")

    caption = _("Messages to parents")
    empty_title = _("No messages")
    empty_text = _("Messages to the parents of your children stand here, with whether they arrived.")

    class Meta(LookTable.Meta):
        order_by = "-moment"

    def __init__(self, *args: Any, brin: str = "", **kwargs: Any) -> None:
        self.brin = brin
        super().__init__(*args, **kwargs)

    def name(self, record: Any) -> str:
        return " ".join(part for part in (record.given_name, record.surname_prefix, record.surname) if part)

    def render_child(self, record: Any) -> SafeString:
        url = reverse("admissions:application-detail", args=[self.brin, record.registration_number])
        return format_html('<a class="cell" href="{}">{}</a>', url, self.name(record))

    def value_child(self, record: Any) -> str:
        return self.name(record)

    def render_kind(self, record: Any) -> str:
        return str(record.get_kind_display())

    def render_round(self, record: Any) -> str:
        return short_round_name(record.round) if record.round else "–"

    def render_recipient(self, record: Any) -> SafeString:
        return format_html(
            '{}<span class="sub">{}</span>', record.recipient_name or "–", record.recipient_email
        )

    def value_recipient(self, record: Any) -> str:
        return f"{record.recipient_name} {record.recipient_email}".strip()

    def render_moment(self, record: Any) -> str:
        return moment_year(record.released_at) if record.released_at else "–"

    def render_delivery(self, record: Any) -> SafeString | str:
        if record.delivery_state:
            return delivery_badge(record.delivery_state)
        return format_html('<span class="soft">{}</span>', gettext("not sent yet"))

    def value_delivery(self, record: Any) -> str:
        return delivery_word(record.delivery_state)

    def render_action(self, record: Any) -> SafeString:
        url = reverse("admissions:reach", args=[self.brin, record.registration_number])
        return format_html(
            '<a class="utrecht-button utrecht-button--small" href="{}">{}<span class="vh"> {}</span></a>',
            url,
            gettext("Reach"),
            self.name(record),
        )

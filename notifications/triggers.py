"""What the database itself keeps of messages, releases and deliveries, also for raw SQL (DH-111, DH-142, Q-48)."""

from collections.abc import Iterable

from notifications.enums import LEFT_STATES, OUTCOME_KINDS, DeliveryState
from schools.triggers import Rule, append_only, deletable_only_in_reset, never_replaced, register


def _sql_list(values: Iterable[str]) -> str:
    return "(" + ", ".join(f"'{value}'" for value in sorted(str(value) for value in values)) + ")"


_OUTCOME = _sql_list(OUTCOME_KINDS)
_LEAVING = _sql_list({*LEFT_STATES, DeliveryState.WAITING})
_IN_RESET = "EXISTS (SELECT 1 FROM schools_admissionyear y WHERE y.id = OLD.year_id AND y.reset_started_at IS NOT NULL)"
_NOT_OPENED = (
    f"NEW.state = 'released' AND NEW.kind IN {_OUTCOME} AND NOT EXISTS (SELECT 1 FROM notifications_release rl "
    "WHERE rl.round_id = NEW.round_id AND rl.opened_at IS NOT NULL AND rl.opened_at <= NEW.released_at)"
)
_YEAR_OF_DELIVERY = "SELECT m.year_id FROM notifications_message m WHERE m.id = OLD.message_id"
_YEAR_OF_EVENT = (
    "SELECT m.year_id FROM notifications_delivery d JOIN notifications_message m ON m.id = d.message_id "
    "WHERE d.id = OLD.delivery_id"
)
_REALLY_SENT = (
    f"NEW.channel = 'email' AND NEW.state IN {_LEAVING} AND EXISTS (SELECT 1 FROM notifications_message m "
    "JOIN schools_admissionyear y ON y.id = m.year_id WHERE m.id = NEW.message_id AND y.is_rehearsal)"
)

register(
    Rule(
        "notifications_message_born_released",
        "notifications_message",
        "INSERT",
        _NOT_OPENED,
        "notifications_message: a result leaves with the release of its round only",
    ),
    Rule(
        "notifications_message_with_release",
        "notifications_message",
        "UPDATE",
        f"OLD.state <> 'released' AND {_NOT_OPENED}",
        "notifications_message: a result leaves with the release of its round only",
    ),
    Rule(
        "notifications_message_stays_said",
        "notifications_message",
        "UPDATE",
        "(OLD.state <> 'held' AND (NEW.state <> OLD.state OR CAST(NEW.merge AS text) <> CAST(OLD.merge AS text))) "
        "OR (OLD.state = 'released' AND NEW.released_at <> OLD.released_at) "
        "OR NEW.year_id <> OLD.year_id OR NEW.kind <> OLD.kind OR NEW.case_key <> OLD.case_key "
        "OR COALESCE(NEW.round_id, 0) <> COALESCE(OLD.round_id, 0)",
        "notifications_message: what was sent or cancelled stays as it was",
    ),
    Rule(
        "notifications_release_of_its_year",
        "notifications_release",
        "INSERT",
        "NEW.year_id <> (SELECT r.year_id FROM schools_round r WHERE r.id = NEW.round_id) OR (NEW.is_rehearsal "
        "AND NOT (SELECT y.is_rehearsal FROM schools_admissionyear y WHERE y.id = NEW.year_id))",
        "notifications_release: a release belongs to its year, and only a rehearsal is opened by nobody",
    ),
    Rule(
        "notifications_release_stays",
        "notifications_release",
        "UPDATE",
        "OLD.opened_at IS NOT NULL OR NEW.round_id <> OLD.round_id OR NEW.year_id <> OLD.year_id "
        "OR NEW.is_rehearsal <> OLD.is_rehearsal",
        "notifications_release: an opened release stays as it is",
    ),
    Rule(
        "notifications_release_no_delete",
        "notifications_release",
        "DELETE",
        f"OLD.opened_at IS NOT NULL AND NOT {_IN_RESET}",
        "notifications_release: DELETE is refused",
    ),
    never_replaced("notifications_release", "r.round_id = NEW.round_id"),
    Rule(
        "notifications_delivery_of_released",
        "notifications_delivery",
        "INSERT",
        "(SELECT m.state FROM notifications_message m WHERE m.id = NEW.message_id) <> 'released'",
        "notifications_delivery: this message is held",
    ),
    Rule(
        "notifications_delivery_rehearsal_insert",
        "notifications_delivery",
        "INSERT",
        _REALLY_SENT,
        "notifications_delivery: nothing of a rehearsal is really sent",
    ),
    Rule(
        "notifications_delivery_rehearsal_update",
        "notifications_delivery",
        "UPDATE",
        _REALLY_SENT,
        "notifications_delivery: nothing of a rehearsal is really sent",
    ),
    Rule(
        "notifications_delivery_stays_put",
        "notifications_delivery",
        "UPDATE",
        "NEW.message_id <> OLD.message_id OR NEW.position <> OLD.position OR NEW.channel <> OLD.channel "
        "OR NEW.email <> OLD.email OR NEW.key <> OLD.key OR (OLD.state IN ('stored', 'posted') "
        "AND NEW.state <> OLD.state)",
        "notifications_delivery: a delivery keeps its recipient",
    ),
    deletable_only_in_reset("notifications_delivery", _YEAR_OF_DELIVERY),
    *append_only("notifications_deliveryevent", _YEAR_OF_EVENT),
    never_replaced("notifications_deliveryevent"),
)

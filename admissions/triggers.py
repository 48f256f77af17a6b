"""What the database refuses by itself about lists, seats and the ledger (DESIGN section 4)."""

from collections.abc import Callable

from admissions.enums import CARE_DUTY_STATES, OPEN_CARE_STATES
from schools.triggers import Rule, append_only, deletable_only_in_reset, never_replaced, register

_YEAR_OF_SEAT = (
    "SELECT r.year_id FROM schools_round r JOIN schools_schoolround s ON s.round_id = r.id "
    "WHERE s.id = OLD.school_round_id"
)
_LOCK_SEAT = "PERFORM 1 FROM schools_schoolround WHERE id = NEW.school_round_id FOR NO KEY UPDATE"
_CEILING = "(SELECT ceiling FROM schools_schoolround WHERE id = NEW.school_round_id)"
# Seats of the round: everything in its ledger except who sits on them.
_SEATS = (
    "(SELECT COALESCE(SUM(e.places), 0) FROM admissions_ledgerentry e WHERE e.school_round_id = NEW.school_round_id "
    "AND e.kind NOT IN ('placed', 'withdrawn'))"
)
# A superseded or lapsed placement still fills its seat in this round: the seat itself moved to a VOVP, or is
# freed by the withdrawal that must follow.
_TAKEN = (
    "(SELECT COUNT(*) FROM admissions_placement p "
    "WHERE p.school_round_id = NEW.school_round_id AND p.state <> 'withdrawn')"
)
_DUTY = f"({', '.join(repr(str(state)) for state in sorted(CARE_DUTY_STATES))})"
_OPEN = f"({', '.join(repr(str(state)) for state in sorted(OPEN_CARE_STATES))})"
_ACTIVE = "('reserved', 'offered', 'enrolled')"


def _is_frozen(round_id: str) -> str:
    """The lists of this round are committed: nothing that goes into the draw changes (DH-201).

    Mostly no round at all is frozen, and then it need not be known which rounds the row belongs to.
    """
    return (
        "EXISTS (SELECT 1 FROM schools_round WHERE state = 'frozen') AND "
        "EXISTS (SELECT 1 FROM schools_round fr JOIN schools_admissionyear fy ON fy.id = fr.year_id "
        f"WHERE fr.id IN ({round_id}) AND fr.state = 'frozen' AND fy.reset_started_at IS NULL)"
    )


def _rounds_of_application(application_id: str) -> str:
    """The round of the first choice, and the VOVPs it takes part in."""
    return (
        f"SELECT fs.round_id FROM admissions_application fa JOIN schools_schoolround fs ON fs.id = fa.first_choice_id "
        f"WHERE fa.id = {application_id} UNION SELECT fp.round_id FROM admissions_participation fp "
        f"WHERE fp.application_id = {application_id} AND fp.state = 'opted_in'"
    )


def _rounds_of_seat(school_round_id: str) -> str:
    return f"SELECT fs.round_id FROM schools_schoolround fs WHERE fs.id = {school_round_id}"


# Per table: how to find the rounds of a row, and which UPDATE matters to the draw.
_FROZEN_TABLES: dict[str, tuple[Callable[[str], str], str]] = {
    "admissions_application": (
        lambda row: (
            f"{_rounds_of_seat(f'{row}.first_choice_id')} UNION {_rounds_of_application(f'{row}.id')}"
        ),
        "NEW.first_choice_id <> OLD.first_choice_id OR NEW.child_id <> OLD.child_id "
        "OR NEW.decision <> OLD.decision OR NEW.registration_number <> OLD.registration_number",
    ),
    "admissions_applicationform": (
        lambda row: _rounds_of_application(f"{row}.application_id"),
        "NEW.postcode <> OLD.postcode OR NEW.state <> OLD.state OR NEW.version <> OLD.version "
        "OR NEW.application_id <> OLD.application_id",
    ),
    "admissions_preference": (lambda row: _rounds_of_application(f"{row}.application_id"), "1=1"),
    "admissions_priorityclaim": (lambda row: _rounds_of_application(f"{row}.application_id"), "1=1"),
    "admissions_carecase": (
        lambda row: _rounds_of_application(f"{row}.application_id"),
        "NEW.application_id <> OLD.application_id "
        f"OR (NEW.state IN {_DUTY}) <> (OLD.state IN {_DUTY}) OR (NEW.state IN {_OPEN}) <> (OLD.state IN {_OPEN})",
    ),
    "admissions_participation": (
        lambda row: f"{row}.round_id",
        "NEW.round_id <> OLD.round_id OR NEW.application_id <> OLD.application_id OR NEW.kind <> OLD.kind "
        "OR NEW.state <> OLD.state OR COALESCE(NEW.held_placement_id, 0) <> COALESCE(OLD.held_placement_id, 0)",
    ),
    "schools_schoolround": (
        lambda row: f"{row}.round_id",
        "COALESCE(NEW.ceiling, -1) <> COALESCE(OLD.ceiling, -1) OR NEW.draw_mode <> OLD.draw_mode "
        "OR NEW.round_id <> OLD.round_id OR NEW.programme_id <> OLD.programme_id OR NEW.is_ready <> OLD.is_ready",
    ),
    "schools_priorityrule": (
        lambda row: f"SELECT fx.id FROM schools_round fx WHERE fx.year_id = {row}.year_id",
        "1=1",
    ),
    "admissions_ledgerentry": (lambda row: _rounds_of_seat(f"{row}.school_round_id"), "1=1"),
}


def _freeze_rules() -> list[Rule]:
    rules = []
    for table, (rounds, matters) in _FROZEN_TABLES.items():
        message = f"{table}: the lists of this round are frozen for the draw"
        for event, rows in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",))):
            frozen = " OR ".join(_is_frozen(rounds(row)) for row in rows)
            # Whoever freezes holds the row of the round: a writer waits, and then sees that it is frozen.
            lock = "; ".join(
                f"PERFORM 1 FROM schools_round WHERE id IN ({rounds(row)}) FOR SHARE" for row in rows
            )
            if event == "UPDATE":
                frozen, lock = f"({matters}) AND ({frozen})", f"IF ({matters}) THEN {lock}; END IF"
            rules.append(Rule(f"{table}_frozen_{event.lower()}", table, event, frozen, message, lock=lock))
    return rules


_OLD_YEAR = "SELECT a.year_id FROM admissions_application a WHERE a.id = OLD.application_id"
register(
    Rule(
        "admissions_fileopening_no_update",
        "admissions_fileopening",
        "UPDATE",
        "1=1",
        "admissions_fileopening is append-only: UPDATE is refused",
    ),
    # A rehearsal year that is reset takes its openings along; otherwise they stay a year at least.
    *(
        Rule(
            f"admissions_fileopening_stays_{vendor}",
            "admissions_fileopening",
            "DELETE",
            f"OLD.recorded_at > {year_ago} AND "
            f"(SELECT reset_started_at FROM schools_admissionyear WHERE id = ({_OLD_YEAR})) IS NULL",
            "admissions_fileopening: DELETE is refused",
            vendor=vendor,
        )
        for vendor, year_ago in (
            ("sqlite", "datetime('now', '-365 days')"),
            ("postgresql", "now() - interval '365 days'"),
        )
    ),
    never_replaced("admissions_fileopening"),
)

register(
    *_freeze_rules(),
    Rule(
        "schools_round_stays_frozen",
        "schools_round",
        "UPDATE",
        "OLD.state = 'frozen' AND NEW.state <> 'frozen' AND NOT EXISTS (SELECT 1 FROM schools_admissionyear y "
        "WHERE y.id = OLD.year_id AND y.reset_started_at IS NOT NULL) AND NOT (NEW.state = 'matched' AND EXISTS "
        "(SELECT 1 FROM lottery_drawsession s WHERE s.round_id = OLD.id AND s.applied_at IS NOT NULL)) "
        "AND EXISTS (SELECT 1 FROM lottery_drawsession s WHERE s.round_id = OLD.id AND s.state <> 'void')",
        "schools_round: its lists are frozen until the draw is official or its session is void",
    ),
)

register(
    *append_only("admissions_ledgerentry", _YEAR_OF_SEAT),
    never_replaced("admissions_ledgerentry", "r.placement_id = NEW.placement_id AND r.kind = NEW.kind"),
    Rule(
        "schools_schoolround_stays_capped",
        "schools_schoolround",
        "UPDATE",
        "((NEW.ceiling IS NULL) <> (OLD.ceiling IS NULL) OR NEW.round_id <> OLD.round_id "
        "OR NEW.programme_id <> OLD.programme_id) "
        "AND (EXISTS (SELECT 1 FROM admissions_ledgerentry e WHERE e.school_round_id = OLD.id) "
        "OR EXISTS (SELECT 1 FROM admissions_placement p WHERE p.school_round_id = OLD.id))",
        "schools_schoolround: its places are in the books, it keeps or lacks its ceiling",
    ),
    Rule(
        "admissions_ledger_not_below_zero",
        "admissions_ledgerentry",
        "INSERT",
        f"{_CEILING} IS NULL OR NEW.places + (SELECT COALESCE(SUM(e.places), 0) FROM admissions_ledgerentry e "
        "WHERE e.school_round_id = NEW.school_round_id) < 0",
        "admissions_ledgerentry: more places booked than there are",
        lock=_LOCK_SEAT,
    ),
    Rule(
        "admissions_placement_has_seat",
        "admissions_placement",
        "INSERT",
        f"NEW.state <> 'withdrawn' AND {_CEILING} IS NOT NULL AND {_TAKEN} >= {_SEATS}",
        "admissions_placement: no place left at this school in this round",
        lock=_LOCK_SEAT,
    ),
    Rule(
        "admissions_placement_own_child",
        "admissions_placement",
        "INSERT",
        "NEW.child_id <> (SELECT child_id FROM admissions_application WHERE id = NEW.application_id)",
        "admissions_placement: the child is not the child of the application",
    ),
    Rule(
        "admissions_placement_stays_put",
        "admissions_placement",
        "UPDATE",
        "NEW.child_id <> OLD.child_id OR NEW.application_id <> OLD.application_id "
        "OR NEW.school_round_id <> OLD.school_round_id OR NEW.preference_rank <> OLD.preference_rank "
        "OR (OLD.state IN ('withdrawn', 'superseded') AND NEW.state <> OLD.state) "
        "OR (OLD.state = 'lapsed' AND NEW.state NOT IN ('lapsed', 'withdrawn'))",
        "admissions_placement: a seat is not moved and an ended placement does not come back",
    ),
    deletable_only_in_reset("admissions_placement", _YEAR_OF_SEAT),
    never_replaced(
        "admissions_placement",
        "r.application_id = NEW.application_id AND r.school_round_id = NEW.school_round_id "
        "AND r.state <> 'withdrawn'",
        f"r.child_id = NEW.child_id AND r.state IN {_ACTIVE} AND NEW.state IN {_ACTIVE}",
    ),
    Rule(
        "admissions_case_keeps_its_owner",
        "schools_user",
        "UPDATE",
        "OLD.is_active AND NOT NEW.is_active AND EXISTS (SELECT 1 FROM admissions_case c "
        "WHERE c.owner_id = OLD.id AND c.state = 'taken')",
        "schools_user: this person still works on cases of the office",
    ),
    Rule(
        "admissions_case_stays_true",
        "admissions_case",
        "UPDATE",
        "OLD.state = 'closed' OR (OLD.state = 'taken' AND NEW.state = 'open') OR NEW.kind <> OLD.kind "
        "OR NEW.about <> OLD.about OR NEW.year_id <> OLD.year_id OR NEW.note <> OLD.note "
        "OR NEW.opened_at <> OLD.opened_at OR COALESCE(NEW.application_id, 0) <> COALESCE(OLD.application_id, 0)",
        "admissions_case: what was reported stays, and what was settled stays settled",
    ),
    Rule(
        "admissions_case_opens_open",
        "admissions_case",
        "INSERT",
        "NEW.state <> 'open'",
        "admissions_case: a case begins open",
    ),
    deletable_only_in_reset("admissions_case", "OLD.year_id"),
    never_replaced(
        "admissions_case",
        "r.year_id = NEW.year_id AND r.kind = NEW.kind AND r.about = NEW.about AND r.state <> 'closed' "
        "AND NEW.state <> 'closed'",
    ),
    Rule(
        "admissions_exception_begins_proposed",
        "admissions_placeexception",
        "INSERT",
        "NEW.state <> 'proposed'",
        "admissions_placeexception: an exception is proposed first",
    ),
    Rule(
        "admissions_exception_stays_decided",
        "admissions_placeexception",
        "UPDATE",
        "OLD.state <> 'proposed' OR NEW.kind <> OLD.kind OR NEW.application_id <> OLD.application_id "
        "OR NEW.round_id <> OLD.round_id OR NEW.reason <> OLD.reason OR NEW.passed_over <> OLD.passed_over "
        "OR NEW.proposed_by_id <> OLD.proposed_by_id",
        "admissions_placeexception: what was proposed and decided stays",
    ),
    deletable_only_in_reset(
        "admissions_placeexception", "SELECT r.year_id FROM schools_round r WHERE r.id = OLD.round_id"
    ),
    never_replaced("admissions_placeexception"),
    *append_only("admissions_caseentry", "SELECT c.year_id FROM admissions_case c WHERE c.id = OLD.case_id"),
    never_replaced("admissions_caseentry"),
    Rule(
        "admissions_preference_no_gap",
        "admissions_preference",
        "INSERT",
        "NEW.rank <> 1 + (SELECT COUNT(*) FROM admissions_preference p WHERE p.application_id = NEW.application_id)",
        "admissions_preference: ranks follow each other from 1",
    ),
    Rule(
        "admissions_preference_no_move",
        "admissions_preference",
        "UPDATE",
        "NEW.rank <> OLD.rank OR NEW.application_id <> OLD.application_id OR NEW.programme_id <> OLD.programme_id",
        "admissions_preference: a list is replaced as a whole",
    ),
)

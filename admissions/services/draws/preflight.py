"""What must be in order before the lists of a round are frozen: per school one line with the way to mend it.

A red finding blocks the freeze; a warning must be seen by whoever freezes (den-haag.md DH-086, DH-181, DH-202).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from admissions.enums import (
    OPEN_CARE_STATES,
    ClaimState,
    Decision,
    FormState,
    RepairKind,
    RepairState,
)
from admissions.models import Application, ApplicationForm, CareCase, PriorityClaim, Repair
from admissions.selectors.office import per_seat
from lottery.enums import SessionKind, SessionState
from lottery.models import DrawSession
from lottery.services.self_test import self_test
from schools.calendar_words import dates_in_words
from schools.enums import DrawMode, RoundKind, RoundState
from schools.models import ProgrammeYear, Round, SchoolRound
from schools.services.confirmations import is_far_off, places_of_two_years, rule_fingerprints
from schools.services.rounds import missing_dates

READY = {RoundKind.ALM: RoundState.LOCKED, RoundKind.VOVP: RoundState.OPT_IN_CLOSED}
TAKING_PART = (Decision.UNDECIDED, Decision.DRAWN_OUT)
OPEN_FORMS = (FormState.DRAFT, FormState.FINAL, FormState.RELEASED)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the list; ``address`` is the name of the page where it is mended."""

    is_red: bool
    text: str
    school: str = ""
    brin: str = ""
    address: str = ""
    kind: str = ""
    seat: int = 0  # key of the school's row in this round
    short: str = ""  # the same in two words, for a cell of the round board
    row: int = 0  # key of what the address is about, when that is no school or round


@dataclass(frozen=True, slots=True)
class Preflight:
    findings: tuple[Finding, ...]
    schools: int

    @property
    def red(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.is_red]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.is_red]

    @property
    def blocked(self) -> bool:
        return bool(self.red)


def check_round(round_: Round) -> Preflight:
    """Look at everything; at most fifteen queries, whatever the number of schools."""
    seats = counted_seats(round_)
    findings = [*check_installation(round_), *school_findings(round_, seats)]
    return Preflight(tuple(sorted(findings, key=lambda finding: not finding.is_red)), len(seats))


def counted_seats(round_: Round) -> list[SchoolRound]:
    """Every school of the round by name; in an application period with what is still open there. One query.

    Shapes: ``open_forms``, ``open_claims``, ``open_care`` and ``undecided`` are numbers of one school; ``drawing``
            says that its draw by hand was opened and not finished.
    """
    seats = (
        SchoolRound.objects.filter(round=round_)
        .select_related("programme__school")
        .order_by("programme__name", "pk")
    )
    if round_.kind != RoundKind.ALM:
        return list(seats)
    seat, taking_part = "application__first_choice", {"application__decision__in": TAKING_PART}
    forms = ApplicationForm.objects.filter(state__in=OPEN_FORMS)
    claims = PriorityClaim.objects.filter(**taking_part, state=ClaimState.CLAIMED)
    care = CareCase.objects.filter(**taking_part, state__in=OPEN_CARE_STATES)
    undecided = Application.objects.filter(decision=Decision.UNDECIDED)
    by_hand = DrawSession.objects.filter(
        round=round_, kind=SessionKind.SCHOOL, applied_at=None, key=OuterRef("programme__code")
    )
    return list(
        seats.annotate(
            open_forms=per_seat(forms, Count("pk"), key=seat),
            open_claims=per_seat(claims, Count("pk"), key=seat),
            open_care=per_seat(care, Count("pk"), key=seat),
            undecided=per_seat(undecided, Count("pk"), key="first_choice"),
            drawing=Exists(by_hand.exclude(state=SessionState.VOID)),
        )
    )


def school_findings(round_: Round, seats: Sequence[SchoolRound]) -> list[Finding]:
    """What is not in order per school, of seats from ``counted_seats``; a VOVP asks nothing of its schools."""
    findings: list[Finding] = []
    if round_.kind == RoundKind.ALM:
        findings += [*_forms(seats), *_claims(seats), *_care(seats), *_manual(round_, seats)]
        rows = {row.programme_id: row for row in ProgrammeYear.objects.filter(year=round_.year_id)}
        findings += [*_rules(round_, seats, rows), *_places(round_, seats, rows)]
    return findings


def is_test_mode() -> bool:
    """This installation may make rehearsals, or tells its inner workings to visitors."""
    return bool(settings.DEBUG or settings.REHEARSAL_ALLOWED)


def check_installation(round_: Round) -> Iterator[Finding]:
    """What is not in order whatever the school: dates, state of the round, and this installation itself."""
    missing = missing_dates(round_)
    if missing:
        yield Finding(
            True,
            _("These dates are missing: %(dates)s.") % {"dates": dates_in_words(missing)},
            address="admissions:round-detail",
            kind="dates",
        )
    ready = READY[RoundKind(round_.kind)]
    if round_.state != ready:
        yield Finding(
            True,
            _("The round is “%(state)s”, and must be “%(ready)s” before it can be frozen.")
            % {"state": round_.get_state_display(), "ready": ready.label},
            address="admissions:clock" if round_.year.is_rehearsal else "admissions:round-detail",
            kind="state",
        )
    for problem in self_test():
        yield Finding(True, problem, kind="self_test")
    yield from _new_orders(round_)
    if is_test_mode() and not round_.year.is_rehearsal:
        yield Finding(
            True,
            _(
                "This installation is in test mode. A real draw is held on an installation for real draws only: "
                "call whoever manages the server."
            ),
            kind="test_mode",
        )
    if round_.year.is_rehearsal:
        yield Finding(False, _("This is a rehearsal: the result is not a real one."), kind="rehearsal")


def _new_orders(round_: Round) -> Iterator[Finding]:
    """Q-32: a new draw by hand was asked for and waits for its second person; after the freeze it is too late."""
    seat = SchoolRound.objects.filter(
        round=OuterRef("session__round"), programme__code=OuterRef("session__key")
    )
    rows = Repair.objects.filter(
        session__round=round_, kind=RepairKind.NEW_ORDER, state=RepairState.PROPOSED
    ).annotate(school=Subquery(seat.values("programme__name")[:1]))
    for pk, school, key in rows.values_list("pk", "school", "session__key"):
        text = _("%(school)s: a new draw by hand was asked for and waits for a second person to decide.") % {
            "school": school or key
        }
        yield Finding(True, text, address="admissions:repair", kind=f"new-order-{pk}", row=pk)


def _at_school(
    seat: SchoolRound, text: str, *, kind: str, address: str, is_red: bool = True, short: str = ""
) -> Finding:
    school = seat.programme.school
    return Finding(is_red, text, seat.programme.name, school.brin, address, kind, seat.pk, short)


def _forms(seats: Sequence[SchoolRound]) -> Iterator[Finding]:
    for seat in seats:
        if n := seat.open_forms:  # type: ignore[attr-defined]
            text = ngettext("%(count)d form is still open.", "%(count)d forms are still open.", n)
            short = pgettext("board cell", "%(n)d open") % {"n": n}
            address = "admissions:application-list"
            yield _at_school(seat, text % {"count": n}, kind="forms", address=address, short=short)


def _claims(seats: Sequence[SchoolRound]) -> Iterator[Finding]:
    for seat in seats:
        if n := seat.open_claims:  # type: ignore[attr-defined]
            text = ngettext(
                "%(count)d priority has been neither confirmed nor rejected.",
                "%(count)d priorities have been neither confirmed nor rejected.",
                n,
            )
            short = pgettext("board cell", "%(n)d to check") % {"n": n}
            address = "admissions:application-list"
            yield _at_school(seat, text % {"count": n}, kind="claims", address=address, short=short)


def _care(seats: Sequence[SchoolRound]) -> Iterator[Finding]:
    for seat in seats:
        if n := seat.open_care:  # type: ignore[attr-defined]
            text = ngettext(
                "%(count)d care wish has no outcome.", "%(count)d care wishes have no outcome.", n
            )
            short = pgettext("board cell", "%(n)d without outcome") % {"n": n}
            address = "admissions:application-list"
            yield _at_school(seat, text % {"count": n}, kind="care", address=address, short=short)


def _manual(round_: Round, seats: Sequence[SchoolRound]) -> Iterator[Finding]:
    """DH-086. In a rehearsal nobody draws by hand: those schools are drawn in this session like the others."""
    waiting = [s for s in seats if s.draw_mode == DrawMode.MANUAL and s.is_capped and not s.is_ready]
    for seat in waiting:
        if seat.drawing:  # type: ignore[attr-defined]
            text = _("The school opened a draw by hand and has not finished it.")
            short = pgettext("board cell", "draw begun")
            yield _at_school(seat, text, kind="manual", address="admissions:school-decisions", short=short)
    for seat in waiting:
        count = seat.undecided  # type: ignore[attr-defined]
        if seat.drawing or not count:  # type: ignore[attr-defined]
            continue
        if round_.year.is_rehearsal:
            text = _(
                "The school draws by hand and is not ready: in this rehearsal it is drawn with the others."
            )
        else:
            text = ngettext(
                "The school draws by hand and is not ready: %(count)d child waits.",
                "The school draws by hand and is not ready: %(count)d children wait.",
                count,
            ) % {"count": count}
        yield _at_school(
            seat,
            text,
            kind="manual",
            address="admissions:school-decisions",
            is_red=not round_.year.is_rehearsal,
            short=pgettext("board cell", "not ready"),
        )


def _places(
    round_: Round, seats: Sequence[SchoolRound], rows: Mapping[int, ProgrammeYear]
) -> Iterator[Finding]:
    """Places of the year more than a fifth away from last year's, until the office says that it is right."""
    before, stands = places_of_two_years(round_.year, rows.values())
    if not before and not round_.year.is_rehearsal:
        yield Finding(
            False,
            _("Last year's places are not known, so nobody can see whether this year's are strange."),
            address="admissions:places-check",
            kind="places_unknown",
        )
    for seat in seats:
        old, new = before.get(seat.programme_id), stands.get(seat.programme_id)
        if not old or new is None or not is_far_off(new, old):
            continue
        row = rows.get(seat.programme_id)
        if row is None or row.places_confirmed != new:
            yield _at_school(
                seat,
                _("%(now)d places this year, and %(before)d last year. Somebody must say that it is right.")
                % {"now": new, "before": old},
                kind="places",
                address="admissions:places-check",
                short=f"{round(100 * (new - old) / old):+d}%",
            )


def _rules(
    round_: Round, seats: Sequence[SchoolRound], rows: Mapping[int, ProgrammeYear]
) -> Iterator[Finding]:
    """DH-012: every school with a ceiling says once a year that its rules and their order are right."""
    codes = rule_fingerprints(round_.year)
    for seat in seats:
        row = rows.get(seat.programme_id)
        if seat.is_capped and (row is None or row.rules_confirmed != codes[seat.programme_id]):
            yield _at_school(
                seat,
                _("The school has not confirmed its priority rules and their order this year."),
                kind="rules",
                address="admissions:school-settings",
                short=pgettext("board cell", "not confirmed"),
            )

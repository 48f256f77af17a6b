"""Taking part in a VOVP: who may, who does, and longer lists for the unplaced (den-haag.md 2.9 and 4.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import (
    CARE_DUTY_STATES,
    PARTICIPATION_MOVES,
    Decision,
    ParticipationKind,
    ParticipationState,
    PlacementState,
)
from admissions.models import Application, Participation, Placement, Preference
from admissions.services.draws.freezing import lists_of
from admissions.services.letters.notices import tell_invited
from admissions.services.year.csv_files import FileError, read_table
from admissions.services.year.states import move_rows
from schools.models import Programme, Round, SchoolRound, User
from schools.services.events import Fact, record_events

P = ParticipationState


@dataclass(frozen=True, slots=True)
class OptIn:
    """One family that takes part; ``added`` are programme codes behind the list, for the unplaced only (DH-131)."""

    participation_id: int
    application_id: int
    registration_number: str
    added: tuple[str, ...]


@transaction.atomic
def invite_eligible(round_: Round, *, actor: User | None) -> int:
    """Make the eligible list and mark everybody on it as invited (DH-131 to DH-133); may run twice.

    Unplaced: drawn out on every school of a served round. Improver: placed lower, and the seat is still held
    (offered or enrolled, Q-29). Withdrawn children and children with care duty are not on it (Q-12, Q-13).
    """
    served = Application.objects.filter(first_choice__round__in=round_.serves.all()).exclude(
        care_case__state__in=CARE_DUTY_STATES
    )
    unplaced = served.filter(decision=Decision.UNPLACED)
    rows = [
        Participation(application_id=pk, round=round_, kind=ParticipationKind.UNPLACED, state=P.INVITED)
        for pk in unplaced.values_list("pk", flat=True)
    ]
    seats = Placement.objects.filter(
        application__in=served.filter(decision=Decision.PLACED_LOWER),
        state__in=[PlacementState.OFFERED, PlacementState.ENROLLED],
        preference_rank__gt=1,
    )
    rows += [
        Participation(
            application_id=application_id,
            round=round_,
            kind=ParticipationKind.IMPROVER,
            state=P.INVITED,
            held_placement_id=pk,
        )
        for pk, application_id in seats.values_list("pk", "application_id")
    ]
    # Two at once: the second waits here and finds the rows of the first.
    Round.objects.select_for_update(no_key=True).get(pk=round_.pk)
    invited = Participation.objects.filter(round=round_)
    before = set(invited.values_list("application_id", flat=True))
    Participation.objects.bulk_create(
        [row for row in rows if row.application_id not in before], batch_size=500
    )
    facts = [
        Fact("vovp_invited", "application", number, new=f"{round_.code} {kind}")
        for number, kind in invited.exclude(application__in=before)
        .order_by("pk")
        .values_list("application__registration_number", "kind")
    ]
    tell_invited(round_)
    return record_events(round_.year, facts, actor=actor)


def read_opt_ins(round_: Round, content: bytes, *, name: str) -> list[OptIn]:
    """Check an opt-in file as a whole (data-formats.md section 2); one wrong row refuses it, with its line number."""
    table = read_table(content, name=name, required=["form_reference", "added_preferences"])
    invited = {
        row.application.form.form_reference: row
        for row in Participation.objects.filter(round=round_).select_related("application__form")
    }
    codes = set(SchoolRound.objects.filter(round=round_).values_list("programme__code", flat=True))
    lists = lists_of(application__participations__round=round_)
    opt_ins: dict[str, OptIn] = {}
    for row in table.rows:
        reference = row.cells["form_reference"]

        def refuse(sentence: str, line: int = row.line) -> FileError:
            return FileError(
                _("%(file)s, line %(line)d: %(sentence)s Nothing has been done.")
                % {"file": name, "line": line, "sentence": sentence}
            )

        if row.problem:
            raise refuse(row.problem)
        found = invited.get(reference)
        if found is None:
            raise refuse(
                _("form %(reference)s cannot take part in %(round)s.")
                % {"reference": reference or "-", "round": round_.code}
            )
        if reference in opt_ins:
            raise refuse(_("form %(reference)s occurs twice.") % {"reference": reference})
        added = tuple(row.cells["added_preferences"].upper().split())
        problem = added_problem(found, added, codes=codes, own=lists[found.application_id])
        if problem:
            raise refuse(problem)
        opt_ins[reference] = OptIn(
            found.pk, found.application_id, found.application.registration_number, added
        )
    return list(opt_ins.values())


def added_problem(row: Participation, added: Sequence[str], *, codes: set[str], own: Sequence[str]) -> str:
    """Why these schools cannot be added behind the list ``own``; empty = they can (DH-131, DH-132, Q-28)."""
    if added and row.kind != ParticipationKind.UNPLACED:
        return _("a child that has a place takes part with its own list: no schools can be added.")
    if len(set(added)) != len(added):
        return _("a school is added twice.")
    for code in added:
        if code not in codes:
            return _("no school has the BRIN “%(brin)s”.") % {"brin": code[:20]}
        if code in own:
            return _("school %(brin)s is on the list already.") % {"brin": code}
    return ""


def everybody(round_: Round) -> list[OptIn]:
    """All invited families, with the lists they have."""
    rows = Participation.objects.filter(round=round_, state=P.INVITED).select_related("application")
    return [OptIn(row.pk, row.application_id, row.application.registration_number, ()) for row in rows]


@transaction.atomic
def record_opt_ins(round_: Round, opt_ins: Sequence[OptIn], *, actor: User | None) -> int:
    """Opt these families in, add the schools of the unplaced, and close the window for the others (DH-134)."""
    taking_part = [opt_in.participation_id for opt_in in opt_ins]
    move_rows(Participation.objects, taking_part, old=P.INVITED, new=P.OPTED_IN, moves=PARTICIPATION_MOVES)
    add_preferences(round_, {opt_in.application_id: opt_in.added for opt_in in opt_ins if opt_in.added})
    others = list(Participation.objects.filter(round=round_, state=P.INVITED).values_list("pk", flat=True))
    move_rows(Participation.objects, others, old=P.INVITED, new=P.NOT_OPTED_IN, moves=PARTICIPATION_MOVES)
    facts = [
        Fact(
            "vovp_opted_in",
            "application",
            opt_in.registration_number,
            new=round_.code,
            reason=" ".join(opt_in.added),
        )
        for opt_in in opt_ins
    ]
    return record_events(round_.year, facts, actor=actor)


def add_preferences(round_: Round, added: Mapping[int, Sequence[str]]) -> None:
    """Append schools behind the lists, marked with the round in which they were added."""
    if not added:
        return
    programmes = {
        programme.code: programme for programme in Programme.objects.filter(school_rounds__round=round_)
    }
    lists = lists_of(application__participations__round=round_)
    Preference.objects.bulk_create(
        (
            Preference(
                application_id=application_id,
                rank=rank,
                programme=programmes[code],
                added_in=round_,
            )
            for application_id, codes in added.items()
            for rank, code in enumerate(codes, start=len(lists[application_id]) + 1)
        ),
        batch_size=500,
    )

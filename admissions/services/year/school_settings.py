"""What a school settles for itself: its data, rules and their order, and how it draws (den-haag.md 2.1, Q-50)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.procedures.registry import procedure_of
from admissions.services.places.ceilings import set_ceiling
from schools.clock import now
from schools.enums import BEFORE_LOCK_STATES, DrawMode, PriorityKind, RoundKind, RoundState
from schools.errors import RefusedError
from schools.models import (
    AdmissionYear,
    PriorityRule,
    Programme,
    School,
    SchoolRound,
    User,
    end_of_day,
)
from schools.postcodes import read_codes
from schools.services.events import Fact, record_event

SCHOOL_FIELDS = (
    "street",
    "postcode",
    "place",
    "contact_email",
    "contact_phone",
    "hand_in",
    "hand_in_note",
    "transition_on",
)


class SettingsError(RefusedError):
    """This setting is not possible (now); ``field`` is where the sentence belongs."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One adopted rule; its place in the list is its order."""

    kind: str
    area: str = ""  # NEIGHBOURHOOD: postcodes as typed
    partners: str = ""  # PRESCHOOL: facilities as typed


def rules_are_open(year: AdmissionYear) -> bool:
    """Rules and their order are fixed for the year when the first application period opens (Q-50)."""
    first = year.rounds.filter(kind=RoundKind.ALM).order_by("position").first()
    return first is not None and first.state == RoundState.PLANNED


def kinds_for(school: School) -> list[PriorityKind]:
    """The rules this school may adopt; a public authority not every one (DH-010)."""
    closed = procedure_of(school.region).parameters.rules_closed_to_public_authority
    return [kind for kind in PriorityKind if not (school.board.public_authority and kind in closed)]


@transaction.atomic
def set_rules(year: AdmissionYear, programme: Programme, rules: Sequence[Rule], *, actor: User) -> None:
    """Replace the rules of one programme by ``rules``, in this order (DH-008 to DH-011).

    Errors: SettingsError after the year has opened, for an uncapped school, a rule twice, one that the board may not
    have, an area without postcodes, or partners left out.
    """
    locked = AdmissionYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    school = School.objects.select_related("board", "region").get(pk=programme.school_id)
    if not rules_are_open(locked):
        raise SettingsError(_("The first application period has opened: the rules of this year are fixed."))
    if not SchoolRound.objects.filter(
        programme=programme, round__year=year, ceiling__isnull=False, round__kind=RoundKind.ALM
    ).exists():
        raise SettingsError(_("A school without a ceiling admits every child and has no priority rules."))
    _check_rules(school, rules)
    old = list(
        PriorityRule.objects.filter(year=year, programme=programme)
        .order_by("position")
        .values_list("kind", flat=True)
    )
    PriorityRule.objects.filter(year=year, programme=programme).delete()
    PriorityRule.objects.bulk_create(
        PriorityRule(
            year=year,
            programme=programme,
            kind=rule.kind,
            position=position,
            area_postcodes=" ".join(read_codes(rule.area)[0])
            if rule.kind == PriorityKind.NEIGHBOURHOOD
            else "",
            partner_facilities=rule.partners.strip() if rule.kind == PriorityKind.PRESCHOOL else "",
        )
        for position, rule in enumerate(rules, start=1)
    )
    fact = Fact(
        "rules_set", "school", school.brin, old=" ".join(old), new=" ".join(rule.kind for rule in rules)
    )
    record_event(year, fact, actor=actor)


def _check_rules(school: School, rules: Sequence[Rule]) -> None:
    kinds = [rule.kind for rule in rules]
    allowed = kinds_for(school)
    for index, kind in enumerate(kinds, start=1):
        if kind in kinds[: index - 1]:
            raise SettingsError(
                _("This rule stands in the list already. Choose each rule once."), f"rule_{index}"
            )
        if kind not in allowed:
            raise SettingsError(
                _("A school of a public authority may not use this rule. Choose another."), f"rule_{index}"
            )
    if len(rules) > procedure_of(school.region).parameters.maximum_rules:
        raise SettingsError(_("There are more rules than a school may have."))
    for rule in rules:
        if rule.kind == PriorityKind.NEIGHBOURHOOD:
            codes, wrong = read_codes(rule.area)
            if wrong:
                raise SettingsError(
                    _("“%(word)s” is not a postcode of four digits. Write them as 2511 2512, or 2511-2514.")
                    % {"word": wrong[0][:20]},
                    "area",
                )
            if not codes:
                raise SettingsError(_("Write the postcodes of the area: four digits each."), "area")
            if len(" ".join(codes)) > 500:
                raise SettingsError(_("At most 100 postcodes fit."), "area")
        if rule.kind == PriorityKind.PRESCHOOL and not rule.partners.strip():
            raise SettingsError(_("Write with which preschools the school works."), "partners")


@transaction.atomic
def set_draw_modes(
    year: AdmissionYear, school: School, digital: Collection[int], *, by_office: bool, actor: User
) -> int:
    """Ticked rounds are drawn digitally, the others by the school (DH-014); answers how many changed.

    Errors: SettingsError for a round whose parents' deadline has passed (then the programme manager), or whose lists
    are locked for the draw (DH-015). Rounds that stay as they are are never refused.
    """
    rows = (
        SchoolRound.objects.select_for_update(of=("self",))
        .filter(programme__school=school, round__year=year, round__kind=RoundKind.ALM, ceiling__isnull=False)
        .select_related("round__year", "programme")
        .order_by("round__position")
    )
    changed = 0
    for row in rows:
        wanted = DrawMode.DIGITAL if row.pk in digital else DrawMode.MANUAL
        if row.draw_mode == wanted:
            continue
        if row.round.state not in BEFORE_LOCK_STATES:
            raise SettingsError(
                _("%(round)s is locked for the draw: how it is drawn is fixed.") % {"round": row.round.code}
            )
        if not by_office and not before_parents_deadline(row):
            raise SettingsError(
                _("The parents' deadline of %(round)s has passed. Call the programme manager.")
                % {"round": row.round.code}
            )
        old, row.draw_mode = row.draw_mode, wanted
        row.save(update_fields=["draw_mode"])
        key = f"{row.programme.code}/{row.round.code}"
        record_event(year, Fact("draw_mode_set", "school_round", key, old=old, new=wanted), actor=actor)
        changed += 1
    return changed


def before_parents_deadline(row: SchoolRound) -> bool:
    """Until when the school itself chooses how a round is drawn (DH-015)."""
    until = row.round.parents_until
    return until is None or now(row.round.year) < end_of_day(until)


@transaction.atomic
def set_ceilings(
    year: AdmissionYear,
    school: School,
    places: Mapping[int, int],
    *,
    by_office: bool,
    reason: str,
    actor: User,
) -> int:
    """Set the ceiling of several rounds, all of them or none (DH-006, Q-37, Q-50); answers how many changed."""
    rows = SchoolRound.objects.filter(
        programme__school=school, round__year=year, round__kind=RoundKind.ALM, ceiling__isnull=False
    ).order_by("round__position")
    changed = 0
    for row in rows:
        if row.pk in places and places[row.pk] != row.ceiling:
            try:
                set_ceiling(row.pk, ceiling=places[row.pk], by_office=by_office, reason=reason, actor=actor)
            except RefusedError as exc:
                raise SettingsError(str(exc), exc.field or f"places_{row.pk}") from exc
            changed += 1
    return changed


@transaction.atomic
def set_school(year: AdmissionYear, school: School, data: Mapping[str, Any], *, actor: User) -> list[str]:
    """Store the school's own data; answers the names of what changed. The trail keeps which fields, never what."""
    locked = School.objects.select_for_update().get(pk=school.pk)
    changed = [name for name in SCHOOL_FIELDS if name in data and getattr(locked, name) != data[name]]
    for name in changed:
        setattr(locked, name, data[name])
    if changed:
        locked.save(update_fields=changed)
        record_event(year, Fact("school_set", "school", locked.brin, new=" ".join(changed)), actor=actor)
    return changed

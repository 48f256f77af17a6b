"""What a school and the office say is right for this year: rules in their order, and the number of places (DH-012).

A confirmation is about what stood there then. Change a rule or the places and it no longer holds.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import Q, Subquery, Sum
from django.utils.translation import gettext as _

from schools.clock import now
from schools.enums import RoundKind
from schools.errors import RefusedError
from schools.models import AdmissionYear, PriorityRule, Programme, ProgrammeYear, SchoolRound, User
from schools.services.events import Fact, record_event

FAR_OFF = 0.20  # share by which places may differ from last year without somebody saying that it is right


class ConfirmationError(RefusedError):
    """This cannot be confirmed."""


def fingerprint(rules: Iterable[PriorityRule]) -> str:
    """The rules of one school in their order, with areas and partners, as one code."""
    lines = [f"{r.position}|{r.kind}|{r.area_postcodes}|{r.partner_facilities}" for r in rules]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def rule_fingerprints(year: AdmissionYear) -> defaultdict[int, str]:
    """The code of every programme with rules; the others have the code of no rules. One query."""
    rules: defaultdict[int, list[PriorityRule]] = defaultdict(list)
    for rule in PriorityRule.objects.filter(year=year):
        rules[rule.programme_id].append(rule)
    none = fingerprint(())
    found = {programme_id: fingerprint(own) for programme_id, own in rules.items()}
    return defaultdict(lambda: none, found)


def rules_confirmation(year: AdmissionYear, programme: Programme) -> ProgrammeYear | None:
    """The confirmation that holds now; None when the rules were never confirmed, or changed since."""
    row = ProgrammeYear.objects.filter(year=year, programme=programme).select_related("rules_confirmed_by")
    found = row.first()
    own = PriorityRule.objects.filter(year=year, programme=programme)
    return found if found is not None and found.rules_confirmed == fingerprint(own) else None


@transaction.atomic
def confirm_rules(year: AdmissionYear, programme: Programme, *, seen: str, actor: User) -> ProgrammeYear:
    """The school says that its rules and their order are right (DH-012), with date and name.

    Shapes: ``seen`` the code of the rules that stood on the page.
    Errors: ConfirmationError when somebody changed the rules meanwhile.
    """
    AdmissionYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    code = fingerprint(PriorityRule.objects.filter(year=year, programme=programme))
    if seen != code:
        raise ConfirmationError(
            _("The rules were changed while you looked at them. Look again, then confirm.")
        )
    row, _created = ProgrammeYear.objects.update_or_create(
        year=year,
        programme=programme,
        defaults={"rules_confirmed": code, "rules_confirmed_by": actor, "rules_confirmed_at": now(year)},
    )
    record_event(year, Fact("rules_confirmed", "programme", programme.code, new=code[:8]), actor=actor)
    return row


@transaction.atomic
def confirm_rules_in_rehearsal(year: AdmissionYear) -> int:
    """In a rehearsal no school looks at its rules: those that nobody confirmed are taken as confirmed; how many."""
    if not year.is_rehearsal:
        raise ConfirmationError(_("In a real year every school confirms its own rules."))
    capped = set(
        SchoolRound.objects.filter(round__year=year, ceiling__isnull=False).values_list(
            "programme_id", flat=True
        )
    )
    codes, at = rule_fingerprints(year), now(year)
    rows = {row.programme_id: row for row in ProgrammeYear.objects.filter(year=year)}
    new = [
        ProgrammeYear(year=year, programme_id=pk, rules_confirmed=codes[pk], rules_confirmed_at=at)
        for pk in sorted(capped - rows.keys())
    ]
    changed = [row for pk, row in rows.items() if pk in capped and row.rules_confirmed != codes[pk]]
    for row in changed:
        row.rules_confirmed, row.rules_confirmed_by, row.rules_confirmed_at = (
            codes[row.programme_id],
            None,
            at,
        )
    ProgrammeYear.objects.bulk_create(new, batch_size=500)
    fields = ["rules_confirmed", "rules_confirmed_by", "rules_confirmed_at"]
    ProgrammeYear.objects.bulk_update(changed, fields, batch_size=500)
    count = len(new) + len(changed)
    if count:
        fact = Fact("rules_confirmed", "year", year.code, new=str(count), reason="rehearsal: by itself")
        record_event(year, fact, actor=None)
    return count


# Places


def year_places(year: AdmissionYear) -> dict[int, int]:
    """Places of the whole year by programme, capped schools only; one query."""
    rows = SchoolRound.objects.filter(round__year=year, round__kind=RoundKind.ALM, ceiling__isnull=False)
    return dict(rows.order_by().values_list("programme_id").annotate(total=Sum("ceiling")))


def previous_year(year: AdmissionYear) -> AdmissionYear | None:
    rows = AdmissionYear.objects.filter(region_id=year.region_id, starts_on__lt=year.starts_on)
    return rows.order_by("-starts_on").first()


def places_before(year: AdmissionYear, rows: Iterable[ProgrammeYear]) -> dict[int, int]:
    """Places of last year by programme: those of the year before in the system, else what the office filled in."""
    told = {row.programme_id: row.last_year_places for row in rows if row.last_year_places is not None}
    last = previous_year(year)
    return told | (year_places(last) if last is not None else {})


def places_of_two_years(
    year: AdmissionYear, rows: Iterable[ProgrammeYear]
) -> tuple[dict[int, int], dict[int, int]]:
    """``places_before`` and ``year_places`` in one query: what each programme had, and what it has now."""
    told = {row.programme_id: row.last_year_places for row in rows if row.last_year_places is not None}
    last = AdmissionYear.objects.filter(region_id=year.region_id, starts_on__lt=year.starts_on)
    found: dict[bool, dict[int, int]] = {True: {}, False: {}}
    sums = (
        SchoolRound.objects.filter(
            Q(round__year=year) | Q(round__year=Subquery(last.order_by("-starts_on").values("pk")[:1])),
            round__kind=RoundKind.ALM,
            ceiling__isnull=False,
        )
        .order_by()
        .values_list("round__year_id", "programme_id")
        .annotate(total=Sum("ceiling"))
    )
    for year_id, programme_id, total in sums:
        found[year_id == year.pk][programme_id] = total
    return told | found[False], found[True]


def is_far_off(places: int, before: int) -> bool:
    return abs(places - before) > FAR_OFF * before


@transaction.atomic
def confirm_places(year: AdmissionYear, programme: Programme, *, places: int, actor: User) -> None:
    """The office says that these places of the year are right, however far they are from last year's."""
    AdmissionYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    stands = year_places(year).get(programme.pk)
    if stands != places:
        raise ConfirmationError(
            _("The places of this school were changed meanwhile. Look again, then confirm.")
        )
    ProgrammeYear.objects.update_or_create(
        year=year,
        programme=programme,
        defaults={"places_confirmed": places, "places_confirmed_by": actor, "places_confirmed_at": now(year)},
    )
    record_event(year, Fact("places_confirmed", "programme", programme.code, new=str(places)), actor=actor)


@transaction.atomic
def store_last_year(year: AdmissionYear, places: Mapping[str, int], *, actor: User) -> int:
    """Keep what the schools had last year, by programme code; answers how many. All of it or nothing."""
    programmes = {p.code: p for p in Programme.objects.filter(school__region=year.region_id)}
    unknown = next((code for code in places if code not in programmes), None)
    if unknown is not None:
        raise ConfirmationError(_("“%(code)s” is not a school of this region.") % {"code": unknown[:20]})
    for code, number in places.items():
        ProgrammeYear.objects.update_or_create(
            year=year, programme=programmes[code], defaults={"last_year_places": number}
        )
    fact = Fact("last_year_places", "year", year.code, new=str(len(places)))
    record_event(year, fact, actor=actor)
    return len(places)

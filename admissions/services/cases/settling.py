"""A case ends in the transaction of the action that settles it, and in no other way (``CASE_ENDS``)."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from admissions.case_enums import CASE_ENDS, LIVE_CASES, CaseEnd, CaseState, CaseStep
from admissions.enums import CaseKind, Decision
from admissions.models import Application, Case, CaseEntry
from admissions.services.year.states import chunks
from schools.clock import now
from schools.errors import RefusedError
from schools.models import AdmissionYear, User
from schools.services.events import Fact, record_events

ENDED = (Decision.VOID, Decision.WITHDRAWN)


class CaseError(RefusedError):
    """This cannot be done with this case."""


def live_cases(application_ids: Iterable[int], *kinds: str) -> QuerySet[Case]:
    """What is still to settle about these applications."""
    return Case.objects.filter(application__in=list(application_ids), kind__in=kinds, state__in=LIVE_CASES)


def duplicates_ended(application: Application) -> QuerySet[Case]:
    """Living reports of a child applied twice that are over now that ``application`` has ended (Q-08).

    The subject names the number of every application; with two or more left the question is still there.
    """
    number = application.registration_number
    rows = Case.objects.filter(
        kind=CaseKind.DUPLICATE, year=application.year_id, state__in=LIVE_CASES, about__contains=number
    )
    over = []
    for pk, about in rows.values_list("pk", "about"):
        others = set(about.split("/")) - {number}
        left = Application.objects.filter(registration_number__in=others).exclude(decision__in=ENDED)
        if left.count() < 2:
            over.append(pk)
    return Case.objects.filter(pk__in=over)


@transaction.atomic
def settle_cases(
    year: AdmissionYear, cases: QuerySet[Case], end: CaseEnd, *, actor: User | None, resolution: str = ""
) -> int:
    """Close these cases through ``end``; answers how many. Those that are closed already stay as they are.

    Called by the service of the guided action, inside its transaction. An end that does not belong to the kind of one
    of them is a mistake of the caller: ValueError here, and the constraint in the database for everybody else.
    """
    rows = list(cases.filter(year=year, state__in=LIVE_CASES).select_for_update(of=("self",)).order_by("pk"))
    if not rows:
        return 0
    wrong = next((case for case in rows if end not in CASE_ENDS[case.kind]), None)
    if wrong is not None:
        raise ValueError(f"a case of kind {wrong.kind} does not end by {end}")
    at, text = now(year), " ".join(resolution.split())[:500]
    for part in chunks([case.pk for case in rows]):
        Case.objects.filter(pk__in=part).update(
            state=CaseState.CLOSED, closed_at=at, closed_by=actor, closed_through=end, resolution=text
        )
    CaseEntry.objects.bulk_create(
        (CaseEntry(case=case, step=CaseStep.CLOSED, text=text, actor=actor, at=at) for case in rows),
        batch_size=500,
    )
    facts = [Fact("case_closed", "case", str(case.pk), old=case.kind, new=end) for case in rows]
    record_events(year, facts, actor=actor)
    return len(rows)


def locked_case(case_id: int, *kinds: str) -> Case:
    """A living case of one of these kinds, locked until the end of the transaction.

    Errors: CaseError when a colleague settled it a moment earlier, or when it is of another kind.
    """
    case = (
        Case.objects.select_for_update(of=("self",))
        .select_related("year__region", "application", "school_round__round")
        .get(pk=case_id)
    )
    if kinds and case.kind not in kinds:
        raise CaseError(_("This action does not belong to this case. Reload the page."))
    if not case.is_live:
        raise CaseError(_("This case has been settled already. Reload the page."))
    return case

"""Who works on a case: taking it, handing it over, notes; and handing over everything of somebody who leaves."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admissions.case_enums import CARE_KINDS, CASE_MOVES, LIVE_CASES, CaseState, CaseStep
from admissions.models import Case, CaseEntry
from admissions.services.cases.settling import CaseError, locked_case
from admissions.services.year.states import check_move
from admissions.validators import contains_bsn
from schools.clock import now
from schools.enums import Role
from schools.models import Region, User
from schools.services.events import Fact, record_event


def possible_owners(region: Region, *, is_care: bool) -> QuerySet[User]:
    """Colleagues of the office who may work on a case; care only for those who may see it (DH-180)."""
    in_region = Q(memberships__region=region)
    manager, office = Q(memberships__role=Role.PROGRAMME_MANAGER), Q(memberships__role=Role.CENTRAL_OFFICE)
    if is_care:
        office &= Q(memberships__may_see_care=True)
    rows = User.objects.filter(in_region & (manager | office), is_active=True)
    return rows.distinct().order_by("name", "pk")


@transaction.atomic
def take_case(case_id: int, *, actor: User) -> Case:
    """“I take this”: the case is yours. Pressing twice changes nothing; a colleague's case is handed over by name."""
    case = locked_case(case_id)
    if case.owner_id == actor.pk:
        return case
    if case.owner_id is not None:
        raise CaseError(
            _("%(name)s works on this already. Ask for it to be handed over.") % {"name": case.owner}
        )
    return _give(case, actor, CaseStep.TAKEN, actor=actor)


@transaction.atomic
def hand_over(case_id: int, *, to: User, note: str = "", actor: User) -> Case:
    """Give a case to a colleague, who must be able to see it."""
    case = locked_case(case_id)
    if not possible_owners(case.year.region, is_care=case.kind in CARE_KINDS).filter(pk=to.pk).exists():
        raise CaseError(_("Choose a colleague of the office who may see this case."))
    if case.owner_id == to.pk:
        return case
    return _give(case, to, CaseStep.GIVEN, actor=actor, note=note)


def _give(case: Case, to: User, step: CaseStep, *, actor: User, note: str = "") -> Case:
    check_move(case, CaseState.TAKEN, CASE_MOVES, case.state)
    old = str(case.owner_id or "")
    case.owner, case.state = to, CaseState.TAKEN
    case.save(update_fields=["owner", "state"])
    # The history names people; the trail has their keys.
    text = " ".join(f"{to}. {note}".split()) if step == CaseStep.GIVEN else ""
    CaseEntry.objects.create(case=case, step=step, text=text[:500], actor=actor, at=now(case.year))
    fact = Fact("case_taken", "case", str(case.pk), old=old, new=str(to.pk))
    record_event(case.year, fact, actor=actor)
    return case


@transaction.atomic
def add_note(case_id: int, *, text: str, actor: User, step: CaseStep = CaseStep.NOTE) -> CaseEntry:
    """A line in the history of a living case."""
    case = locked_case(case_id)
    text = " ".join(text.split())
    if not text:
        raise CaseError(_("Write the note first."))
    if contains_bsn(text):
        raise CaseError(_("This looks like a citizen service number. It may not be stored here."))
    return CaseEntry.objects.create(case=case, step=step, text=text[:500], actor=actor, at=now(case.year))


def held_by(user: User, region: Region) -> QuerySet[Case]:
    """What this person still works on in the region, in any year."""
    return Case.objects.filter(owner=user, state__in=LIVE_CASES, year__region=region)


@transaction.atomic
def hand_over_everything(user: User, *, region: Region, to: User | None, actor: User) -> int:
    """Before somebody loses the last role of the office: the open cases go to a colleague, all or none.

    Errors: CaseError when there are any and nobody was chosen, or the colleague may not see one of them.
    """
    cases: Sequence[Case] = list(held_by(user, region).order_by("pk"))
    if not cases:
        return 0
    if to is None or to.pk == user.pk:
        n = {"n": len(cases), "name": user}
        raise CaseError(
            ngettext(
                "%(name)s still works on %(n)d case. Choose who takes it over.",
                "%(name)s still works on %(n)d cases. Choose who takes them over.",
                len(cases),
            )
            % n
        )
    for case in cases:
        hand_over(case.pk, to=to, actor=actor)
    return len(cases)

"""Who may apply (again) this year: once at schools with a ceiling, and once more after an approved move."""

from django.db.models import QuerySet

from admissions.enums import Decision, MoveState
from admissions.models import Application, Child
from schools.models import AdmissionYear


def taken_children(year: AdmissionYear) -> dict[str, str]:
    """Identity keys that may not apply (again) this year, with the reference of their form (DH-034, DH-128).

    A withdrawn application still bars the child, except after an approved move that has not been used yet.
    """
    used = Application.objects.filter(year=year).exclude(decision__in=[Decision.PENDING, Decision.VOID])
    moved = set(movers(year.pk).values_list("pk", flat=True))
    return {
        key: reference
        for pk, key, reference in used.values_list("pk", "child__identity_key", "form__form_reference")
        if pk not in moved
    }


def movers(year_id: int) -> QuerySet[Application]:
    """Applications after which one new form is allowed (DH-125)."""
    return Application.objects.filter(
        year_id=year_id,
        decision=Decision.WITHDRAWN,
        move_request__state=MoveState.APPROVED,
        next=None,
    )


def may_apply(year: AdmissionYear, child: Child, *, besides_id: int | None) -> bool:
    """Whether this child has its right to one application a year still (DH-034, DH-125, DH-128)."""
    used = Application.objects.filter(year=year, child=child).exclude(
        decision__in=[Decision.PENDING, Decision.VOID]
    )
    others = used.exclude(pk__in=movers(year.pk))
    if besides_id is not None:
        others = others.exclude(pk=besides_id).exclude(next=besides_id)
    return not others.exists()

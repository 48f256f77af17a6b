"""The school confirms or rejects what parents claimed (DH-061), and what follows from that (Q-27)."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import ClaimState, Decision, FormState
from admissions.models import ApplicationForm, PriorityClaim
from admissions.procedures.registry import procedure_of
from admissions.services.forms.application_forms import FormError, check_entry_open, release_form
from admissions.services.letters.outcome_messages import send_confirmation
from admissions.validators import contains_bsn
from schools.models import User
from schools.services.events import Fact, record_event


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the school found about one claim."""

    confirmed: bool
    evidence: str = ""


@transaction.atomic
def decide_claim(claim_id: int, *, confirmed: bool, evidence: str, actor: User | None) -> PriorityClaim:
    """The school confirms or rejects a claimed rule before the processing deadline (DH-061)."""
    claim = (
        PriorityClaim.objects.select_for_update(of=("self",))
        .select_related("application__first_choice__round__year__region")
        .get(pk=claim_id)
    )
    check_entry_open(claim.application.first_choice.round)
    if contains_bsn(evidence):
        raise FormError(_("There is a number here that looks like a BSN. Take it out: it may not be stored."))
    old = claim.state
    claim.state = ClaimState.CONFIRMED if confirmed else ClaimState.REJECTED
    claim.evidence = evidence.strip()[:300]
    claim.save(update_fields=["state", "evidence"])
    fact = Fact(
        "claim_decided",
        "application",
        claim.application.registration_number,
        old=old,
        new=claim.state,
        reason=claim.kind,
    )
    record_event(claim.application.year, fact, actor=actor)
    return claim


@transaction.atomic
def decide_claims(form_id: int, verdicts: Mapping[str, Verdict], *, actor: User | None) -> ApplicationForm:
    """Decide several claims of one form by kind. A final form is confirmed to the parents again, with the result.

    Rejecting the rule that a short list rests on releases a final form: it cannot stay as it is (Q-27).
    """
    form = (
        ApplicationForm.objects.select_for_update(of=("self",))
        .select_related("application__first_choice__round__year__region", "application__child")
        .get(pk=form_id)
    )
    application = form.application
    changed = [
        claim
        for claim in application.claims.filter(kind__in=list(verdicts))
        if (claim.state, claim.evidence)
        != (
            ClaimState.CONFIRMED if verdicts[claim.kind].confirmed else ClaimState.REJECTED,
            verdicts[claim.kind].evidence.strip()[:300],
        )
    ]
    for claim in changed:
        verdict = verdicts[claim.kind]
        decide_claim(claim.pk, confirmed=verdict.confirmed, evidence=verdict.evidence, actor=actor)
    if not changed or form.state != FormState.FINAL or application.decision != Decision.UNDECIDED:
        return form
    if _list_is_short(form):
        return release_form(form.pk, actor=actor, reason="claim rejected, list too short")
    send_confirmation(application, version=form.version, again=True)
    return form


def _list_is_short(form: ApplicationForm) -> bool:
    """Whether the list rested on a rule that has been rejected."""
    parameters = procedure_of(form.application.year.region).parameters
    rejected = form.application.claims.filter(kind=parameters.short_list_rule, state=ClaimState.REJECTED)
    return form.application.preferences.count() < parameters.minimum_list_length and rejected.exists()

"""Named exceptions by two people: what each may do, and whom it would pass over (DH-179, Q-12, Q-13, Q-20)."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.enums import Decision, ParticipationKind, ParticipationState
from admissions.exception_enums import EXCEPTION_MOVES, ExceptionKind, ExceptionState
from admissions.models import Application, CareLetter, Participation, PlaceException, Placement
from admissions.services.cases.settling import ENDED
from admissions.services.draws.repair_messages import hold_repair_message
from admissions.services.forms.application_forms import check_late
from admissions.services.letters.notices import tell_invited
from admissions.services.places.exceptions import ExceptionRefused, check_nothing_frozen, give_place
from admissions.services.places.forgotten_forms import add_forgotten, check_forgotten, is_forgotten
from admissions.services.year.states import check_move
from admissions.validators import contains_bsn
from lottery.enums import OFFICIAL_STATES
from lottery.models import DrawOutcome, DrawSession, SessionNumber
from schools.clock import now
from schools.enums import PLAYED_STATES, RoundKind, RoundState
from schools.models import Round, User
from schools.services.events import Fact, record_event

K, S = ExceptionKind, ExceptionState
LEAST = 10  # signs of a reason that says something


def preview(kind: str, application: Application, round_: Round) -> list[str]:
    """Registration numbers of children with a better number who would be passed over, best first.

    Errors: ExceptionRefused with the sentence why this exception is not possible for this child.
    """
    if application.year_id != round_.year_id:
        raise ExceptionRefused(_("This child did not apply in this year."))
    return _care_place(application, round_) if kind == K.CARE_PLACE else _vovp_entry(application, round_)


def _care_place(application: Application, round_: Round) -> list[str]:
    """At the first choice, which keeps the duty to find a fitting place (Q-13); its letter was read (DH-176)."""
    if application.decision != Decision.CARE_FOLLOW_UP:
        raise ExceptionRefused(_("This is only for a child that was drawn out and waits for a follow-up."))
    if application.first_choice.round_id != round_.pk or round_.state not in PLAYED_STATES:
        raise ExceptionRefused(_("Choose the period in which this child was drawn out."))
    if not CareLetter.objects.filter(case__application=application, reviewed_at__isnull=False).exists():
        raise ExceptionRefused(_("The care letter of this child must be read first."))
    check_nothing_frozen(round_)
    session = _drawn_in(application)
    code = application.first_choice.programme.code
    lines = DrawOutcome.objects.filter(draw__session=session, draw__draw_id=f"school/{code}")
    numbers = dict(SessionNumber.objects.filter(session=session).values_list("number", "registration_number"))
    before: list[str] = []
    for number, got in lines.order_by("rank").values_list("number", "code"):
        if numbers.get(number) == application.registration_number:
            break
        if not got:
            before.append(numbers[number])
    seated = Placement.objects.filter(
        application__registration_number__in=before, school_round__programme__code=code
    ).exclude(state="withdrawn")
    gone = set(seated.values_list("application__registration_number", flat=True))
    gone |= set(
        Application.objects.filter(registration_number__in=before, decision__in=ENDED).values_list(
            "registration_number", flat=True
        )
    )
    return [number for number in before if number not in gone]


def _drawn_in(application: Application) -> DrawSession:
    """The official session in which this child was drawn out at its first choice."""
    sessions = DrawSession.objects.filter(
        round=application.first_choice.round,
        state__in=OFFICIAL_STATES,
        draws__draw_id=f"school/{application.first_choice.programme.code}",
        numbers__registration_number=application.registration_number,
    )
    found = sessions.order_by("pk").last()
    if found is None:
        raise ExceptionRefused(_("This child was not in a draw of its school. The boards decide about it."))
    return found


def _vovp_entry(application: Application, round_: Round) -> list[str]:
    """A child without a place joins a VOVP that did not serve it (Q-20), or that care kept it from (Q-12); or one that
    its school forgot in the last period of the year (Q-31).

    Nobody has a number there yet: all lots are drawn together later, so nobody is passed over.
    """
    if round_.kind != RoundKind.VOVP:
        raise ExceptionRefused(_("Choose a VOVP."))
    if is_forgotten(application):
        check_forgotten(application, round_)
    elif application.decision != Decision.UNPLACED:
        raise ExceptionRefused(_("Only a child that was drawn out everywhere can be added."))
    if round_.is_frozen:
        raise ExceptionRefused(_("The lists of this VOVP have been frozen already."))
    if Participation.objects.filter(application=application, round=round_).exists():
        raise ExceptionRefused(_("This child is on the list of this VOVP already."))
    return []


def _load(application_id: int) -> Application:
    return (
        Application.objects.select_for_update(of=("self",))
        .select_related("year__region", "first_choice__round__year__region", "first_choice__programme")
        .get(pk=application_id)
    )


@transaction.atomic
def propose_exception(
    kind: str, application_id: int, round_: Round, *, reason: str, actor: User, is_checked: bool = False
) -> PlaceException:
    """The first person: which exception, for whom, and why. Nothing changes yet.

    ``is_checked``: somebody went through the seven points of a forgotten form with its school (DH-045).
    """
    application, reason = _load(application_id), " ".join(reason.split())
    if len(reason) < LEAST:
        raise ExceptionRefused(_("Give the reason in a sentence."))
    if contains_bsn(reason):
        raise ExceptionRefused(_("This looks like a citizen service number. It may not be stored here."))
    passed_over = preview(kind, application, round_)
    if kind == K.VOVP_ENTRY and is_forgotten(application):
        if not is_checked:
            raise ExceptionRefused(_("Ask this from the case of the form: its seven points stand there."))
        check_late(application.form.pk)
    try:
        with transaction.atomic():
            row = PlaceException.objects.create(
                application=application,
                round=round_,
                kind=kind,
                reason=reason[:500],
                passed_over=passed_over,
                proposed_by=actor,
                proposed_at=now(application.year),
            )
    except IntegrityError as exc:
        raise ExceptionRefused(_("This was asked already and waits for a second person.")) from exc
    _record(row, "exception_proposed", actor)
    return row


def _locked(exception_id: int) -> PlaceException:
    row = (
        PlaceException.objects.select_for_update(of=("self",))
        .select_related("round__year__region", "application__year")
        .get(pk=exception_id)
    )
    if row.state != S.PROPOSED:
        raise ExceptionRefused(_("This has been decided already. Reload the page."))
    return row


@transaction.atomic
def approve_exception(exception_id: int, *, actor: User) -> PlaceException:
    """The second person, another account, on the list that was proposed; then it is carried out.

    Errors: ExceptionRefused; also when the list of children who are passed over is not the same any more.
    """
    row = _locked(exception_id)
    if row.proposed_by_id == actor.pk:
        raise ExceptionRefused(_("You asked for this yourself. Somebody else must decide."))
    application, round_ = _load(row.application_id), row.round
    if preview(row.kind, application, round_) != row.passed_over:
        raise ExceptionRefused(_("Something has changed since this was asked. Ask again."))
    if row.kind == K.CARE_PLACE:
        session = _drawn_in(application)
        code = application.first_choice.programme.code
        placement = give_place(application, round_, code=code, session=session, actor=actor)
        application.refresh_from_db()
        hold_repair_message(application, placement, round_, session)
    else:
        if is_forgotten(application):
            add_forgotten(application, round_, proof=row.reason, actor=actor)
        _join(application, round_)
    return _decided(row, S.DONE, actor)


def _join(application: Application, round_: Round) -> None:
    """On the list like the others; the family hears how to take part as long as it can."""
    is_over = round_.state == RoundState.OPT_IN_CLOSED
    Participation.objects.create(
        application=application,
        round=round_,
        kind=ParticipationKind.UNPLACED,
        state=ParticipationState.NOT_OPTED_IN if is_over else ParticipationState.INVITED,
    )
    if round_.state in (RoundState.INVITED, RoundState.OPT_IN):
        tell_invited(round_)  # whoever was told already hears nothing again


@transaction.atomic
def reject_exception(exception_id: int, *, actor: User) -> PlaceException:
    """It is not done; whoever asked may take it back too."""
    return _decided(_locked(exception_id), S.REJECTED, actor)


def _decided(row: PlaceException, state: ExceptionState, actor: User) -> PlaceException:
    check_move(row, state, EXCEPTION_MOVES, row.state)
    row.state, row.decided_by, row.decided_at = state, actor, now(row.round.year)
    row.save(update_fields=["state", "decided_by", "decided_at"])
    _record(row, "exception_done" if state == S.DONE else "exception_rejected", actor)
    return row


def _record(row: PlaceException, what: str, actor: User) -> None:
    """Under its own key: who has care duty is not told by the trail of a child (DH-180)."""
    fact = Fact(what, "exception", str(row.pk), new=row.kind, reason=row.round.code)
    record_event(row.round.year, fact, actor=actor)

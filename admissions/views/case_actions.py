"""The guided actions of each kind of case, as data: what the page offers, which form it asks, which service settles it.

What has a page of its own is a link; that page's service settles the case in its own transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from admissions.enums import CaseKind, FormState, PlacementState
from admissions.exception_enums import ExceptionKind, ExceptionState
from admissions.forms import cases as forms
from admissions.models import Case, MoveRequest, PlaceException, Placement
from admissions.services.cases import actions as settle
from admissions.services.draws.new_order import finished_draws
from admissions.services.forms.application_forms import finalise_late
from admissions.services.forms.corrections import correct_birth_date, void_application
from admissions.services.places.exception_kinds import propose_exception
from admissions.services.places.forgotten_forms import is_last_period, vovp_for_forgotten
from schools.context import round_name
from schools.enums import PLAYED_STATES
from schools.models import Round, User

K = CaseKind
Run = Callable[[Case, dict[str, Any], User], object]


@dataclass(frozen=True, slots=True)
class Action:
    """One form on the page of a case; ``run`` is the service."""

    name: str
    title: str
    text: str
    button: str
    form: type[forms.CaseForm]
    run: Run
    is_danger: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A page that performs the action."""

    title: str
    text: str
    url: str
    button: str


def _reason(name: str, title: str, text: str, button: str, service: Callable[..., object]) -> Action:
    return Action(
        name,
        title,
        text,
        button,
        forms.ReasonForm,
        lambda case, data, actor: service(case.pk, reason=data["reason"], actor=actor),
    )


def actions_for(case: Case) -> list[Action]:
    """What the programme manager can do here; empty for a kind whose action stands on another page."""
    if not case.is_live:
        return []
    offers: dict[CaseKind, Callable[[Case], list[Action]]] = {
        K.BIRTH_DATE: _birth_date,
        K.DUPLICATE: _duplicate,
        K.WITHDRAWAL: _withdrawal,
        K.NOT_FINAL: _not_final,
        K.MANUAL_DECISION: _draw,
        K.DISPUTE: _draw,
    }
    offer = offers.get(CaseKind(case.kind))
    return offer(case) if offer is not None else []


def ways_for(case: Case) -> list[Way]:
    """Pages that settle this case, or help to."""
    if not case.is_live:
        return []
    ways: dict[CaseKind, Callable[[Case], list[Way]]] = {
        K.SIGNAL: _to_care,
        K.CARE_LETTER: _to_care,
        K.MOVE: _to_move,
        K.OVERDUE: _to_reply,
        K.UNSENT: _to_letters,
        K.NOT_FINAL: _to_entry,
        K.BIRTH_DATE: _to_repair,
        K.MANUAL_DECISION: _to_draws,
        K.DISPUTE: _to_draws,
    }
    way = ways.get(CaseKind(case.kind))
    return way(case) if way is not None else []


def _round(case: Case) -> Round:
    if case.application is not None:
        found: Round = case.application.first_choice.round
        return found
    assert case.school_round is not None
    return case.school_round.round


def _birth_date(case: Case) -> list[Action]:
    application = case.application
    assert application is not None
    return [
        Action(
            "correct",
            _("Correct the date of birth"),
            _(
                "A child that can still take part keeps everything. One that cannot is struck and its place is freed."
            ),
            pgettext("button", "Correct the date"),
            forms.CorrectForm,
            lambda _case, data, actor: correct_birth_date(
                application.pk, born=data["born"], evidence=data["evidence"], actor=actor
            ),
        ),
        _reason(
            "date_right",
            _("The date on the form is right"),
            _("Nothing changes. Say how you know."),
            pgettext("button", "The date stays"),
            settle.date_was_right,
        ),
        Action(
            "void",
            _("Strike the application"),
            _("For a form that should not be there. A place it holds is freed."),
            pgettext("button", "Strike the application"),
            forms.ReasonForm,
            lambda _case, data, actor: void_application(application.pk, reason=data["reason"], actor=actor),
            is_danger=True,
        ),
    ]


def _duplicate(case: Case) -> list[Action]:
    return [
        Action(
            "void_one",
            _("One child: strike one application"),
            _(
                "Before the draw the earliest final form counts. After it you decide; the place left over is freed."
            ),
            pgettext("button", "Strike this application"),
            forms.VoidDuplicateForm,
            lambda case, data, actor: settle.void_duplicate(
                case.pk, number=data["number"], reason=data["reason"], actor=actor
            ),
            is_danger=True,
        ),
        _reason(
            "different",
            _("Two different children"),
            _("Both applications stay. These two are not reported again."),
            pgettext("button", "They are different children"),
            settle.declare_different,
        ),
    ]


def _withdrawal(case: Case) -> list[Action]:
    return [
        Action(
            "judge",
            _("Say what this means for the child"),
            _("Without an approved request after moving house the child is out for the rest of the year."),
            pgettext("button", "Record this"),
            forms.JudgeForm,
            lambda case, data, actor: settle.judge_withdrawal(
                case.pk, may_again=data["outcome"] == "yes", reason=data["reason"], actor=actor
            ),
        )
    ]


def _not_final(case: Case) -> list[Action]:
    application = case.application
    assert application is not None
    if application.form.state != FormState.EXPIRED:
        return [
            _reason(
                "last_version",
                _("The last final version counts"),
                _(
                    "The form was open for correction when the time was up. What was typed after that is dropped."
                ),
                pgettext("button", "The school knows this"),
                settle.keep_last_version,
            )
        ]
    why = _(
        "There is no proof that the form came in on time, or the lists have been frozen. Nobody's result changes."
    )
    if is_last_period(_round(case)):
        title, button = _("No period is left"), pgettext("button", "Only schools without a ceiling are left")
        why += " " + _("The parents can still apply at a school without a ceiling.")
    else:
        title, button = _("The child goes to the next period"), pgettext("button", "To the next period")
    later = _reason("next_round", title, why, button, settle.to_next_round)
    if _round(case).is_frozen:
        vovp = vovp_for_forgotten(_round(case))
        if vovp is None or _asked(case) is not None:
            return [later]
        return [
            Action(
                "add_vovp",
                _("Add the child to %(vovp)s") % {"vovp": round_name(vovp)},
                _(
                    "Only with proof that the form came in on time. The child takes part as one without a place, if "
                    "the family wants. Somebody else must decide on it too."
                ),
                pgettext("button", "Ask a second person"),
                forms.LateFormForm,
                lambda _case, data, actor: propose_exception(
                    ExceptionKind.VOVP_ENTRY,
                    application.pk,
                    vovp,
                    reason=data["proof"],
                    is_checked=True,
                    actor=actor,
                ),
            ),
            later,
        ]
    return [
        Action(
            "make_final",
            _("Make the form final"),
            _("Only with proof that it came in on time, and only until the lists are frozen."),
            pgettext("button", "Make final"),
            forms.LateFormForm,
            lambda _case, data, actor: finalise_late(
                application.form.pk, proof=data["proof"], is_checked=True, actor=actor
            ),
        ),
        later,
    ]


def _asked(case: Case) -> PlaceException | None:
    """The request to add a forgotten child, while it waits for its second person."""
    rows = PlaceException.objects.filter(application=case.application_id, kind=ExceptionKind.VOVP_ENTRY)
    return rows.filter(state=ExceptionState.PROPOSED).first()


def _draw(case: Case) -> list[Action]:
    return [
        Action(
            "recording",
            _("Ask the school for the recording"),
            _("Write down whom you asked and until when. The case stays open."),
            pgettext("button", "Note this"),
            forms.NoteForm,
            lambda case, data, actor: settle.ask_recording(case.pk, note=data["text"], actor=actor),
        ),
        _reason(
            "stands",
            _("The decisions of the school stand"),
            _("The order was shown, or the reason holds. Say what you saw."),
            pgettext("button", "They stand"),
            settle.decisions_stand,
        ),
    ]


def _to_care(case: Case) -> list[Way]:
    assert case.application is not None
    text = (
        _("Read the letter there, or send it back with remarks. The case then closes by itself.")
        if case.kind == K.CARE_LETTER
        else _("The case closes when the meeting has an outcome, or when you say there that none is needed.")
    )
    url = reverse("admissions:office-care", args=[case.application.registration_number])
    return [Way(_("The care route of this child"), text, url, pgettext("button", "To the care route"))]


def _to_move(case: Case) -> list[Way]:
    move = MoveRequest.objects.filter(application=case.application_id).first()
    if move is None:
        return []
    text = _("Look at the proof and decide there. The case then closes by itself.")
    url = reverse("admissions:move", args=[move.pk])
    return [Way(_("The request after moving house"), text, url, pgettext("button", "To the request"))]


def _to_reply(case: Case) -> list[Way]:
    seat = (
        Placement.objects.filter(application=case.application_id, state=PlacementState.OFFERED)
        .select_related("school_round__programme__school")
        .first()
    )
    if seat is None:
        return []
    text = _("Ask the school what the family says. Enrol or withdraw the child there; the place waits.")
    url = reverse("admissions:reply", args=[seat.school_round.programme.school.brin, seat.pk])
    return [Way(_("The reply of the family"), text, url, pgettext("button", "Process the reply"))]


def _to_letters(case: Case) -> list[Way]:
    assert case.school_round is not None
    school = case.school_round.programme.school
    text = _("The school sends its letters there. The case closes when the last one has left.")
    url = reverse("admissions:school-letters", args=[school.brin])
    return [Way(_("The letters of this school"), text, url, pgettext("button", "To the letters"))]


def _to_repair(case: Case) -> list[Way]:
    round_ = _round(case)
    if round_.state not in PLAYED_STATES:
        return []
    if case.kind == K.NOT_FINAL:
        if case.application is None or case.application.form.state != FormState.EXPIRED:
            return []
        slug, title = "vergeten-kind", _("A draw of its own for this child")
        text = _("Only after a written objection or a court decision, and decided by two people.")
    else:
        slug, title = "geboortedatum", _("The child took part in the draw")
        text = _(
            "Correct the date by way of the draw, with two people: the draw record then gets an addition."
        )
    url = reverse("admissions:repair-propose", args=[round_.code, slug])
    return [Way(title, text, url, pgettext("button", "Propose this"))]


def _to_entry(case: Case) -> list[Way]:
    asked = _asked(case)
    if asked is None:
        return _to_repair(case)
    text = _(
        "The child is added to the VOVP when a second person has decided. The case then closes by itself."
    )
    url = reverse("admissions:exception", args=[asked.pk])
    title = _("This waits for a second person")
    return [Way(title, text, url, pgettext("button", "To the request"))]


def _to_draws(case: Case) -> list[Way]:
    seat = case.school_round
    if seat is None or settle.new_order_refusal(seat):
        return []
    text = _(
        "If the school cannot show its order, you and the boards can order a new draw until the lists are frozen."
    )
    is_finished = any(draw.key == seat.programme.code for draw in finished_draws(seat.round))
    url = (
        reverse("admissions:repair-propose", args=[seat.round.code, "nieuwe-volgorde"])
        if is_finished
        else reverse("admissions:school-draws", args=[seat.round.code])
    )
    return [Way(_("A new draw at the school"), text, url, pgettext("button", "To the draws by hand"))]

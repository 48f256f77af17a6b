"""The steps of a draw session that people do: dice, envelope, beacon, order, witnesses, incidents, attestation.

The same steps stand on the notary's desk and in the draw room; each works without script and loses nothing typed.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from lottery.engine.commitment import beacon_time
from lottery.enums import AttestationKind, EntryKind, Profile, SessionKind, SessionState
from lottery.forms import (
    AttestForm,
    BeaconForm,
    DiceForm,
    IncidentForm,
    OrderForm,
    SecretForm,
    SittingForm,
    WitnessForm,
)
from lottery.models import DrawSession
from lottery.selectors import draws_of, families_know_at
from lottery.services import attesting, beacon_steps, blind_entries, ceremony, voiding
from lottery.services.blind_entries import Entered
from lottery.views.base import LotteryPage
from schools.access import roles_in
from schools.clock import now
from schools.enums import Role
from schools.errors import RefusedError
from schools.models import AMSTERDAM
from schools.second_factor import code_is_right, has_code_app
from schools.services.starting import start

S = SessionState


def step_form(step: str, session: DrawSession, user: Any, data: Any = None) -> forms.Form:
    """The form of a step, empty or with what was typed."""
    make: dict[str, Callable[[], forms.Form]] = {
        "worpen": lambda: DiceForm(data),
        "geheim": lambda: SecretForm(data),
        "baken": lambda: BeaconForm(
            data,
            rounds=beacon_steps.usable_rounds(session),
            needs_signature=beacon_steps.fetched_entry(session) is None,
        ),
        "volgorde": lambda: OrderForm(data, initial={"draw": (blind_entries.next_draw(session) or ("",))[0]}),
        "getuige": lambda: WitnessForm(data),
        "plaats": lambda: SittingForm(data, initial=_sitting_of(session)),
        "voorval": lambda: IncidentForm(data),
        "verklaring": lambda: AttestForm(
            data, statements=attesting.statements(session), needs_code=has_code_app(user)
        ),
    }
    return make[step]() if step in make else forms.Form(data)


ENTRY_STEPS = {
    "worpen": EntryKind.DICE,
    "geheim": EntryKind.SECRET,
    "baken": EntryKind.BEACON,
    "volgorde": EntryKind.ORDER,
}
STEPS = (*ENTRY_STEPS, "ophalen", "oefenbaken", "vergeleken", "plaats", "getuige", "voorval", "verklaring")


def ceremony_context(session: DrawSession, user: Any) -> dict[str, Any]:
    """What the panels of a session show to this official; entries of others stay out of it."""
    region, at = session.round.year.region, now(session.round.year)
    roles = roles_in(user, region)
    is_notary, is_office = Role.NOTARY in roles, bool(ceremony.OFFICE & roles)
    state, plan = session.state, ceremony.plan_of(session)
    freezer = ceremony.freezer_of(session)
    wants_secret = state == S.LOCKED and bool(plan.secret_hash) and not session.secret
    wants_beacon = state == S.LOCKED and bool(plan.beacon_rounds) and not session.beacon_value
    open_steps = {
        "worpen": state == S.COMMITTED and session.profile != Profile.H,
        "volgorde": state == S.COMMITTED and session.profile == Profile.H,
        "geheim": wants_secret,
        "baken": wants_beacon,
    }
    entries = []
    for step, is_open in open_steps.items():
        if not is_open:
            continue
        key = (blind_entries.next_draw(session) or ("",))[0] if step == "volgorde" else ""
        typed = [e for e in blind_entries.waiting_entries(session, ENTRY_STEPS[step]) if e.key == key]
        own = any(entry.user_id == user.pk for entry in typed)
        entries.append(
            {"step": step, "form": step_form(step, session, user), "typed": typed, "own": own, "key": key}
        )
    beacon = session.beacon_round or beacon_steps.expected_round(session)
    draws = list(draws_of(session)) if session.is_verified else []
    official = session.is_official
    return {
        "session": session,
        "steps": entries,
        "is_notary": is_notary,
        "is_office": is_office,
        "freezer": freezer,
        "may_confirm": state == S.FROZEN and is_office and (freezer is None or freezer.pk != user.pk),
        "is_typing": bool(entries),
        "beacon_round": beacon,
        "beacon_moment": beacon_time(beacon) if beacon else None,
        "first_beacon": beacon_time(plan.beacon_rounds[0]) if plan.beacon_rounds else None,
        "public_since": session.committed_at,
        "may_fetch": wants_beacon and beacon_steps.may_fetch(session),
        "fetch_job": beacon_steps.fetch_job(session) if wants_beacon else None,
        "may_stand_in": wants_beacon and session.is_rehearsal,
        "witnesses": attesting.witnesses(session),
        "witness_form": step_form("getuige", session, user) if _is_open(session) else None,
        "sitting_form": step_form("plaats", session, user) if _is_open(session) else None,
        "incident_form": step_form("voorval", session, user) if _is_open(session) else None,
        "may_compare": is_notary
        and state not in (S.FROZEN, S.VOID, S.ATTESTED, S.PUBLISHED)
        and not session.attestations.filter(kind=AttestationKind.COMPARE, user=user).exists(),
        "attest_form": step_form("verklaring", session, user) if is_notary and state == S.APPLIED else None,
        "may_void": voiding.voidable(session, at) and (is_notary if state == S.LOCKED else is_office),
        "void_after_lock": state == S.LOCKED,
        "totals": _totals(draws) if official else None,
        "publish_at": families_know_at(session.round),
        "now": at,
    }


def _sitting_of(session: DrawSession) -> dict[str, Any]:
    """Place and time as they stand, or half an hour before the beacon round."""
    rounds = ceremony.plan_of(session).beacon_rounds
    proposed = beacon_time(rounds[0]) - timedelta(minutes=30) if rounds else now(session.round.year)
    at = (session.sitting_at or proposed).astimezone(AMSTERDAM)
    return {"place": session.place, "day": at.date(), "at": at.time()}


def _is_open(session: DrawSession) -> bool:
    return session.state not in (S.ATTESTED, S.PUBLISHED, S.VOID)


def _totals(draws: list[Any]) -> dict[str, int]:
    placed = sum(draw.placed for draw in draws)
    central = next((draw for draw in draws if draw.draw_id == "centraal"), None)
    return {
        "draws": len(draws),
        "placed": placed,
        "unplaced": central.children - central.placed if central else 0,
    }


class StepView(LotteryPage):
    """One step. A refusal comes back on its own page, with everything as it was typed."""

    permission: ClassVar[str] = "lottery.view_sessions"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        session, step = self.session(), self.step()
        return self.answer(request, session, step, step_form(step, session, request.user), status=200)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        session, step = self.session(), self.step()
        is_notary = Role.NOTARY in roles_in(request.user, self.region)
        if step in ("vergeleken", "verklaring") and not is_notary:
            raise PermissionDenied
        form = step_form(step, session, request.user, request.POST)
        if not form.is_valid():
            return self.answer(request, session, step, form, status=422)
        try:
            told = self.work(session, step, form)
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.answer(request, session, step, form, status=409)
        if told:
            messages.success(request, told)
        return redirect(self.home(session))

    def step(self) -> str:
        step: str = self.kwargs["step"]
        if step not in STEPS:
            raise Http404
        return step

    def home(self, session: DrawSession) -> str:
        """The page this official works from."""
        if session.kind == SessionKind.ROUND and ceremony.OFFICE & roles_in(self.request.user, self.region):
            return reverse("admissions:draw-room-round", args=[session.round.code])
        return reverse("lottery:session-detail", args=[session.name])

    def work(self, session: DrawSession, step: str, form: Any) -> str:
        user, data = self.request.user, form.cleaned_data
        if step in ENTRY_STEPS:
            entered = blind_entries.enter(
                session_id=session.pk,
                kind=ENTRY_STEPS[step],
                values=form.values,
                actor=user,  # type: ignore[arg-type]
            )
            if entered == Entered.DIFFERENT:
                messages.warning(
                    self.request,
                    _(
                        "The two entries are not equal. Both were dropped, and that is noted. "
                        "Type it again, both of you."
                    ),
                )
                return ""
            if entered == Entered.WAITING:
                return _("Stored. Now somebody else types the same, without seeing yours.")
            return _("Both entries are equal.")
        if step == "ophalen":
            job = beacon_steps.request_fetch(session_id=session.pk, actor=user)  # type: ignore[arg-type]
            start("lottery.tasks.fetch_beacon_task", job.pk)
            return _("The value is being fetched. Reload the page in a few seconds.")
        if step == "oefenbaken":
            beacon_steps.use_stand_in(session_id=session.pk, actor=user)  # type: ignore[arg-type]
            return _("The stand-in for the beacon is used; the record says so.")
        if step == "vergeleken":
            ceremony.compare_commitment(session_id=session.pk, actor=user)  # type: ignore[arg-type]
            return _("Noted that you compared the commitment.")
        if step == "getuige":
            attesting.add_witness(session_id=session.pk, name=data["name"], actor=user)  # type: ignore[arg-type]
            return _("The witness stands in the record.")
        if step == "plaats":
            attesting.set_sitting(
                session_id=session.pk,
                place=data["place"],
                at=form.moment,
                actor=user,  # type: ignore[arg-type]
            )
            return _("Place and time of the sitting stand in the record.")
        if step == "voorval":
            attesting.add_incident(session_id=session.pk, text=data["text"], actor=user)  # type: ignore[arg-type]
            return _("Noted in the record.")
        if "code" in form.fields and not code_is_right(user, data["code"]):
            raise RefusedError(
                _("This code is not right, or was used before. Wait for the next code in your app.")
            )
        ticked = [statement.key for statement in form.statements if data[statement.key]]
        attesting.attest_session(
            session_id=session.pk,
            ticked=ticked,
            incident=data["incident"],
            actor=user,  # type: ignore[arg-type]
        )
        start("lottery.tasks.build_draw_record_task", session.pk)
        return _("You attested this session. The record is being made.")

    def answer(
        self, request: HttpRequest, session: DrawSession, step: str, form: forms.Form, *, status: int
    ) -> HttpResponse:
        context = {
            "session": session,
            "step": step,
            "form": form,
            "home": self.home(session),
            "following": blind_entries.next_draw(session) if step == "volgorde" else None,
        }
        return render(request, "lottery/step.html", context, status=status)

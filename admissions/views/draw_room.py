"""The draw room: from pre-flight to the official result, step by step, with the commitment always on screen."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from admissions.forms.ceremony import FreezeForm
from admissions.services.draws.ceremony import (
    confirm_round,
    draw_job,
    freeze_round,
    live_session,
    proposed_beacon,
    request_draw,
    settle_rehearsal_care,
    void_round,
)
from admissions.services.draws.commitment_mail import unreached_boards
from admissions.services.draws.preflight import Finding, Preflight, check_round
from admissions.views.office import OfficePage
from admissions.views.rounds import RoundPage
from lottery.enums import AttestationKind, Profile, SessionKind, SessionState
from lottery.models import DrawSession
from lottery.views.base import LotteryPage
from lottery.views.ceremony import ceremony_context
from schools.errors import RefusedError
from schools.models import Round
from schools.templatetags.oa import moment_year

S = SessionState
NAMED = 5  # boards without an address that are named on the screen


@dataclass(frozen=True, slots=True)
class Step:
    """One of the steps at the side: done, now or later."""

    number: int
    label: str
    sub: str
    is_done: bool
    is_now: bool


ORDER = (
    S.FROZEN,
    S.COMMITTED,
    S.LOCKED,
    S.SEEDED,
    S.COMPUTED,
    S.VERIFIED,
    S.APPLIED,
    S.ATTESTED,
    S.PUBLISHED,
)


def steps_of(session: DrawSession | None) -> list[Step]:
    """The ten steps with who did them, or who must."""
    by: dict[str, str] = {}
    if session is not None:
        for row in session.attestations.select_related("user"):
            text = f"{moment_year(row.at)}, {row.user}" if row.user else moment_year(row.at)
            by[row.kind] = text
    A = AttestationKind
    plan = [
        (pgettext("ceremony", "Pre-flight"), "", _("no red lines")),
        (pgettext("ceremony", "Frozen"), A.FREEZE, _("one manager")),
        (pgettext("ceremony", "Committed"), A.CONFIRM, _("another manager confirms")),
        (pgettext("ceremony", "Dice"), A.DICE, _("two people type along")),
        (pgettext("ceremony", "Lock and beacon"), A.BEACON, _("two people type the value")),
        (pgettext("ceremony", "Compute"), A.COMPUTE, _("manager")),
        (pgettext("ceremony", "Recompute"), A.VERIFIED, _("second program, must be equal")),
        (pgettext("ceremony", "Decide"), "", _("places and letters in one go")),
        (pgettext("ceremony", "Attest"), A.NOTARY, _("notary")),
        (pgettext("ceremony", "Publish"), A.PUBLISHED, _("when families know")),
    ]
    if session is not None and session.profile == Profile.H:
        plan[3] = (pgettext("ceremony", "Draw by hand"), A.ORDER, _("two people type along"))
    reached = 0 if session is None else ORDER.index(S(session.state)) + 2
    if session is not None and session.state == S.COMPUTED:
        reached = 6
    if session is not None and session.state in (S.VERIFIED, S.APPLIED, S.ATTESTED, S.PUBLISHED):
        reached = {S.VERIFIED: 7, S.APPLIED: 8, S.ATTESTED: 9, S.PUBLISHED: 10}[S(session.state)]
    return [
        Step(number, label, by.get(kind, rest) if kind else rest, number <= reached, number == reached + 1)
        for number, (label, kind, rest) in enumerate(plan, start=1)
    ]


def addressed(finding: Finding, round_: Round) -> tuple[Finding, str]:
    """A line of the pre-flight with the address where it is mended."""
    if not finding.address:
        return finding, ""
    if finding.row:
        return finding, reverse(finding.address, args=[finding.row])
    if finding.brin and finding.address != "admissions:places-check":  # that page has all schools
        return finding, reverse(finding.address, args=[finding.brin])
    if finding.address == "admissions:round-detail":
        return finding, reverse(finding.address, args=[round_.code])
    return finding, reverse(finding.address)


class DrawRoomIndexView(OfficePage):
    """The room of the round that is being drawn, or comes next."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        busy = (
            DrawSession.objects.filter(round__year=self.scope.year, kind=SessionKind.ROUND, applied_at=None)
            .exclude(state=S.VOID)
            .order_by("-pk")
            .values_list("round__code", flat=True)
            .first()
        )
        round_ = self.scope.next_round or next(iter(reversed(self.scope.rounds)), None)
        code = busy or (round_.code if round_ else None)
        if code is None:
            raise Http404
        return redirect("admissions:draw-room-round", code)


class DrawRoomView(RoundPage):
    """One round: its pre-flight, then its session."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show()

    def show(self, form: FreezeForm | None = None, *, secret: str = "", status: int = 200) -> HttpResponse:
        request, round_ = self.request, self.found()
        request.oa_section = "admissions:draw-room"  # type: ignore[attr-defined]
        session = live_session(round_)
        context = self.common() | {"live": session, "session_steps": steps_of(session), "secret": secret}
        if session is None:
            preflight = check_round(round_)
            context |= {
                "preflight": preflight,
                "red": [addressed(finding, round_) for finding in preflight.red],
                "warnings": [addressed(finding, round_) for finding in preflight.warnings],
                "form": form or self.form(round_, preflight),
                "may_freeze": request.user.has_perm("admissions.run_rounds", self.region),
                "has_open_rules": any(finding.kind == "rules" for finding in preflight.red),
                "has_open_care": any(finding.kind == "care" for finding in preflight.red),
                "earlier": DrawSession.objects.filter(round=round_, kind=SessionKind.ROUND)
                .only("name", "commitment_hash")
                .order_by("pk"),
            }
        else:
            job = draw_job(round_)
            context |= ceremony_context(session, request.user)
            context |= {
                "job": job,
                "is_running": job is not None and not job.is_finished,
                "may_compute": session.state in (S.SEEDED, S.COMPUTED, S.VERIFIED)
                and not (job is not None and not job.is_finished),
            }
        response = render(request, "admissions/draw_room.html", context, status=status)
        response.headers["Cache-Control"] = "no-store"
        return response

    def form(self, round_: Round, preflight: Preflight, data: Any = None) -> FreezeForm:
        return FreezeForm(data, proposed=proposed_beacon(round_), has_warnings=bool(preflight.warnings))

    def back(self) -> HttpResponse:
        return redirect("admissions:draw-room-round", self.code)


class DrawAction(DrawRoomView):
    """Something that is done to the round; a refusal becomes one sentence."""

    permission = "admissions.run_rounds"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def live(self) -> DrawSession:
        session = live_session(self.found())
        if session is None:
            raise RefusedError(_("This round has no session: freeze its lists first."))
        return session

    def act(self) -> str:
        raise NotImplementedError

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            told = self.act()
        except RefusedError as exc:
            messages.warning(request, str(exc))
            return self.back()
        if told:
            messages.success(request, told)
        return self.back()


class FreezeView(DrawAction):
    """Freeze the lists; a secret is shown on this one page and never again."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        round_ = self.found()
        form = self.form(round_, check_round(round_), request.POST)
        if live_session(round_) is None and not form.is_valid():
            return self.show(form, status=422)
        try:
            frozen = freeze_round(
                round_.pk,
                actor=request.user,  # type: ignore[arg-type]
                beacon_at=form.moment if form.is_valid() else None,
                profile=form.cleaned_data.get("profile", Profile.NB),
                warnings_seen=form.cleaned_data.get("seen", False),
            )
        except RefusedError as exc:
            if live_session(round_) is not None:
                messages.warning(request, str(exc))
                return self.back()
            form.add_error(None, str(exc))
            return self.show(form, status=409)
        messages.success(request, _("The lists are frozen. Now somebody else must confirm."))
        return self.show(secret=frozen.secret) if frozen.secret else self.back()


class ConfirmView(DrawAction):
    def act(self) -> str:
        confirm_round(self.live().pk, actor=self.request.user)  # type: ignore[arg-type]
        silent = unreached_boards(self.region)
        if silent:
            told = ngettext(
                "%(count)d board has no mail address. Tell it the code yourself: %(boards)s.",
                "%(count)d boards have no mail address. Tell them the code yourself: %(boards)s.",
                len(silent),
            )
            more = ", …" if len(silent) > NAMED else ""
            named = {"count": len(silent), "boards": ", ".join(silent[:NAMED]) + more}
            messages.warning(self.request, told % named)
        return _("The commitment is public: every family gets its own line, boards and notary get the code.")


class ComputeView(DrawAction):
    def act(self) -> str:
        request_draw(self.live().pk, actor=self.request.user)  # type: ignore[arg-type]
        return ""


class SettleCareView(DrawAction):
    def act(self) -> str:
        settle_rehearsal_care(self.found().pk, actor=self.request.user)  # type: ignore[arg-type]
        return _("Care wishes without an outcome were recorded as “not available”.")


class VoidView(LotteryPage):
    """Give a session up. Managers before the lock; after it the notary, when all beacon rounds are missing."""

    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        session = self.session()
        try:
            void_round(session.pk, reason=request.POST.get("reason", ""), actor=request.user)  # type: ignore[arg-type]
            messages.success(request, _("The session is void. Its files stay, and the next one names it."))
        except RefusedError as exc:
            messages.warning(request, str(exc))
        return redirect("lottery:session-detail", session.name)

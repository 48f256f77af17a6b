"""Mending a draw: the kinds with their explanation, asking, and the second person who decides (OA-LOT/1 section 8)."""

from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from admissions.enums import RepairKind, RepairState
from admissions.forms.repairs import FORMS, SLUGS, RepairForm
from admissions.models import Application, LateWithdrawal, Repair
from admissions.rules import OFFICE
from admissions.services.draws.ceremony import draw_job, live_session, request_draw
from admissions.services.draws.mini_sessions import confirm_again, draw_again
from admissions.services.draws.new_order import finished_draws
from admissions.services.draws.repairs import DECIDERS, Asked, approve, propose, reject
from admissions.services.replies.late_withdrawals import take_back
from admissions.views.office import OfficePage
from admissions.views.rounds import RoundPage
from lottery.engine.commitment import beacon_time
from lottery.enums import AttestationKind, SessionState
from lottery.models import DrawSession
from lottery.services.beacon_steps import expected_round
from lottery.services.ceremony import freezer_of, plan_of
from lottery.services.voiding import voidable
from lottery.views.base import LotteryPage
from schools.access import roles_in
from schools.clock import now
from schools.context import year_of
from schools.errors import RefusedError
from schools.models import Programme, Round


class RepairPage(RoundPage):
    """A page about mending one round."""

    def live(self, round_: Round) -> DrawSession | None:
        self.request.oa_section = "admissions:draw-room"  # type: ignore[attr-defined]
        return live_session(round_)


class RepairListView(RepairPage):
    """What can be mended, what was asked, and withdrawals that wait for the result."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        round_ = self.found()
        session = self.live(round_)
        rows = Repair.objects.filter(session__round=round_).select_related(
            "application__child", "session", "mini_session", "proposed_by", "decided_by"
        )
        late = LateWithdrawal.objects.filter(round=round_).select_related("application__child", "recorded_by")
        rounds = plan_of(session).beacon_rounds if session is not None else ()
        at = now(round_.year)
        context = self.common() | {
            "live": session,
            "repairs": rows.order_by("-pk"),
            "late": late,
            "beacons": [(number, beacon_time(number), beacon_time(number) <= at) for number in rounds],
            "expected": expected_round(session) if session is not None else None,
            "is_locked": session is not None and session.state == SessionState.LOCKED,
            "may_void": session is not None and voidable(session, at),
            "may_ask": request.user.has_perm("admissions.run_rounds", self.region),
            "is_official": session is not None and session.is_official,
            "hand_draws": finished_draws(round_),
        }
        return render(request, "admissions/repair_list.html", context)


class ProposeRepairView(RepairPage):
    """Ask for one kind of repair; what was typed stays when it is refused."""

    permission = "admissions.run_rounds"

    def kind(self) -> str:
        kind = SLUGS.get(self.kwargs["kind"])
        if kind is None:
            raise Http404
        return kind

    def form(self, round_: Round, data: Any = None) -> RepairForm:
        initial = {"draw": self.request.GET.get("loting", "")}  # from the case of a disputed draw
        return FORMS[self.kind()](data, year=self.scope.year, round_=round_, initial=initial)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        round_ = self.found()
        return self.answer(round_, self.form(round_))

    def answer(self, round_: Round, form: RepairForm, status: int = 200) -> HttpResponse:
        kind = self.kind()
        context = self.common() | {
            "form": form,
            "kind": kind,
            "kind_label": RepairKind(kind).label,
            "slug": self.kwargs["kind"],
            "live": self.live(round_),
        }
        return render(self.request, "admissions/repair_propose.html", context, status=status)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        round_ = self.found()
        form = self.form(round_, request.POST)
        if not form.is_valid():
            return self.answer(round_, form, status=422)
        session = form.session or self.live(round_)
        if session is None:
            form.add_error(None, _("This round has no session: there is nothing to mend."))
            return self.answer(round_, form, status=409)
        asked = Asked(
            self.kind(),
            form.cleaned_data["reason"],
            form.cleaned_data.get("document", ""),
            form.application.pk if form.application is not None else None,
            form.details,
        )
        try:
            repair = propose(session.pk, asked, actor=request.user)  # type: ignore[arg-type]
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.answer(round_, form, status=409)
        messages.success(request, _("Stored. Now somebody else, with another account, must decide."))
        return redirect("admissions:repair", repair.pk)


class RepairView(LotteryPage):
    """One repair: what it would do, and the second person's decision. The notary reads no names."""

    def repair(self) -> Repair:
        rows = Repair.objects.filter(session__round__year__region=self.region).select_related(
            "session__round__year__region", "application__child", "mini_session", "proposed_by", "decided_by"
        )
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        repair = self.repair()
        roles = roles_in(request.user, self.region)
        sees_names = bool(OFFICE & roles)
        mini = repair.mini_session
        deciders = DECIDERS.get(repair.kind, OFFICE)
        is_void = mini is not None and mini.state == SessionState.VOID
        is_frozen = mini is not None and mini.state == SessionState.FROZEN
        freezer = freezer_of(mini) if mini is not None and is_frozen else None
        job = draw_job(repair.session.round) if repair.mini_session is not None else None
        running = job is not None and not job.is_finished
        context = {
            "repair": repair,
            "round": repair.session.round,
            "now": now(repair.session.round.year),
            "year": year_of(request, self.region),
            "sees_names": sees_names,
            "may_decide": bool(deciders & roles)
            and repair.state == RepairState.PROPOSED
            and repair.proposed_by_id != request.user.pk,
            "may_reject": repair.state == RepairState.PROPOSED and bool((OFFICE | deciders) & roles),
            "is_own": repair.proposed_by_id == request.user.pk,
            "decider_is_notary": repair.kind in DECIDERS,
            "changes": self.changes(repair) if sees_names else None,
            "details": self.details(repair) if sees_names else [],
            "notices": repair.session.attestations.filter(kind=AttestationKind.REPAIR),
            "job": job,
            "is_running": running,
            "is_void": is_void and repair.state == RepairState.APPROVED,
            "is_frozen": is_frozen,
            "freezer": freezer,
            "may_go_on": sees_names and (is_void or (is_frozen and freezer != request.user)),
            "may_compute": sees_names
            and mini is not None
            and mini.state in (SessionState.SEEDED, SessionState.COMPUTED, SessionState.VERIFIED)
            and not running,
        }
        response = render(request, "admissions/repair.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response

    def changes(self, repair: Repair) -> dict[str, list[dict[str, str]]] | None:
        """Better and worse with names, for the office."""
        if "better" not in repair.outcome:
            return None
        rows = [*repair.outcome["better"], *repair.outcome["worse"]]
        children = {
            row.registration_number: row.child.full_name
            for row in Application.objects.filter(
                year=repair.session.round.year, registration_number__in=[row[0] for row in rows]
            ).select_related("child")
        }
        codes = {code for row in rows for code in row[1:] if code}
        names = dict(Programme.objects.filter(code__in=codes).values_list("code", "name"))
        return {
            side: [
                {
                    "number": number,
                    "child": children.get(number, number),
                    "before": names.get(before, before),
                    "after": names.get(after, after),
                }
                for number, before, after in repair.outcome[side]
            ]
            for side in ("better", "worse")
        }

    @staticmethod
    def details(repair: Repair) -> list[str]:
        """What was asked, in words."""
        found = [
            _("Class of %(number)s: %(tier)s") % {"number": number, "tier": tier}
            for number, tier in repair.details.get("tiers", {}).items()
        ]
        found += [
            _("Places of %(code)s: %(places)s") % {"code": code, "places": places}
            for code, places in repair.details.get("places", {}).items()
        ]
        if "recording" in repair.details:
            found.append(_("Recording: %(text)s") % {"text": repair.details["recording"]})
        if "born" in repair.details:
            found.append(_("Right date of birth: %(born)s") % {"born": repair.details["born"]})
        return found

    ACTIONS: ClassVar[tuple[str, ...]] = ("approve", "reject", "compute", "again", "confirm")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        repair, action = self.repair(), request.POST.get("action", "")
        if action not in self.ACTIONS:
            raise Http404
        user: Any = request.user
        try:
            if action == "approve":
                approve(repair.pk, actor=user)
                messages.success(request, _("Decided. It stands in the record and on the public page."))
            elif action == "reject":
                reject(repair.pk, actor=user)
                messages.success(request, _("This is not done."))
            elif action == "again":
                draw_again(repair.pk, actor=user)
                messages.success(request, _("The next attempt is frozen. Now somebody else must confirm it."))
            elif action == "confirm":
                confirm_again(repair.pk, actor=user)
                messages.success(request, _("The next attempt is public, and the family has its new line."))
            elif repair.mini_session is not None:
                request_draw(repair.mini_session.pk, actor=user)
        except RefusedError as exc:
            messages.warning(request, str(exc))
        return redirect("admissions:repair", repair.pk)


class TakeBackView(OfficePage):
    """The family stays after all: a withdrawal that was kept is taken back."""

    permission = "admissions.run_rounds"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rows = LateWithdrawal.objects.filter(round__year__region=self.region).select_related("round")
        row = get_object_or_404(rows, pk=kwargs["pk"])
        try:
            take_back(row.pk, actor=request.user)  # type: ignore[arg-type]
            messages.success(request, _("The withdrawal is taken back."))
        except RefusedError as exc:
            messages.warning(request, str(exc))
        return redirect("admissions:repair-list", row.round.code)

"""A school that draws by hand: its decisions, its draw, and being ready (DH-074 to DH-077, DH-086)."""

from collections import Counter
from collections.abc import Collection
from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django_tables2 import RequestConfig

from admissions.filters.forms import WaitingFilter
from admissions.forms.hand_draw import ADMIT, AgainForm, DecideForm, OrderForm
from admissions.services.draws.hand_draw import enter_order, finish_hand_draw, give_up, start_hand_draw
from admissions.services.draws.manual_draw import decide_by_hand, finish_decisions, process_automatically
from admissions.tables.decisions_page import (
    Decisions,
    Verdict,
    deciding_round,
    decisions_of,
    digital_result,
    school_draws,
)
from admissions.tables.forms import WaitingTable
from admissions.views.rounds import RoundPage
from admissions.views.school import SchoolPage
from lottery.enums import SessionKind
from lottery.models import DrawSession
from lottery.services.blind_entries import Entered
from lottery.services.hand_draw import check_facts, first_typing
from schools.enums import DrawMode, RoundKind
from schools.errors import RefusedError
from schools.lists import Tab, csv_response, xlsx_response
from schools.models import AMSTERDAM, SchoolRound

PER_PAGE = 25


class DecisionsPage(SchoolPage):
    """The page, and what every action on it comes back to."""

    permission: ClassVar[str] = "admissions.view_decisions"

    @property
    def may_decide(self) -> bool:
        return bool(self.request.user.has_perm("admissions.draw_by_hand", self.school))

    def seat(self) -> SchoolRound:
        found = deciding_round(self.scope)
        if found is None:
            raise RefusedError(_("There is no application period in which your school decides now."))
        return found

    def show(self, form: DecideForm | None = None, status: int = 200, *, asked: str = "") -> HttpResponse:
        self.request.oa_section = "admissions:school-decisions"  # type: ignore[attr-defined]
        seat = deciding_round(self.scope)
        by_hand = seat is not None and seat.draw_mode == DrawMode.MANUAL and seat.is_capped
        decisions = decisions_of(self.scope, seat) if seat is not None and by_hand else None
        ticked = {int(v) for v in self.request.POST.getlist("child") if v.isdecimal() and len(v) < 19}
        context: dict[str, Any] = {
            "school": self.school,
            "scope": self.scope,
            "now": self.scope.now,
            "seat": seat,
            "round": seat.round if seat else None,
            "by_hand": by_hand,
            "decisions": decisions,
            "result": digital_result(self.scope),
            "form": form or DecideForm(),
            "ticked": ticked,
            "may_decide": self.may_decide,
            "asked": asked,
        }
        if decisions is not None and decisions.waiting:
            context |= self.waiting_list(decisions, ticked)
        return render(self.request, "admissions/school_decisions.html", context, status=status)

    def waiting_list(self, decisions: Decisions, ticked: Collection[int] = ()) -> dict[str, Any]:
        """Filter, tabs and table of the children who wait, as in the other lists."""
        found = WaitingFilter(
            self.request.GET, view=self.scope, tabs=Verdict.choices, waiting=decisions.waiting
        )
        table = WaitingTable(found.found(), brin=self.school.brin, may_decide=self.may_decide, ticked=ticked)
        RequestConfig(self.request, paginate={"per_page": PER_PAGE}).configure(table)
        counts, chosen = Counter(row.verdict for row in decisions.waiting), self.request.GET.get("tab", "")
        words = [("", pgettext("tab", "All")), *((one.value, str(one.label)) for one in Verdict)]
        return {
            "filter": found,
            "filter_is_on": any(self.request.GET.get(name) for name in found.filters),
            "list_path": reverse("admissions:school-decisions", args=[self.school.brin]),
            "table": table,
            "tabs": [
                Tab(
                    value, label, counts[Verdict(value)] if value else counts.total(), current=value == chosen
                )
                for value, label in words
            ],
        }

    def home(self) -> HttpResponse:
        return redirect("admissions:school-decisions", self.school.brin)


class DecisionsView(DecisionsPage):
    """Who waits, who has been decided on, and what comes next."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        wanted = request.GET.get("export", "")
        if wanted in ("csv", "xlsx"):
            return self.export(wanted)
        return self.show()

    def export(self, wanted: str) -> HttpResponseBase:
        """The children who wait, as a file; empty when nobody waits or the notary draws."""
        seat = deciding_round(self.scope)
        by_hand = seat is not None and seat.draw_mode == DrawMode.MANUAL and seat.is_capped
        decisions = decisions_of(self.scope, seat) if seat is not None and by_hand else None
        answer = xlsx_response if wanted == "xlsx" else csv_response
        table = self.waiting_list(decisions)["table"] if decisions is not None else WaitingTable([])
        return answer(table.as_values(exclude_columns=("pick",)), f"besluiten-{self.school.brin}")


class DecisionAction(DecisionsPage):
    """Something the school does; a refusal comes back as a sentence."""

    permission = "admissions.draw_by_hand"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def act(self, seat: SchoolRound) -> str:
        raise NotImplementedError

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            messages.success(request, self.act(self.seat()))
        except RefusedError as exc:
            messages.warning(request, str(exc))
        return self.home()


class AutomaticView(DecisionAction):
    """The button “Automatic processing” (DH-074)."""

    def act(self, seat: SchoolRound) -> str:
        done = process_automatically(seat.pk, actor=self.actor)
        told = ngettext(
            "%(admitted)d child admitted, %(drawn_out)d drawn out.",
            "%(admitted)d children admitted, %(drawn_out)d drawn out.",
            len(done.admitted),
        ) % {"admitted": len(done.admitted), "drawn_out": len(done.drawn_out)}
        if not done.to_draw:
            return told + " " + _("Lots are not needed.")
        left = len(done.to_draw)
        return (
            told
            + " "
            + ngettext("Lots decide about %(n)d child.", "Lots decide among %(n)d children.", left)
            % {"n": left}
        )


class ReadyView(DecisionAction):
    """The school says that it is ready for the freeze (DH-086)."""

    def act(self, seat: SchoolRound) -> str:
        finish_decisions(seat.pk, actor=self.actor)
        return _("Your school is ready. The office sees it.")


class OpenDrawView(DecisionAction):
    """Deal the cards."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            start_hand_draw(self.seat().pk, actor=self.actor)
        except RefusedError as exc:
            messages.warning(request, str(exc))
            return self.home()
        return redirect("admissions:hand-draw", self.school.brin)


class DecideView(DecisionsPage):
    """Decide on the ticked children; what was ticked and typed stays when it is refused (DH-075, DH-076)."""

    permission = "admissions.draw_by_hand"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A link of the list, such as its next page, after a refusal: the list is on the page of the decisions."""
        url = reverse("admissions:school-decisions", args=[self.school.brin])
        return redirect(f"{url}?{request.GET.urlencode()}" if request.GET else url)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = DecideForm(request.POST)
        chosen = [int(v) for v in request.POST.getlist("child") if v.isdecimal() and len(v) < 19]
        if form.is_valid() and not chosen:
            form.add_error(None, _("You have not chosen a child. Tick the children you decide on."))
        if not form.is_valid():
            return self.show(form, status=422)
        admitted = form.cleaned_data["answer"] == ADMIT
        if request.POST.get("confirm") != str(len(chosen)):  # also when a tick changed after the question
            question = (
                ngettext("Admit %(n)d child?", "Admit %(n)d children?", len(chosen))
                if admitted
                else ngettext("Draw out %(n)d child?", "Draw out %(n)d children?", len(chosen))
            )
            return self.show(form, asked=question % {"n": len(chosen)})
        try:
            decide_by_hand(
                self.seat().pk,
                chosen,
                admitted=admitted,
                reason=form.cleaned_data["reason"],
                actor=self.actor,
            )
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.show(form, status=409)
        word = (
            ngettext("%(n)d child admitted.", "%(n)d children admitted.", len(chosen))
            if admitted
            else ngettext("%(n)d child drawn out.", "%(n)d children drawn out.", len(chosen))
        )
        messages.success(request, word % {"n": len(chosen)})
        return self.home()


class HandDrawView(DecisionsPage):
    """The draw by hand: the cards, the first typing, and the second (DH-077)."""

    permission = "admissions.draw_by_hand"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        decisions = self.open_draw()
        if decisions is None:
            return self.home()
        return self.step(decisions)

    def open_draw(self) -> Decisions | None:
        seat = deciding_round(self.scope)
        if seat is None or seat.draw_mode != DrawMode.MANUAL:
            return None
        decisions = decisions_of(self.scope, seat)
        return decisions if decisions.live is not None else None

    def step(
        self, decisions: Decisions, form: OrderForm | AgainForm | None = None, status: int = 200
    ) -> HttpResponse:
        assert decisions.live is not None
        self.request.oa_section = "admissions:school-decisions"  # type: ignore[attr-defined]
        typed = first_typing(decisions.live)
        is_again = typed is not None and typed.is_ordered and "opnieuw" not in self.request.GET
        if form is None:
            form = AgainForm() if is_again else OrderForm(initial=self.initial(decisions.live))
        context = {
            "school": self.school,
            "scope": self.scope,
            "now": self.scope.now,
            "decisions": decisions,
            "round": decisions.school_round.round,
            "draw": decisions.live,
            "typed": typed,
            "is_again": isinstance(form, AgainForm),
            "form": form,
        }
        response = render(self.request, "admissions/hand_draw.html", context, status=status)
        response.headers["Cache-Control"] = "no-store"
        return response

    def initial(self, session: DrawSession) -> dict[str, Any]:
        """What was typed about the draw, without its order; else this moment."""
        typed = first_typing(session)
        at = (typed.facts.moment if typed else self.scope.now).astimezone(AMSTERDAM)
        initial: dict[str, Any] = {"day": at.date(), "at": at.strftime("%H:%M")}
        if typed is not None:
            initial |= {
                "drawn_by": typed.facts.drawn_by,
                "recording": typed.facts.recording,
                "witnesses": "\n".join(typed.facts.witnesses),
            }
        return initial

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        decisions = self.open_draw()
        if decisions is None:
            messages.warning(request, _("No draw by hand has been opened. Reload the page."))
            return self.home()
        form = AgainForm(request.POST) if "again" in request.POST else OrderForm(request.POST)
        if not form.is_valid():
            return self.step(decisions, form, status=422)
        seat, order = decisions.school_round, form.cleaned_data["order"]
        try:
            if isinstance(form, OrderForm):
                enter_order(seat.pk, facts=form.facts, order=order, actor=self.actor)
                messages.success(
                    request, _("Stored. Now type the order again, without looking at the first.")
                )
                return redirect("admissions:hand-draw", self.school.brin)
            entered = finish_hand_draw(seat.pk, order=order, actor=self.actor)
        except RefusedError as exc:
            # Beside the field it is about: nearly always the order.
            is_order = isinstance(form, AgainForm) or not self.is_about_facts(decisions, form)
            form.add_error("order" if is_order else None, str(exc))
            return self.step(decisions, form, status=409)
        if entered == Entered.DIFFERENT:
            messages.warning(
                request,
                _("The two orders are not equal. Both were dropped, and that is noted. Type it again."),
            )
            return redirect("admissions:hand-draw", self.school.brin)
        messages.success(
            request, _("Both orders are equal and a second program found the same outcome. It is decided.")
        )
        return self.home()

    @staticmethod
    def is_about_facts(decisions: Decisions, form: OrderForm) -> bool:
        assert decisions.live is not None
        try:
            check_facts(decisions.live, form.facts)
        except RefusedError:
            return True
        return False


class SchoolDrawsView(RoundPage):
    """The office follows the schools that draw by hand, and may end a draw that cannot be finished (Q-32)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.oa_section = "admissions:draw-room"  # type: ignore[attr-defined]
        round_ = self.found()
        if round_.kind != RoundKind.ALM:
            raise Http404
        context = self.common() | {
            "draws": school_draws(round_),
            "may_give_up": request.user.has_perm("admissions.run_rounds", self.region),
        }
        return render(request, "admissions/school_draws.html", context)


class GiveUpDrawView(RoundPage):
    permission = "admissions.run_rounds"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        round_ = self.found()
        name = request.POST.get("session", "")
        session = DrawSession.objects.filter(round=round_, kind=SessionKind.SCHOOL, name=name).first()
        try:
            if session is None:
                raise RefusedError(_("There is no such draw by hand. Reload the page."))
            give_up(session.pk, reason=request.POST.get("reason", ""), actor=request.user)  # type: ignore[arg-type]
            messages.success(request, _("The draw is void. The school begins again, and the record says so."))
        except RefusedError as exc:
            messages.warning(request, str(exc))
        return redirect("admissions:school-draws", round_.code)

"""A VOVP from invitation to result: families, opt-ins from the mailbox, places (den-haag.md 2.9, 4.6).

For the office and, as far as section 5 says so, the parents' desk. A school account finds none of these pages (DH-135).
"""

from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from admissions.enums import ParticipationKind, ParticipationState
from admissions.filters.office import SchoolRoundFilter
from admissions.filters.vovp import FamilyFilter
from admissions.forms.vovp import AddedSchoolsForm, FindFamilyForm, OptInForm, OptOutForm
from admissions.models import Participation, Preference
from admissions.opt_in_enums import OptInChannel
from admissions.rules import OFFICE, OFFICE_AND_DESKS
from admissions.selectors.office import totals_of
from admissions.selectors.vovp import (
    DRAWN,
    families_matching,
    families_of,
    inventory_of,
    others_matching,
    shows_result,
    vovp_counts,
)
from admissions.services.draws.ceremony import live_session
from admissions.services.forms.typed_values import Listed
from admissions.services.places.opt_ins import (
    can_change,
    extend_list,
    register_opt_in,
    taking_part_already,
    why_not_invited,
    withdraw_opt_in,
)
from admissions.services.places.vovp_calendar import invite_round
from admissions.tables.vovp import FamilyTable, InventoryTable, participation_badge
from admissions.views.children import OfficeListPage
from admissions.views.office import OfficePage
from admissions.views.rounds import dates_of
from schools.access import roles_in
from schools.context import round_name
from schools.enums import RoundKind, RoundState
from schools.errors import RefusedError
from schools.lists import Tab
from schools.models import AMSTERDAM, Round, SchoolRound

FOUND = 8  # families shown when a search fits more than one
P = ParticipationState


class VovpPage(OfficePage):
    """A page of one VOVP of the year; another round, or one of another region, does not exist here."""

    roles = OFFICE_AND_DESKS
    permission = "admissions.view_opt_ins"

    def vovp(self) -> Round:
        round_ = self.scope.round(self.kwargs["code"])
        if round_ is None or round_.kind != RoundKind.VOVP:
            raise Http404
        return self.with_year(round_)

    def with_year(self, round_: Round) -> Round:
        round_.year = self.scope.year
        round_.year.region = self.region
        return round_

    @property
    def in_office(self) -> bool:
        return not OFFICE.isdisjoint(roles_in(self.request.user, self.region))

    def sees_result(self, round_: Round) -> bool:
        return shows_result(round_, in_office=self.in_office, today=self.scope.today)

    def may(self, permission: str) -> bool:
        return bool(self.request.user.has_perm(permission, self.region))

    def words(self, round_: Round) -> dict[str, Any]:
        self.request.oa_section = "admissions:vovp"  # type: ignore[attr-defined]
        return {
            "round": round_,
            "round_name": round_name(round_),
            "may_register": self.may("admissions.register_opt_ins"),
            "in_office": self.in_office,
            "is_open": can_change(round_),
        }


class VovpIndexView(VovpPage):
    """To the VOVP that is being worked on, or comes next."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rounds = [round_ for round_ in self.scope.rounds if round_.kind == RoundKind.VOVP]
        if not rounds:
            raise Http404
        ended = (RoundState.OFFERS, RoundState.CLOSED)
        current = next((round_ for round_ in rounds if round_.state not in ended), rounds[-1])
        return redirect("admissions:vovp-round", current.code)


class VovpView(VovpPage, OfficeListPage):
    """Who may take part, who was invited, who takes part; and what to do now."""

    table_class = FamilyTable
    filterset_class = FamilyFilter
    template_name = "admissions/vovp_round.html"

    @property
    def export_name(self) -> str:  # type: ignore[override]
        return f"deelnemers-{self.kwargs['code']}"

    def get_queryset(self) -> QuerySet[Participation]:
        round_ = self.vovp()
        return families_of(round_, with_result=self.sees_result(round_))

    def get_tabs(self) -> list[Tab]:
        counts = self.counts
        words = [
            ("", pgettext("tab", "All")),
            ("unplaced", pgettext("tab", "Unplaced")),
            ("improver", pgettext("tab", "Placed lower")),
            ("part", pgettext("tab", "Take part")),
            ("silent", pgettext("tab", "No message")),
            ("removed", pgettext("tab", "Withdrawn")),
        ]
        return self.tabs_with(
            words,
            {
                "": counts.families,
                "unplaced": counts.unplaced,
                "improver": counts.improvers,
                "part": counts.taking_part,
                "silent": counts.silent,
                "removed": counts.removed,
            },
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        round_ = self.vovp()
        self.counts = vovp_counts(round_)
        return (
            super().get_context_data(**kwargs)
            | self.words(round_)
            | {
                "counts": self.counts,
                "dates": dates_of(round_),
                "may_invite": self.may("admissions.run_rounds") and round_.state == RoundState.PLANNED,
                "find": FindFamilyForm(),
                "sees_result": self.sees_result(round_),
                "others": [r for r in self.scope.rounds if r.kind == RoundKind.VOVP and r.pk != round_.pk],
            }
        )


class InviteView(VovpPage):
    """Make the list and send the invitations."""

    permission = "admissions.run_rounds"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        round_ = self.vovp()
        actor: Any = request.user
        try:
            count = invite_round(round_.pk, actor=actor)
        except RefusedError as exc:
            messages.warning(request, str(exc))
        else:
            told = ngettext(
                "%(count)d family has been invited.", "%(count)d families have been invited.", count
            )
            messages.success(request, told % {"count": count})
        return redirect("admissions:vovp-round", round_.code)


class FindFamilyView(VovpPage):
    """The mailbox at the left, this page at the right: type the number, Enter, and the family is there."""

    permission = "admissions.register_opt_ins"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        round_ = self.vovp()
        form = FindFamilyForm(request.GET if "q" in request.GET else None)
        found: list[Participation] = []
        reasons: list[tuple[Any, str]] = []
        if form.is_bound and form.is_valid():
            text = form.cleaned_data["q"]
            found = list(families_matching(round_, text).order_by("pk")[: FOUND + 1])
            if len(found) == 1 and not others_matching(round_, text).exists():
                return redirect("admissions:vovp-family", found[0].pk)
            sees = self.scope.sees_care
            reasons = [
                (child, why_not_invited(child, round_, sees_care=sees))
                for child in others_matching(round_, text).order_by("pk")[:FOUND]
            ]
        context = (
            self.common()
            | self.words(round_)
            | {
                "form": form,
                "found": found[:FOUND],
                "has_more": len(found) > FOUND,
                "reasons": reasons,
                "was_asked": form.is_bound and form.is_valid(),
            }
        )
        return render(request, "admissions/vovp_find.html", context, status=200 if not form.errors else 422)


class FamilyView(VovpPage):
    """One family: its list, its message, and what can still be changed."""

    post_permission: ClassVar[str] = "admissions.register_opt_ins"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(self.family())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.may(self.post_permission):
            raise PermissionDenied
        row = self.family()
        action = request.POST.get("action", "")
        if action == "withdraw":
            return self.opt_out(row)
        if action == "extend":
            return self.extend(row)
        return self.register(row)

    def register(self, row: Participation) -> HttpResponse:
        form = OptInForm(self.request.POST, **self.schools_of(row))
        if not form.is_valid():
            return self.show(row, opt_in=form, status=422)
        actor: Any = self.request.user
        try:
            register_opt_in(
                row.pk,
                received_at=form.received_at,
                channel=form.cleaned_data["channel"],
                added=form.cleaned_data["added"],
                actor=actor,
            )
        except RefusedError as exc:
            exc.put_on(form)
            return self.show(row, opt_in=form, status=409)
        name = {"name": row.application.child.full_name, "round": round_name(row.round)}
        messages.success(self.request, _("%(name)s takes part in %(round)s.") % name)
        return self.next(row)

    def extend(self, row: Participation) -> HttpResponse:
        form = AddedSchoolsForm(self.request.POST, **self.schools_of(row))
        if not form.is_valid():
            return self.show(row, extend=form, status=422)
        actor: Any = self.request.user
        try:
            extend_list(row.pk, received_at=form.received_at, added=form.cleaned_data["added"], actor=actor)
        except RefusedError as exc:
            exc.put_on(form)
            return self.show(row, extend=form, status=409)
        messages.success(self.request, _("The schools stand behind the list."))
        return redirect("admissions:vovp-family", row.pk)

    def opt_out(self, row: Participation) -> HttpResponse:
        form = OptOutForm(self.request.POST)
        if not form.is_valid():
            return self.show(row, opt_out=form, status=422)
        actor: Any = self.request.user
        try:
            withdraw_opt_in(row.pk, reason=form.cleaned_data["reason"], actor=actor)
        except RefusedError as exc:
            exc.put_on(form)
            return self.show(row, opt_out=form, status=409)
        name = {"name": row.application.child.full_name}
        messages.success(self.request, _("%(name)s does not take part any more.") % name)
        return redirect("admissions:vovp-family", row.pk)

    def next(self, row: Participation) -> HttpResponse:
        """Back to the search box: the next mail waits."""
        return redirect(reverse("admissions:vovp-find", args=[row.round.code]))

    def family(self) -> Participation:
        rows = Participation.objects.filter(round__year=self.scope.year, round__kind=RoundKind.VOVP)
        row = get_object_or_404(
            rows.select_related(
                "round",
                "application__child",
                "application__form",
                "application__first_choice__round",
                "held_placement__school_round__programme__school",
                "opt_in_message__recorded_by",
            ),
            pk=self.kwargs["pk"],
        )
        self.with_year(row.round)
        return row

    def schools_of(self, row: Participation) -> dict[str, Any]:
        if not hasattr(self, "directory"):
            rows = SchoolRound.objects.filter(round=row.round).select_related("programme")
            self.directory = {
                seat.programme.code: Listed(seat.programme.code, seat.programme.name, seat.is_capped)
                for seat in rows.order_by("programme__name", "programme__code")
            }
        return {"directory": self.directory, "may_add": row.kind == ParticipationKind.UNPLACED}

    def show(
        self,
        row: Participation,
        *,
        opt_in: OptInForm | None = None,
        extend: AddedSchoolsForm | None = None,
        opt_out: OptOutForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        round_ = row.round
        words = self.words(round_)
        schools = self.schools_of(row)
        now = self.scope.now.astimezone(AMSTERDAM)
        # A message that came today is the commonest: Enter is enough.
        start = {"day": now.date(), "at": now.strftime("%H:%M"), "channel": OptInChannel.EMAIL}
        takes_part = row.state == P.OPTED_IN
        may_work = words["may_register"] and can_change(round_) and row.state != P.REMOVED
        state = row.state
        if state in DRAWN and not self.sees_result(round_):
            state = P.OPTED_IN
        preferences = Preference.objects.filter(application=row.application).select_related("programme")
        context = (
            self.common()
            | words
            | {
                "family": row,
                "child": row.application.child,
                "number": row.application.registration_number,
                "badge": participation_badge(state),
                "preferences": preferences.order_by("rank"),
                "is_improver": row.kind == ParticipationKind.IMPROVER,
                "message": getattr(row, "opt_in_message", None),
                "takes_part": takes_part,
                "already": taking_part_already(row) if takes_part else "",
                "opt_in": opt_in
                or (OptInForm(initial=start, **schools) if may_work and not takes_part else None),
                "extend": extend
                or (
                    AddedSchoolsForm(initial=start, **schools)
                    if may_work and takes_part and schools["may_add"]
                    else None
                ),
                "opt_out": opt_out or (OptOutForm() if may_work and takes_part else None),
                "schools": schools["directory"].values(),
            }
        )
        return render(self.request, "admissions/vovp_family.html", context, status=status)


class InventoryView(VovpPage, OfficeListPage):
    """Open and freed places per school, from the ledger, with the seats improvers bring (DH-136, DH-139)."""

    permission = "admissions.view_office"
    table_class = InventoryTable
    filterset_class = SchoolRoundFilter
    template_name = "admissions/vovp_places.html"

    @property
    def export_name(self) -> str:  # type: ignore[override]
        return f"inventarisatie-{self.kwargs['code']}"

    def get_queryset(self) -> QuerySet[SchoolRound]:
        return inventory_of(self.vovp())

    def get_table_kwargs(self) -> dict[str, Any]:
        return {} if self.vovp().is_played else {"exclude": ("placed", "lost")}

    def get_tabs(self) -> list[Tab]:
        totals = self.totals
        words = [
            ("", pgettext("tab", "All")),
            ("capped", pgettext("tab", "With a ceiling")),
            ("room", pgettext("tab", "Places open")),
            ("full", pgettext("tab", "Full")),
            ("uncapped", pgettext("tab", "Without a ceiling")),
        ]
        return self.tabs_with(
            words,
            {
                "": totals.schools,
                "capped": totals.capped,
                "room": totals.with_room,
                "full": totals.full,
                "uncapped": totals.uncapped,
            },
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        round_ = self.vovp()
        rows = inventory_of(round_)
        self.totals = totals_of(rows)
        held = sum(getattr(row, "held", 0) for row in rows if row.ceiling is not None)
        return (
            super().get_context_data(**kwargs)
            | self.words(round_)
            | {
                "totals": self.totals,
                "held": held,
                "in_matching": self.totals.carried_in + self.totals.freed_in + held,
                "session": live_session(round_),
                "is_frozen": round_.is_frozen,
            }
        )

"""The pages of one school: what to do today, forms, admitted and drawn-out children, places, settings.

Who may see them stands in ``rules.py``; what they may see in ``selectors/school.py``.
"""

from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext, pgettext
from django.views.generic import TemplateView, View

from admissions.enums import Decision, FormState
from admissions.filters.forms import ApplicationFilter, DrawnOutFilter, PlacementFilter
from admissions.forms.letters import LogoForm
from admissions.models import Application, CareCase
from admissions.selectors.care import in_care_route
from admissions.selectors.delivery import confirmation_state, offer_state
from admissions.selectors.entries import begun_entries, form_choices, open_lists
from admissions.selectors.helping import recent_lookers
from admissions.selectors.openings import openings_for_school
from admissions.selectors.school import (
    Outcome,
    SchoolView,
    can_leave_without_place,
    drawn_out_applications,
    first_list,
    in_neighbourhood,
    own_applications,
    placements_here,
    places_of,
    reply_counts,
    rules_of,
    twins_of,
)
from admissions.services.explaining.explanations import RoundExplanation
from admissions.services.explaining.reasons import sentence
from admissions.services.explaining.sheets import may_print
from admissions.tables.forms import ApplicationTable, DrawnOutTable, PlacementTable, SchoolTable
from admissions.today.items import plan_day
from admissions.views.ledger_parts import ledger_context
from lottery.selectors import families_know
from schools.access import memberships_of, roles_at
from schools.context import now_of, rounds_of, year_of
from schools.enums import Role, RoundKind
from schools.lists import ListPage, Tab
from schools.models import AMSTERDAM, School, SchoolRound, User
from schools.postcodes import area_map
from schools.services.confirmations import fingerprint, rules_confirmation

OPEN_STATES = ("offered", "overdue")  # as shown: an offer that the parents can still accept
# Not an offer, but the seat can be given back; a lapsed one waits for just that (AE-22).
ENDABLE_AS_SHOWN = ("reserved", "enrolled", "lapsed")


class SchoolPage(View):
    """A page under ``/school/<brin>/``. Somebody without a role at this school gets 404, not "forbidden":
    nobody learns what exists elsewhere. ``permission`` says who may use the page."""

    permission: ClassVar[str] = "admissions.view_school"
    school: School
    scope: SchoolView

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.school = self._school(request, kwargs["brin"])
        request.oa_school = self.school  # type: ignore[attr-defined]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm("admissions.view_school", self.school):
            raise Http404
        if not request.user.has_perm(self.permission, self.school):
            raise PermissionDenied
        year = year_of(request, self.school.region)
        if year is None:
            raise Http404
        self.scope = SchoolView(
            self.school,
            year,
            now_of(request, year),
            tuple(rounds_of(request, year)),
            sees_care=request.user.has_perm("admissions.view_care", self.school),
            sees_all=request.user.has_perm("admissions.view_all_applications", self.school),
        )
        return super().dispatch(request, *args, **kwargs)

    @staticmethod
    def _school(request: HttpRequest, brin: str) -> School:
        memberships = memberships_of(request.user)
        for membership in memberships:
            if membership.school is not None and membership.school.brin == brin:
                return membership.school
        regions = [m.region_id for m in memberships if m.region_id]
        return get_object_or_404(School.objects.select_related("region"), brin=brin, region_id__in=regions)

    @property
    def actor(self) -> User:
        """Who is logged in; ``dispatch`` let nobody else in."""
        assert isinstance(self.request.user, User)
        return self.request.user

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return context | {"school": self.school, "scope": self.scope, "now": self.scope.now}


class TodayView(SchoolPage, TemplateView):
    """What must I do now, and until when."""

    template_name = "admissions/school_today.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may = {
            name: self.request.user.has_perm(f"admissions.{permission}", self.school)
            for name, permission in {
                "may_reply": "process_reply",
                "may_approve": "approve_letters",
                "may_enter": "enter_form",
                "may_confirm": "confirm_rules",
            }.items()
        }
        return super().get_context_data(**kwargs) | {
            "day": plan_day(self.scope, **may),
            "greeting": greeting(self.scope.now),
            "lookers": recent_lookers(self.school)
            if self.request.user.has_perm("admissions.view_lookers", self.school)
            else [],
            "other_schools": [
                m.school for m in memberships_of(self.request.user) if m.school not in (None, self.school)
            ],
            "first_name": str(self.request.user).split()[0] if str(self.request.user) else "",
        }


def greeting(now: datetime) -> str:
    hour = now.astimezone(AMSTERDAM).hour
    if hour < 12:
        return pgettext("greeting", "Good morning")
    return pgettext("greeting", "Good afternoon") if hour < 18 else pgettext("greeting", "Good evening")


class SchoolListPage(SchoolPage, ListPage):
    """A list of one school."""

    table_class: ClassVar[type[SchoolTable]]
    alerts: ClassVar[tuple[str, ...]] = ()  # tabs whose number asks for attention
    tab_field: ClassVar[str]
    shared_tabs: ClassVar[dict[str, str]] = {}  # values of the field that stand under another tab

    def get_filterset_kwargs(self, filterset_class: Any) -> dict[str, Any]:
        words = [(value, label) for value, label in self.tabs() if value]
        kwargs: dict[str, Any] = super().get_filterset_kwargs(filterset_class)
        return kwargs | {"view": self.scope, "tabs": words}

    def outside_tabs(self) -> QuerySet[Any]:
        """The rows of every tab, with the other filters as they are: what the counts on the tabs are about."""
        typed = self.request.GET.copy()
        typed.pop("tab", None)
        filterset_class = self.get_filterset_class()
        kwargs = self.get_filterset_kwargs(filterset_class) | {"data": typed, "queryset": self.get_queryset()}
        found: QuerySet[Any] = filterset_class(**kwargs).qs
        return found

    def get_table_kwargs(self) -> dict[str, Any]:
        return {"brin": self.school.brin, "rules": rules_of(self.scope)}

    def tabs(self) -> list[tuple[str, str]]:
        """(value, label); the empty value is all rows."""
        return [("", pgettext("tab", "All"))]

    def tab_counts(self) -> dict[str, int]:
        counts: dict[str, int] = {"": 0}
        for row in self.outside_tabs().order_by().values(self.tab_field).annotate(n=Count("pk")):
            tab = self.shared_tabs.get(row[self.tab_field], row[self.tab_field])
            counts[tab] = counts.get(tab, 0) + row["n"]
            counts[""] += row["n"]
        return counts

    def get_tabs(self) -> list[Tab]:
        counts, chosen = self.tab_counts(), self.request.GET.get("tab", "")
        return [
            Tab(value, label, counts.get(value, 0), alert=value in self.alerts, current=value == chosen)
            for value, label in self.tabs()
            if counts.get(value) or value in ("", chosen)
        ]


class ApplicationListView(SchoolListPage):
    """Applications with this school as first choice (DH-052; the school's own reference list)."""

    table_class = ApplicationTable
    filterset_class = ApplicationFilter
    template_name = "admissions/application_list.html"
    export_name = "formulieren"
    alerts = ("released",)
    tab_field = "form__state"
    shared_tabs = {FormState.LOCKED: "final"}

    def get_queryset(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = own_applications(self.scope).annotate(mail_state=confirmation_state(self.scope))
        return rows

    def get_table_kwargs(self) -> dict[str, Any]:
        return super().get_table_kwargs() | ({} if self.scope.sees_care else {"exclude": ("care",)})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may_enter = self.request.user.has_perm("admissions.enter_form", self.school)
        return super().get_context_data(**kwargs) | {
            "may_enter": may_enter,
            "begun": list(begun_entries(self.scope)[:20]) if may_enter else [],
            "lists": open_lists(self.scope) if may_enter else [],
        }

    def tabs(self) -> list[tuple[str, str]]:
        return [
            ("", pgettext("tab", "All")),
            ("draft", pgettext("tab", "Draft")),
            ("final", pgettext("tab", "Final")),
            ("released", pgettext("tab", "Released")),
            ("expired", pgettext("tab", "Never made final")),
            ("void", pgettext("tab", "Void")),
        ]


class DrawnOutListView(SchoolListPage):
    """Children drawn out at this school (DH-081)."""

    table_class = DrawnOutTable
    filterset_class = DrawnOutFilter
    template_name = "admissions/drawn_out_list.html"
    export_name = "uitgeloot"
    tab_field = "outcome"

    def get_queryset(self) -> QuerySet[Any]:
        return drawn_out_applications(self.scope)

    def get_table_kwargs(self) -> dict[str, Any]:
        return super().get_table_kwargs() | (
            {} if self.scope.sees_care else {"exclude": ("care", "form_state", "mail")}
        )

    def tabs(self) -> list[tuple[str, str]]:
        return [
            ("", pgettext("tab", "All")),
            (Outcome.DRAWN_OUT.value, pgettext("tab", "Drawn out")),
            (Outcome.HANDLED.value, pgettext("tab", "Handled")),
            (Outcome.FOLLOW_UP.value, pgettext("tab", "Follow-up with the school")),
        ]


class AdmittedListView(SchoolListPage):
    """Children with a place here: first choice, lower preference with its number, VOVP (DH-098, DH-115)."""

    table_class = PlacementTable
    filterset_class = PlacementFilter
    template_name = "admissions/admitted_list.html"
    export_name = "toegelaten"
    alerts = ("overdue",)
    tab_field = "shown_state"
    shared_tabs = {"superseded": "left", "lapsed": "left"}

    def get_queryset(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = placements_here(self.scope).annotate(arrived=offer_state(self.scope))
        return rows

    def get_table_kwargs(self) -> dict[str, Any]:
        return super().get_table_kwargs() | {"may_reply": self.may_reply}

    @property
    def may_reply(self) -> bool:
        return bool(self.request.user.has_perm("admissions.process_reply", self.school))

    def tabs(self) -> list[tuple[str, str]]:
        return [
            ("", pgettext("tab", "All")),
            ("reserved", pgettext("tab", "Letter not sent yet")),
            ("offered", pgettext("tab", "Waits for parents")),
            ("overdue", pgettext("tab", "Too late")),
            ("enrolled", pgettext("tab", "Enrolled")),
            ("withdrawn", pgettext("tab", "Withdrawn")),
            ("left", pgettext("tab", "Left")),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "replies": reply_counts(self.scope),
            "may_export": self.request.user.has_perm("admissions.export_enrolled", self.school),
            "may_reply": self.may_reply,
        }


class ApplicationDetailView(SchoolPage, TemplateView):
    """One child: everything for the school of first choice; for a school that got the child through a draw the
    identity, the contact data and the number of the preference, and nothing else (Q-16)."""

    template_name = "admissions/application_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        number = self.kwargs["number"].replace("-", "").upper()
        application = own_applications(self.scope).filter(registration_number=number).first()
        placements = list(placements_here(self.scope).filter(application__registration_number=number))
        if application is None and not placements:
            raise Http404
        is_own = application is not None
        application = application or placements[0].application
        self.request.oa_section = "admissions:application-list" if is_own else "admissions:admitted-list"  # type: ignore[attr-defined]
        context = super().get_context_data(**kwargs) | {
            "application": application,
            "child": application.child,
            "form": application.form,
            "guardians": application.guardians.order_by("position"),
            "is_own": is_own,
            "is_locked": application.form.state == FormState.LOCKED,
            "placements": placements,
            "timeline": self.timeline(application, placements, is_own=is_own),
            "back": self.back(is_own=is_own),
        }
        if not is_own and self.scope.sees_care:
            # A care duty goes along to the school that placed the child, and to no other.
            case = CareCase.objects.filter(application=application).first()
            context["placed_with_duty"] = case is not None and case.has_duty
        context["may_move"] = self.request.user.has_perm("admissions.request_move", self.school) and any(
            p.shown_state in (*OPEN_STATES, "enrolled") for p in placements
        )
        if self.request.user.has_perm("admissions.process_reply", self.school):
            context["reply"] = next((p for p in placements if p.shown_state in OPEN_STATES), None)
            context["end"] = next((p for p in placements if p.shown_state in ENDABLE_AS_SHOWN), None)
        context["why"] = why_here(self.scope, application, is_own=is_own)
        return context | (self.own(application) if is_own else {})

    def own(self, application: Any) -> dict[str, Any]:
        """What only the school of first choice sees."""
        preferences = first_list(application.preferences.all())
        return {
            "preferences": preferences.select_related("programme__school").order_by("rank"),
            "claims": application.claims.order_by("pk"),
            "twins": twins_of(self.scope, application),
            "choices": form_choices(
                self.scope,
                application,
                may_enter=self.request.user.has_perm("admissions.enter_form", self.school),
                may_report=self.request.user.has_perm("admissions.report_birth_date", self.school),
            ),
            "in_neighbourhood": in_neighbourhood(application.form, rules_of(self.scope)),
            "may_print": self.request.user.has_perm("admissions.process_reply", self.school)
            and may_print(application, now=self.scope.now, sees_care=self.scope.sees_care),
            "may_withdraw": self.request.user.has_perm("admissions.process_reply", self.school)
            and can_leave_without_place(
                self.scope,
                application,
                by_office=Role.PROGRAMME_MANAGER in roles_at(self.request.user, self.school),
            ),
            "care_case": self.care_case(application),
            "may_signal": application.decision == Decision.UNDECIDED
            and self.request.user.has_perm("admissions.work_on_care", self.school),
            "has_transition_warning": self.school.moves_up_late(
                application.child.date_of_birth, period=application.first_choice.round.position
            ),
            "may_see_openings": self.request.user.has_perm("admissions.view_lookers", self.school),
            "openings": openings_for_school(application, self.scope.rounds, sees_care=self.scope.sees_care),
        }

    def care_case(self, application: Any) -> CareCase | None:
        """Of its own child, until it left for another school (DH-180, Q-46)."""
        if not self.scope.sees_care:
            return None
        case: CareCase | None = getattr(application, "care_case", None)
        return case if case is not None and in_care_route(application, case) else None

    def back(self, *, is_own: bool) -> tuple[str, str]:
        if is_own:
            return pgettext("menu", "Forms"), reverse("admissions:application-list", args=[self.school.brin])
        return pgettext("menu", "Admitted"), reverse("admissions:admitted-list", args=[self.school.brin])

    def timeline(
        self, application: Application, placements: list[Any], *, is_own: bool
    ) -> list[tuple[Any, str]]:
        """What happened, from the records this school may see; never the trail itself, which knows more."""
        lines: list[tuple[Any, str]] = []
        if is_own:
            form, round_ = application.form, application.first_choice.round
            lines.append((form.received_on, gettext("Form received")))
            if form.checked_at:
                lines.append((form.checked_at, gettext("Check ticked")))
            for version in form.versions.order_by("version"):
                text = gettext("Form made final, version %(version)d") % {"version": version.version}
                lines.append((version.finalised_at, text))
            if (
                self.scope.shows(round_)
                and application.decision not in ("pending", "void")
                and round_.central_matching_on
            ):
                outcome = getattr(application, "outcome", "")
                if outcome in (Outcome.DRAWN_OUT, Outcome.HANDLED, Outcome.FOLLOW_UP):
                    lines.append((round_.central_matching_on, gettext("Drawn out at your school")))
        for placement in placements:
            day = placement.school_round.round.central_matching_on
            if day:
                lines.append((day, gettext("Place at your school")))
            if placement.offered_on:
                lines.append((placement.offered_on, gettext("Letter with the offer sent")))
            if placement.enrolled_on:
                lines.append((placement.enrolled_on, gettext("Enrolled")))
            if placement.shown_state == "superseded":
                left = placement.superseded_by.school_round.round.central_matching_on
                lines.append((left, gettext("Left for a better place in a VOVP")))
            withdrawal = getattr(placement, "withdrawal", None)
            if withdrawal is not None:
                text = gettext("Withdrawn: %(reason)s") % {"reason": withdrawal.get_reason_display()}
                lines.append((withdrawal.effective_on, text))
        return sorted(lines, key=lambda line: _as_day(line[0]), reverse=True)


def _as_day(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value


class PlacesView(SchoolPage, TemplateView):
    """Where places came from and went, per round, down to the bookings of one round (DH-104)."""

    template_name = "admissions/school_places.html"
    permission = "admissions.view_school_settings"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        view = self.scope
        rows = places_of(view)
        title = gettext("Places of %(school)s per round") % {"school": self.school.name}
        chosen = self.request.GET.get("ronde", "")
        context = ledger_context(rows, view.rounds, chosen, view.shows, title=title)
        context["is_capped"] = any(row.school_round.is_capped for row in rows)
        return super().get_context_data(**kwargs) | context


def area_of(rules: list[Any]) -> list[str]:
    """The postcodes of the neighbourhood area; empty without that rule."""
    return [code for rule in rules for code in rule.area_postcodes.split()]


class SettingsView(SchoolPage, TemplateView):
    """What holds for the school, with a way to change what this user may change."""

    template_name = "admissions/school_settings.html"
    permission = "admissions.view_school_settings"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        school_rounds = (
            SchoolRound.objects.filter(programme__school=self.school, round__year=self.scope.year)
            .select_related("round", "programme")
            .order_by("round__position")
        )
        rounds = [row for row in school_rounds if row.round.kind == RoundKind.ALM]
        return super().get_context_data(**kwargs) | {
            "school_rounds": rounds,
            "is_capped": any(row.is_capped for row in rounds),
            "total": sum(row.ceiling or 0 for row in rounds),
            "may": {
                name: self.request.user.has_perm(f"admissions.change_{name}", self.school)
                for name in ("school", "rules", "ceiling", "draw_mode")
            }
            | {
                "lookers": self.request.user.has_perm("admissions.view_lookers", self.school),
                "look_along": self.request.user.has_perm("admissions.look_along", self.school),
                "manage": self.request.user.has_perm("admissions.manage_schools", self.school.region),
                "ask": self.request.user.has_perm("admissions.ask_desk", self.school),
            },
            "map": area_map(area_of(rules_of(self.scope)), school=self.school.postcode[:4]),
            "rules": rules_of(self.scope),
            "rules_code": fingerprint(rules_of(self.scope)),
            "rules_confirmation": rules_confirmation(self.scope.year, rounds[0].programme)
            if rounds
            else None,
            "logo_form": LogoForm(),
            "may_change_letters": self.request.user.has_perm("admissions.change_letters", self.school),
            "may_confirm_rules": self.request.user.has_perm("admissions.confirm_rules", self.school),
        }


def why_here(scope: SchoolView, application: Application, *, is_own: bool) -> str:
    """The line of the family's letter about this school; empty until all families know, and always for a VOVP.

    Only about this school: the other lines would tell where a drawn-out child was placed, or what else the list of
    a child from elsewhere holds (Q-16, DH-135).
    """
    round_ = application.first_choice.round
    if not families_know(round_, now=scope.now):
        return ""
    own = set(scope.school.programmes.values_list("code", flat=True))
    lines = [why for why in RoundExplanation(round_).of_child(application) if why.code in own]
    return " ".join(sentence(why) for why in lines if is_own or why.is_here)

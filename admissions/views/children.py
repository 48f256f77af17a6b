"""Finding a child, and everything that is known of one, for the programme office."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.generic import TemplateView

from admissions.enums import Decision
from admissions.filters.office import CHILD_TABS, ChildFilter
from admissions.models import Application, LateWithdrawal, SheetLink
from admissions.selectors.children import ChildFile, Line, applications_of, child_file, find_application
from admissions.selectors.openings import openings_for_office
from admissions.services.explaining.explanations import Taken, explanations_of
from admissions.services.explaining.reasons import limit_words, sentence
from admissions.services.explaining.sheets import opens_at, sheet_of, shows_care
from admissions.tables.office import ChildTable, decision_badge
from admissions.texts import events as event_texts
from admissions.views.office import OfficePage
from notifications.enums import MessageState
from schools.clock import now
from schools.lists import ListPage, Tab
from schools.models import Round


class OfficeListPage(OfficePage, ListPage):
    """A list of the office; its filters know who asks."""

    def get_filterset_kwargs(self, filterset_class: Any) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_filterset_kwargs(filterset_class)
        return kwargs | {"view": self.scope}

    def tabs_with(self, words: list[tuple[str, Any]], counts: dict[str, int]) -> list[Tab]:
        """Quick filters; one without rows is left out, unless it is chosen or the one for all rows."""
        chosen = self.request.GET.get("tab", "")
        return [
            Tab(value, str(label), counts.get(value, 0), current=value == chosen)
            for value, label in words
            if counts.get(value) or value in ("", chosen)
        ]


class ChildSearchView(OfficeListPage):
    """Find a child by registration number, form reference, name, birth date or school, also with a letter wrong."""

    permission = "admissions.find_child"
    table_class = ChildTable
    filterset_class = ChildFilter
    template_name = "admissions/child_search.html"
    export_name = "kinderen"

    def get_queryset(self) -> QuerySet[Application]:
        return applications_of(self.scope)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        note = (
            _("Nobody fits exactly. These names look like what you typed.") if self.filterset.is_alike else ""
        )
        return super().get_context_data(**kwargs) | {"list_note": note}

    def get_tabs(self) -> list[Tab]:
        rows = Application.objects.filter(year=self.scope.year).order_by().values_list("decision")
        per_decision = dict(rows.annotate(n=Count("pk")).values_list("decision", "n"))
        counts = {
            tab: sum(per_decision.get(d, 0) for d in decisions) for tab, decisions in CHILD_TABS.items()
        }
        words = [
            ("", pgettext("tab", "All")),
            ("waiting", pgettext("tab", "Before the draw")),
            ("placed", pgettext("tab", "Placed")),
            ("unplaced", pgettext("tab", "Without a place")),
            ("withdrawn", pgettext("tab", "Withdrawn")),
            ("void", pgettext("tab", "Void")),
        ]
        return self.tabs_with(words, counts | {"": sum(per_decision.values())})


class ChildDetailView(OfficePage, TemplateView):
    """One child with its whole time line."""

    permission = "admissions.find_child"
    template_name = "admissions/child_detail.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.application = find_application(self.region, kwargs["number"])
        if self.application is None:
            raise Http404
        if kwargs["number"] != self.application.registration_number:
            return redirect("admissions:child-detail", self.application.registration_number)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        application = self.application
        assert application is not None
        sees_care = self.scope.sees_care
        found = child_file(application, sees_care=sees_care)
        decision = application.decision
        if decision == Decision.CARE_FOLLOW_UP and not sees_care:
            decision = Decision.UNPLACED
        return super().get_context_data(**kwargs) | {
            "application": application,
            "child": application.child,
            "form": application.form,
            "guardians": application.guardians.order_by("position"),
            "claims": application.claims.order_by("pk"),
            "badge": decision_badge(decision),
            "file": found,
            "results": outcomes_of(application, found, sees_care=sees_care),
            "has_sheet": self.has_sheet(application, sees_care=sees_care),
            "has_link": SheetLink.objects.filter(application=application, withdrawn_at=None).exists(),
            "opens_at": opens_at(application, now=self.scope.now),
            "lines": time_line(found),
            "care_case": getattr(application, "care_case", None) if sees_care else None,
            "withdrawal": getattr(application, "withdrawal", None),
            "late": LateWithdrawal.objects.filter(application=application, applied_at=None)
            .select_related("round")
            .first(),
            "seat": next((p for p in reversed(found.placements) if p.is_active), None),
            "next_application": getattr(application, "next", None),
            "may_see_openings": self.request.user.has_perm("admissions.view_trail", self.region),
            "openings": openings_for_office(application, sees_care=sees_care),
        }

    def has_sheet(self, application: Application, *, sees_care: bool) -> bool:
        """The family knows the result, so that its sheet may be printed here (DH-111)."""
        sheet = sheet_of(application, now=now(application.year))
        return sheet is not None and (sees_care or not shows_care(sheet))


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One school on the list with the sentence of the letter."""

    rank: int
    school: str
    reason: str
    limit: str
    is_here: bool
    is_added: bool  # for a VOVP (DH-131)


@dataclass(frozen=True, slots=True)
class RoundOutcome:
    """What one round made of the child's list, and its numbers in the sessions of that round."""

    round: Round
    taken: list[Taken]
    rows: list[OutcomeRow]


def outcomes_of(application: Application, found: ChildFile, *, sees_care: bool) -> list[RoundOutcome]:
    """Every played round of the child; what tells of care only for who may see it (DH-180)."""
    names = {row.programme.code: row.programme.name for row in found.preferences}
    added = {row.programme.code for row in found.preferences if row.added_in_id}
    return [
        RoundOutcome(
            explanation.round,
            explanation.taken_by(application.registration_number),
            [
                OutcomeRow(
                    why.rank,
                    names.get(why.code, why.code),
                    _("Not looked at in this round.")
                    if why.tells_of_care and not sees_care
                    else sentence(why),
                    limit_words(why),
                    why.is_here,
                    why.code in added,
                )
                for why in whys
            ],
        )
        for explanation, whys in explanations_of(application)
    ]


def time_line(found: ChildFile) -> list[Line]:
    """Everything that happened to this child, the newest first.

    The trail says when and who; a form version stands in for its event where a reset took the trail away.
    """
    names = {row.programme.code: row.programme.name for row in found.preferences}
    names |= {p.school_round.programme.code: p.school_round.programme.name for p in found.placements}
    lines = [
        Line(
            event.effective_at,
            event_texts.sentence(event, names),
            who=str(event.actor) if event.actor else _("System"),
            detail=event_texts.detail(event, names),
        )
        for event in found.events
    ]
    finals = sum(
        event.kind in ("form_imported", "form_final", "birth_date_corrected") for event in found.events
    )
    for version in found.versions[finals:] if finals < len(found.versions) else []:
        text = _("Form made final, version %(version)d") % {"version": version.version}
        lines.append(Line(version.finalised_at, text, who=str(version.finalised_by or _("System"))))
    for message in found.messages:
        if message.state == MessageState.RELEASED and message.released_at is not None:
            text = _("Message sent: %(kind)s") % {"kind": message.get_kind_display()}
            lines.append(Line(message.released_at, text, who=_("System")))
    ordered = sorted(enumerate(lines), key=lambda pair: (pair[1].at, pair[0]), reverse=True)
    return [line for _position, line in ordered]

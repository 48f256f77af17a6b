"""Changing what holds for a school: its data, rules, ceilings and way of drawing; and the cards staff read (DH-167)."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView

from admissions.forms.school_settings import CeilingsForm, RulesForm, SchoolForm, may_change
from admissions.procedures.registry import procedure_of
from admissions.selectors.figures import figures_of_school
from admissions.selectors.school import rules_of
from admissions.services.year.school_settings import (
    before_parents_deadline,
    kinds_for,
    rules_are_open,
    set_ceilings,
    set_draw_modes,
    set_rules,
    set_school,
)
from admissions.views.school import SchoolPage
from schools.access import roles_at
from schools.enums import BEFORE_LOCK_STATES, DrawMode, Role, RoundKind
from schools.errors import RefusedError
from schools.models import Programme, School, SchoolRound
from schools.postcodes import area_map, read_codes
from schools.services.ceilings import even_split


class EditPage(SchoolPage):
    """A form about the school; a refusal stands beside its field and nothing typed is lost."""

    template_name: ClassVar[str]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(self.form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST)
        if not form.is_valid():
            return self.show(form, status=422)
        try:
            said = self.save(form)
        except RefusedError as exc:
            exc.put_on(form)
            return self.show(form, status=409)
        messages.success(request, said)
        return redirect("admissions:school-settings", self.school.brin)

    def form(self, data: Any = None) -> Any:
        raise NotImplementedError

    def save(self, form: Any) -> str:
        raise NotImplementedError

    def besides(self, form: Any) -> dict[str, Any]:
        return {}

    @property
    def by_office(self) -> bool:
        """The programme manager works under other limits than the school (Q-50)."""
        return Role.PROGRAMME_MANAGER in roles_at(self.request.user, self.school)

    @cached_property
    def rows(self) -> list[SchoolRound]:
        """This school with a ceiling in the application periods of the year."""
        found = SchoolRound.objects.filter(
            programme__school=self.school,
            round__year=self.scope.year,
            round__kind=RoundKind.ALM,
            ceiling__isnull=False,
        )
        return list(found.select_related("round__year", "programme").order_by("round__position"))

    def show(self, form: forms.Form, status: int = 200) -> HttpResponse:
        self.request.oa_section = "admissions:school-settings"  # type: ignore[attr-defined]
        context = {"school": self.school, "scope": self.scope, "now": self.scope.now, "form": form}
        return render(self.request, self.template_name, context | self.besides(form), status=status)


class EditSchoolView(EditPage):
    """Contact, hand-in, transition date (DH-017, DH-037)."""

    permission = "admissions.change_school"
    template_name = "admissions/school_edit.html"

    def form(self, data: Any = None) -> SchoolForm:
        # A copy: a form that is refused must not change the name in the header of its own page.
        return SchoolForm(data, instance=School.objects.get(pk=self.school.pk))

    def save(self, form: SchoolForm) -> str:
        set_school(self.scope.year, self.school, form.cleaned_data, actor=self.actor)
        return _("The data of the school have been saved.")

    def besides(self, form: SchoolForm) -> dict[str, Any]:
        return {"may_ask": self.request.user.has_perm("admissions.ask_desk", self.school)}


class EditRulesView(EditPage):
    """Which rules, in which order, with the area on a small map (DH-008 to DH-011)."""

    permission = "admissions.change_rules"
    template_name = "admissions/rules_edit.html"

    def form(self, data: Any = None) -> RulesForm:
        most = procedure_of(self.school.region).parameters.maximum_rules
        return RulesForm(data, kinds=kinds_for(self.school), rules=rules_of(self.scope), most=most)

    def save(self, form: RulesForm) -> str:
        programme = get_object_or_404(Programme, school=self.school)
        set_rules(self.scope.year, programme, form.rules, actor=self.actor)
        return _(
            "The rules have been saved. Now confirm that they are the same in your guide and on your website."
        )

    def besides(self, form: RulesForm) -> dict[str, Any]:
        typed = form.data.get("area", "") if form.is_bound else form.fields["area"].initial or ""
        return {
            "map": area_map(read_codes(typed)[0], school=self.school.postcode[:4]),
            "is_open": rules_are_open(self.scope.year),
            "is_public": self.school.board.public_authority,
            "order": [form[f"rule_{n}"] for n in range(1, form.most + 1)],
        }


class EditCeilingsView(EditPage):
    """Places per round, with a proposal for an even split (DH-006, DH-007, AE-23)."""

    permission = "admissions.change_ceiling"
    template_name = "admissions/ceilings_edit.html"

    def form(self, data: Any = None) -> CeilingsForm:
        return CeilingsForm(data, rows=self.rows, by_office=self.by_office, proposal=self.proposal)

    @property
    def proposal(self) -> dict[int, int] | None:
        """The even split of the number that was asked for, over the rounds that can still change; by their keys.

        What a fixed round has is taken off first, so that the year comes to the number that was asked for (DH-006).
        None without a number, or when the fixed rounds have more already. Nothing is stored by asking.
        """
        asked = self.asked_total
        if asked is None or not self.open_rows or asked < self.fixed_total:
            return None
        split = even_split(asked - self.fixed_total, len(self.open_rows))
        return dict(zip((row.pk for row in self.open_rows), split, strict=True))

    @property
    def asked_total(self) -> int | None:
        asked = self.request.GET.get("totaal", "").strip()
        return int(asked) if asked.isdecimal() and asked.isascii() and len(asked) <= 5 else None

    @cached_property
    def open_rows(self) -> list[SchoolRound]:
        return [row for row in self.rows if may_change(row, by_office=self.by_office)]

    @property
    def fixed_total(self) -> int:
        """Places of the rounds whose ceiling is fixed."""
        return sum(row.ceiling or 0 for row in self.rows if row not in self.open_rows)

    def save(self, form: CeilingsForm) -> str:
        changed = set_ceilings(
            self.scope.year,
            self.school,
            form.places,
            by_office=self.by_office,
            reason=form.cleaned_data.get("reason", ""),
            actor=self.actor,
        )
        text = ngettext(
            "The ceiling of %(n)d round has been saved.",
            "The ceilings of %(n)d rounds have been saved.",
            changed,
        )
        return text % {"n": changed} if changed else _("Nothing has changed.")

    def besides(self, form: CeilingsForm) -> dict[str, Any]:
        asked = self.request.GET.get("totaal", "")
        return {
            "total": sum(row.ceiling or 0 for row in self.rows),
            "asked": asked[:5],
            "proposal": self.proposal,
            "asked_is_wrong": bool(asked) and self.asked_total is None,
            "fixed": self.fixed_total,
            "is_below_fixed": self.asked_total is not None and self.asked_total < self.fixed_total,
            "is_capped": bool(self.rows),
            "is_open": bool(self.open_rows),
        }


class EditDrawModeView(EditPage):
    """Tick the rounds that are drawn digitally; the others the school draws itself (DH-014, DH-015)."""

    permission = "admissions.change_draw_mode"
    template_name = "admissions/draw_mode_edit.html"

    def form(self, data: Any = None) -> forms.Form:
        return forms.Form(data)

    def save(self, form: forms.Form) -> str:
        ticked = {int(pk) for pk in self.request.POST.getlist("digital") if pk.isdecimal() and len(pk) < 19}
        set_draw_modes(self.scope.year, self.school, ticked, by_office=self.by_office, actor=self.actor)
        return _("The way of drawing has been saved.")

    def besides(self, form: forms.Form) -> dict[str, Any]:
        posted = self.request.POST.getlist("digital") if form.is_bound else None
        return {
            "choices": [
                (
                    row,
                    str(row.pk) in posted if posted is not None else row.draw_mode == DrawMode.DIGITAL,
                    row.round.state in BEFORE_LOCK_STATES
                    and (self.by_office or before_parents_deadline(row)),
                    row.round.state not in BEFORE_LOCK_STATES,
                )
                for row in self.rows
            ]
        }


class CompareView(SchoolPage, TemplateView):
    """With and without a ceiling, side by side (DH-021)."""

    permission = "admissions.view_school_settings"
    template_name = "admissions/capped_or_not.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.request.oa_section = "admissions:school-settings"  # type: ignore[attr-defined]
        capped = SchoolRound.objects.filter(
            programme__school=self.school, round__year=self.scope.year, ceiling__isnull=False
        )
        most = procedure_of(self.school.region).parameters.maximum_rules
        return super().get_context_data(**kwargs) | {"is_capped": capped.exists(), "most_rules": most}


class AnswerCardView(SchoolPage, TemplateView):
    """What staff may say to parents about chances: published figures, and nothing newer (DH-161, DH-162, DH-167)."""

    permission = "admissions.view_school_settings"
    template_name = "admissions/answer_card.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.request.oa_section = "admissions:school-settings"  # type: ignore[attr-defined]
        return super().get_context_data(**kwargs) | {
            "figures": figures_of_school(self.school),
            "rules": rules_of(self.scope),
        }

"""People and roles: who works with the system in this region (den-haag.md section 5: the programme manager)."""

from typing import Any

import django_filters as filters
import django_tables2 as tables
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from admissions.filters.office import ALL, SEARCH, OfficeFilter
from admissions.forms.cases import SuccessorForm
from admissions.forms.people import MemberForm, PeopleFileForm, PersonForm, ReasonForm
from admissions.services.year.leaving import cases_left, take_role_away
from admissions.services.year.people_list import PeopleList, import_people, preview_people
from admissions.views.children import OfficeListPage
from admissions.views.office import OfficePage
from schools.enums import SECOND_FACTOR_ROLES, Role
from schools.errors import RefusedError
from schools.lists import LookTable
from schools.models import Membership, Region
from schools.second_factor import SECOND_FACTORS
from schools.services.people import add_member, change_person, reset_second_factor, send_invitation
from schools.templatetags.oa import badge, moment_year


def members_of(region: Region) -> QuerySet[Membership]:
    """Every role of the region and of its schools, with whether a second factor is set up."""
    factors = Authenticator.objects.filter(user=OuterRef("user_id"), type__in=SECOND_FACTORS)
    return (
        Membership.objects.filter(Q(region=region) | Q(school__region=region))
        .select_related("user", "school")
        .annotate(has_second_factor=Exists(factors))
        .order_by("user__name", "pk")
    )


class MemberFilter(OfficeFilter):
    """By name, address or school, and by role."""

    q = filters.CharFilter(
        method="filter_q", label=gettext_lazy("Name, e-mail address or school"), max_length=80, widget=SEARCH
    )
    role = filters.ChoiceFilter(label=pgettext_lazy("person", "Role"), empty_label=ALL, choices=Role.choices)

    class Meta:
        model = Membership
        fields: list[str] = []

    def filter_q(self, queryset: QuerySet[Membership], name: str, value: str) -> QuerySet[Membership]:
        return queryset.filter(
            Q(user__name__icontains=value)
            | Q(user__email__icontains=value)
            | Q(school__name__icontains=value)
            | Q(school__brin__istartswith=value)
        )


class MemberTable(LookTable):
    """One role a row."""

    head_column = "person"
    person = tables.Column(
        verbose_name=pgettext_lazy("column", "Person"), accessor="user__name", order_by=("user__name",)
    )
    role = tables.Column(verbose_name=pgettext_lazy("person", "Role"))
    school = tables.Column(
        verbose_name=pgettext_lazy("person", "School"),
        accessor="school__name",
        default=pgettext_lazy("person", "the whole region"),
    )
    last_login = tables.Column(
        verbose_name=gettext_lazy("Last logged in"), accessor="user__last_login", empty_values=()
    )
    second_factor = tables.Column(
        verbose_name=gettext_lazy("Second factor"), accessor="has_second_factor", orderable=False
    )

    caption = gettext_lazy("People and their roles")
    empty_title = gettext_lazy("Nobody found")
    empty_text = gettext_lazy("Clear the filter, or add somebody.")

    class Meta(LookTable.Meta):
        order_by = "person"

    def render_person(self, record: Membership) -> SafeString:
        url = reverse("admissions:member", args=[record.pk])
        return format_html(
            '<a class="cell" href="{}">{}</a><span class="sub">{}</span>', url, record.user, record.user.email
        )

    def value_person(self, record: Membership) -> str:
        return f"{record.user} <{record.user.email}>"

    def render_role(self, record: Membership) -> str:
        word = record.get_role_display()
        return _("%(role)s, named for care") % {"role": word} if record.may_see_care else word

    def render_last_login(self, record: Membership) -> str | SafeString:
        if record.user.last_login is None:
            return badge("warning", pgettext("person", "Invited"), "mail")
        return moment_year(record.user.last_login)

    def value_last_login(self, record: Membership) -> str:
        return record.user.last_login.isoformat() if record.user.last_login else ""

    def render_second_factor(self, record: Membership) -> str | SafeString:
        if record.has_second_factor:  # type: ignore[attr-defined]
            return badge("ok", pgettext("second factor", "Set up"), "ok")
        if record.role in SECOND_FACTOR_ROLES:
            return badge("warning", pgettext("second factor", "At the first login"), "clock")
        return pgettext("second factor", "Not required")

    def value_second_factor(self, record: Membership) -> str:
        return "1" if record.has_second_factor else "0"  # type: ignore[attr-defined]


class MemberListView(OfficeListPage):
    """Who works with the system."""

    permission = "admissions.manage_people"
    table_class = MemberTable
    filterset_class = MemberFilter
    template_name = "admissions/member_list.html"
    export_name = "mensen"

    def get_queryset(self) -> QuerySet[Membership]:
        return members_of(self.region)


class MemberPage(OfficePage):
    """A page about one role of one person."""

    permission = "admissions.manage_people"

    def member(self) -> Membership:
        return get_object_or_404(members_of(self.region), pk=self.kwargs["pk"])

    def site(self) -> str:
        return self.request.build_absolute_uri("/").rstrip("/")


class MemberAddView(MemberPage):
    """Give somebody a role; a new person gets an invitation by mail."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(request, MemberForm(region=self.region))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = MemberForm(request.POST, region=self.region)
        if not form.is_valid():
            return self.answer(request, form, status=422)
        try:
            member = add_member(
                self.region,
                email=form.cleaned_data["email"],
                name=form.cleaned_data["name"],
                role=form.cleaned_data["role"],
                school=form.cleaned_data["school"],
                may_see_care=form.cleaned_data["may_see_care"],
                actor=request.user,  # type: ignore[arg-type]
                site=self.site(),
            )
        except RefusedError as exc:
            exc.put_on(form)
            return self.answer(request, form, status=409)
        messages.success(
            request,
            _("%(name)s is now %(role)s.") % {"name": member.user, "role": member.get_role_display().lower()},
        )
        return redirect("admissions:member-list")

    def answer(self, request: HttpRequest, form: MemberForm, *, status: int = 200) -> HttpResponse:
        return render(request, "admissions/member_add.html", self.common() | {"form": form}, status=status)


class MemberImportView(MemberPage):
    """Read a list of people after a look at what it does."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(request, PeopleFileForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = PeopleFileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.answer(request, form, status=422)
        text, actor = form.cleaned_data["text"], request.user
        read = import_people if request.POST.get("confirm") else preview_people
        try:
            found = read(self.region, text.encode(), actor=actor, site=self.site())  # type: ignore[arg-type]
        except RefusedError as exc:
            form.add_error("file", str(exc))
            return self.answer(request, form, status=409)
        if read is preview_people:
            return self.answer(request, PeopleFileForm(initial={"text": text}), found=found)
        text = ngettext("%(n)d role has been added.", "%(n)d roles have been added.", found.changes)
        messages.success(request, text % {"n": found.changes})
        if found.refused:
            return self.answer(request, PeopleFileForm(), left_out=found.refused)
        return redirect("admissions:member-list")

    def answer(
        self,
        request: HttpRequest,
        form: PeopleFileForm,
        *,
        found: PeopleList | None = None,
        left_out: list[str] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        kinds = [
            (_("New"), found.new if found else []),
            (_("Has this role already"), found.known if found else []),
            (
                _("Left out: mend these lines and read the list again"),
                found.refused if found else left_out or [],
            ),
        ]
        context = self.common() | {
            "form": form,
            "found": found,
            "kinds": [(word, rows) for word, rows in kinds if rows],
            "roles": Role.labels,
        }
        request.oa_section = "admissions:member-list"  # type: ignore[attr-defined]
        return render(request, "admissions/member_import.html", context, status=status)


class MemberView(MemberPage):
    """One person in one role: inviting again, forgetting a lost second factor, taking the role away."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(request, self.member(), ReasonForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        member, form = self.member(), ReasonForm(request.POST)
        actor: Any = request.user
        wanted = request.POST.get("do", "")
        name = {"name": member.user}
        successor: SuccessorForm | None = None
        try:
            if wanted == "invite" and not member.user.has_usable_password():
                send_invitation(member.user, region=self.region, site=self.site())
                messages.success(request, _("The invitation to %(name)s is on its way again.") % name)
            elif wanted == "change":
                person = PersonForm(request.POST)
                if not person.is_valid():
                    return self.answer(request, member, ReasonForm(), person=person, status=422)
                try:
                    changed = change_person(
                        member.user, region=self.region, **person.cleaned_data, actor=actor, site=self.site()
                    )
                except RefusedError as exc:
                    exc.put_on(person)
                    return self.answer(request, member, ReasonForm(), person=person, status=409)
                if changed:
                    messages.success(request, _("The data of this person are stored."))
                else:
                    messages.info(request, _("Nothing changed."))
            elif wanted == "remove":
                successor = SuccessorForm(request.POST, region=self.region, leaving=member.user)
                if not successor.is_valid():
                    return self.answer(request, member, ReasonForm(), successor=successor, status=422)
                to = successor.cleaned_data["successor"]
                take_role_away(member, region=self.region, to=to, actor=actor)
                messages.success(request, _("%(name)s no longer has this role and is logged out.") % name)
                return redirect("admissions:member-list")
            elif wanted == "forget":
                if not form.is_valid():
                    return self.answer(request, member, form, status=422)
                reset_second_factor(
                    member.user, region=self.region, actor=actor, reason=form.cleaned_data["reason"]
                )
                messages.success(request, _("%(name)s sets up a new second factor at the next login.") % name)
        except RefusedError as exc:
            messages.error(request, str(exc))
            return self.answer(request, member, ReasonForm(), successor=successor, status=409)
        return redirect("admissions:member", member.pk)

    def answer(
        self,
        request: HttpRequest,
        member: Membership,
        form: ReasonForm,
        *,
        successor: SuccessorForm | None = None,
        person: PersonForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        left = cases_left(member, self.region)
        context = self.common() | {
            "cases_left": left,
            "successor": (successor or SuccessorForm(region=self.region, leaving=member.user))
            if left
            else None,
            "member": member,
            "form": form,
            "person": person or PersonForm(initial={"name": member.user.name, "email": member.user.email}),
            "is_invited": not member.user.has_usable_password(),
            "others": members_of(self.region).filter(user=member.user).exclude(pk=member.pk),
        }
        return render(request, "admissions/member.html", context, status=status)

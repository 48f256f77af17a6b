"""What the programme office can look for in its lists."""

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from admissions.enums import OPEN_CARE_STATES, CaseKind, Decision, FormState
from admissions.models import Application, Case
from admissions.selectors.children import alike, matching
from admissions.selectors.delivery import has_failed
from admissions.selectors.office import OfficeView
from notifications.enums import Channel, DeliveryState, MessageKind, MessageState
from notifications.models import Delivery, Message
from schools.context import round_name
from schools.enums import RoundKind
from schools.models import School, SchoolRound, User

SEARCH = forms.SearchInput
ALL = pgettext_lazy("filter", "All")
# Quick filters of the list of children: value, decisions.
CHILD_TABS: dict[str, tuple[str, ...]] = {
    "waiting": (Decision.PENDING, Decision.UNDECIDED),
    "placed": (Decision.ADMITTED, Decision.PLACED_LOWER),
    "unplaced": (Decision.DRAWN_OUT, Decision.UNPLACED, Decision.CARE_FOLLOW_UP),
    "withdrawn": (Decision.WITHDRAWN,),
    "void": (Decision.VOID,),
}


class OfficeFilter(filters.FilterSet):
    """Filters that know who asks and in which year."""

    tab_values: tuple[str, ...] = ()
    tab = filters.ChoiceFilter(method="filter_tab", widget=forms.HiddenInput)

    def __init__(self, *args: Any, view: OfficeView, **kwargs: Any) -> None:
        self.view = view
        super().__init__(*args, **kwargs)
        self.filters["tab"].extra["choices"] = [(value, value) for value in self.tab_values]

    def filter_tab(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        raise NotImplementedError


class SchoolRoundFilter(OfficeFilter):
    """The schools of one round."""

    tab_values = ("capped", "room", "full", "uncapped")
    q = filters.CharFilter(
        method="filter_q", label=_("Search by school or BRIN"), max_length=80, widget=SEARCH
    )

    class Meta:
        model = SchoolRound
        fields: list[str] = []

    def filter_tab(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if value == "uncapped":
            return queryset.filter(ceiling__isnull=True)
        capped = queryset.filter(ceiling__isnull=False)
        if value == "room":
            return capped.filter(open_places__gt=0)
        return capped.filter(open_places__lte=0) if value == "full" else capped

    def filter_q(self, queryset: QuerySet[SchoolRound], name: str, value: str) -> QuerySet[SchoolRound]:
        found = Q(programme__school__name__icontains=value) | Q(programme__school__brin__istartswith=value)
        return queryset.filter(found | Q(programme__school__board__name__icontains=value))


class ChildFilter(OfficeFilter):
    """The children of a year."""

    is_alike = False  # nothing fits what was typed; these names only look like it

    tab_values = tuple(CHILD_TABS)
    q = filters.CharFilter(
        method="filter_q",
        label=_("Registration number, form reference, name, birth date or school"),
        max_length=120,
        widget=SEARCH,
    )
    round = filters.ChoiceFilter(
        method="filter_round",
        label=pgettext_lazy("filter", "Round"),
        empty_label=pgettext_lazy("filter", "All rounds"),
    )
    form = filters.ChoiceFilter(
        method="filter_form",
        label=pgettext_lazy("filter", "Form"),
        empty_label=ALL,
        choices=[
            ("open", pgettext_lazy("filter", "Not final yet")),
            ("final", pgettext_lazy("filter", "Final")),
            ("expired", pgettext_lazy("filter", "Never made final")),
        ],
    )
    seat = filters.ChoiceFilter(
        method="filter_seat",
        label=pgettext_lazy("filter", "Reply"),
        empty_label=ALL,
        choices=[
            ("reserved", pgettext_lazy("filter", "Letter not sent yet")),
            ("offered", pgettext_lazy("filter", "Waits for parents")),
            ("overdue", pgettext_lazy("filter", "Too late")),
            ("enrolled", pgettext_lazy("filter", "Enrolled")),
        ],
    )
    care = filters.ChoiceFilter(
        method="filter_care",
        label=pgettext_lazy("filter", "Care"),
        empty_label=ALL,
        choices=[
            ("yes", pgettext_lazy("filter", "With a care wish")),
            ("open", pgettext_lazy("filter", "Outcome still missing")),
        ],
    )

    class Meta:
        model = Application
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rounds = [r for r in self.view.rounds if r.kind == RoundKind.ALM]
        self.filters["round"].extra["choices"] = [(r.code, round_name(r)) for r in rounds]
        if not self.view.sees_care:  # also not by trying the filter in the address (DH-180)
            del self.filters["care"]

    def filter_tab(self, queryset: QuerySet[Application], name: str, value: str) -> QuerySet[Application]:
        return queryset.filter(decision__in=CHILD_TABS[value])

    def filter_q(self, queryset: QuerySet[Application], name: str, value: str) -> QuerySet[Application]:
        """What fits; if nothing does, with a word of the school; if still nothing does, names that look like it."""
        everybody = Application.objects.filter(year=self.view.year)
        for found in (matching(value), matching(value, or_school=True)):
            if everybody.filter(found).exists():
                return queryset.filter(found)
        near = alike(everybody, value)
        self.is_alike = bool(near)
        return queryset.filter(pk__in=near)

    def filter_round(self, queryset: QuerySet[Application], name: str, value: str) -> QuerySet[Application]:
        return queryset.filter(first_choice__round__code=value)

    def filter_form(self, queryset: QuerySet[Application], name: str, value: str) -> QuerySet[Application]:
        states = {
            "open": [FormState.DRAFT, FormState.RELEASED],
            "final": [FormState.FINAL, FormState.LOCKED],
            "expired": [FormState.EXPIRED],
        }
        return queryset.filter(form__state__in=states[value])

    def filter_seat(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(seat_state=value)

    def filter_care(self, queryset: QuerySet[Application], name: str, value: str) -> QuerySet[Application]:
        if value == "open":
            return queryset.filter(care_case__state__in=sorted(OPEN_CARE_STATES))
        return queryset.filter(care_case__isnull=False)


class MessageFilter(OfficeFilter):
    """The outbox."""

    tab_values = tuple(MessageState.values)
    q = filters.CharFilter(
        method="filter_q",
        label=_("Search by recipient, address or registration number"),
        max_length=120,
        widget=SEARCH,
    )
    kind = filters.ChoiceFilter(
        label=pgettext_lazy("filter", "Kind"), empty_label=ALL, choices=MessageKind.choices
    )
    round = filters.ChoiceFilter(
        method="filter_round",
        label=pgettext_lazy("filter", "Round"),
        empty_label=pgettext_lazy("filter", "All rounds"),
    )
    channel = filters.ChoiceFilter(
        label=pgettext_lazy("filter", "Channel"), empty_label=ALL, choices=Channel.choices
    )

    arrived = filters.ChoiceFilter(
        method="filter_arrived",
        label=pgettext_lazy("filter", "Arrived"),
        empty_label=ALL,
        choices=DeliveryState.choices,
    )

    class Meta:
        model = Message
        fields: list[str] = []

    def filter_arrived(self, queryset: QuerySet[Message], name: str, value: str) -> QuerySet[Message]:
        if value == DeliveryState.FAILED:
            return queryset.filter(has_failed())
        return queryset.filter(pk__in=Delivery.objects.filter(state=value).values("message_id"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["round"].extra["choices"] = [(r.code, round_name(r)) for r in self.view.rounds]

    def filter_tab(self, queryset: QuerySet[Message], name: str, value: str) -> QuerySet[Message]:
        return queryset.filter(state=value)

    def filter_q(self, queryset: QuerySet[Message], name: str, value: str) -> QuerySet[Message]:
        number = value.replace("-", "").strip().upper()
        found = Q(recipient_name__icontains=value) | Q(recipient_email__icontains=value)
        return queryset.filter(found | Q(registration_number=number) | Q(school__name__icontains=value))

    def filter_round(self, queryset: QuerySet[Message], name: str, value: str) -> QuerySet[Message]:
        return queryset.filter(round__code=value)


class CaseFilter(OfficeFilter):
    """What there is to settle: whose, how urgent, about whom."""

    tab_values = ("open", "mine", "nobody", "late", "closed")
    q = filters.CharFilter(
        method="filter_q", label=_("Search by name, number or school"), max_length=120, widget=SEARCH
    )
    kind = filters.ChoiceFilter(
        label=pgettext_lazy("filter", "Kind"), empty_label=ALL, choices=CaseKind.choices
    )
    owner = filters.ModelChoiceFilter(
        label=pgettext_lazy("filter", "Whose"), empty_label=ALL, queryset=User.objects.none()
    )

    class Meta:
        model = Case
        fields: list[str] = []

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        owners = User.objects.filter(cases__year=self.view.year).distinct().order_by("name", "pk")
        self.filters["owner"].field.queryset = owners

    def filter_tab(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        if value == "closed":
            return queryset.filter(closed_at__isnull=False)
        live = queryset.filter(closed_at__isnull=True)
        narrower: dict[str, dict[str, Any]] = {
            "mine": {"owner": self.user},
            "nobody": {"owner__isnull": True},
            "late": {"due_on__lt": self.view.today},
        }
        return live.filter(**narrower.get(value, {}))

    def filter_q(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        found = Q(application__in=Application.objects.filter(matching(value), year=self.view.year))
        found |= Q(about__icontains=value.replace("-", "")) | Q(
            school_round__programme__name__icontains=value
        )
        return queryset.filter(found | Q(application__first_choice__programme__name__icontains=value))


class SchoolListFilter(OfficeFilter):
    """The schools of the region in this year."""

    tab_values = ("capped", "uncapped")
    q = filters.CharFilter(
        method="filter_q", label=_("Search by school, BRIN or board"), max_length=80, widget=SEARCH
    )

    class Meta:
        model = School
        fields: list[str] = []

    def filter_tab(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(year_ceiling__isnull=value == "uncapped")

    def filter_q(self, queryset: QuerySet[School], name: str, value: str) -> QuerySet[School]:
        found = Q(name__icontains=value) | Q(brin__istartswith=value) | Q(board__name__icontains=value)
        return queryset.filter(found)

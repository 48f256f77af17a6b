"""What a school can look for in its lists."""

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from admissions.enums import OPEN_CARE_STATES, ClaimState, FormState
from admissions.models import Application, Placement
from admissions.selectors.children import CARE_MESSAGES
from admissions.selectors.delivery import SCHOOL_SEES, confirmation_state, has_failed, offer_state
from admissions.selectors.school import Outcome, SchoolView
from admissions.tables.decisions_page import Waiting
from admissions.validators import plain
from notifications.models import Delivery, Message
from schools.context import round_name
from schools.enums import PriorityKind, RoundKind

CLAIM_KINDS = (PriorityKind.SIBLING, PriorityKind.PRESCHOOL, PriorityKind.STAFF)


def matches(text: str, prefix: str = "") -> Q:
    """Names without regard to capitals and accents, or a registration or form number, in any order of words."""
    found = Q()
    for word in text.split()[:8]:
        key = plain(word)
        hit = Q(**{f"{prefix}registration_number__icontains": word.replace("-", "")})
        hit |= Q(**{f"{prefix}form__form_reference__iexact": word})
        if key:
            hit |= Q(**{f"{prefix}child__identity_key__contains": key})
        found &= hit
    return found


class SchoolFilter(filters.FilterSet):
    """Filters that know which school asks, and what it may see."""

    prefix_to_application = ""

    tab = filters.ChoiceFilter(method="filter_tab", widget=forms.HiddenInput)
    q = filters.CharFilter(
        method="filter_q",
        label=_("Search by name or registration number"),
        max_length=80,
        widget=forms.SearchInput,
    )
    round = filters.ChoiceFilter(
        method="filter_round",
        label=pgettext_lazy("filter", "Round"),
        empty_label=pgettext_lazy("filter", "All rounds"),
    )

    def __init__(self, *args: Any, view: SchoolView, tabs: list[tuple[str, str]], **kwargs: Any) -> None:
        self.view = view
        super().__init__(*args, **kwargs)
        self.filters["tab"].extra["choices"] = tabs
        self.filters["round"].extra["choices"] = [(r.code, round_name(r)) for r in self.rounds()]

    def rounds(self) -> list[Any]:
        return list(self.view.rounds)

    def filter_q(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(matches(value, self.prefix_to_application))


class ApplicationFilter(SchoolFilter):
    """The list of forms: state as tabs, name, round, priority and care."""

    claim = filters.ChoiceFilter(
        method="filter_claim",
        label=pgettext_lazy("filter", "Priority"),
        empty_label=pgettext_lazy("filter", "All"),
        choices=[
            *((kind.value, kind.label) for kind in CLAIM_KINDS),
            ("open", pgettext_lazy("filter", "Still to check")),
            ("none", pgettext_lazy("filter", "No claim")),
        ],
    )
    care = filters.ChoiceFilter(
        method="filter_care",
        label=pgettext_lazy("filter", "Care"),
        empty_label=pgettext_lazy("filter", "All"),
        choices=[
            ("yes", pgettext_lazy("filter", "With a care wish")),
            ("open", pgettext_lazy("filter", "Outcome still missing")),
            ("no", pgettext_lazy("filter", "Without a care wish")),
        ],
    )
    mail = filters.ChoiceFilter(
        method="filter_mail",
        label=pgettext_lazy("filter", "Confirmation"),
        empty_label=pgettext_lazy("filter", "All"),
        choices=[
            ("failed", pgettext_lazy("filter", "Failed")),
            ("received", pgettext_lazy("filter", "Received")),
        ],
    )
    outcome = filters.ChoiceFilter(
        label=pgettext_lazy("filter", "Outcome"),
        empty_label=pgettext_lazy("filter", "All"),
        choices=Outcome.choices,
    )

    class Meta:
        model = Application
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.view.sees_care:  # also not by trying the filter in the address (DH-180)
            del self.filters["care"]
            self.filters["outcome"].extra["choices"] = [
                c for c in Outcome.choices if c[0] != Outcome.FOLLOW_UP
            ]

    def rounds(self) -> list[Any]:
        return [r for r in self.view.rounds if r.kind == RoundKind.ALM]

    def filter_tab(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if value == "final":
            return queryset.filter(form__state__in=[FormState.FINAL, FormState.LOCKED])
        return queryset.filter(form__state=value)

    def filter_round(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(first_choice__round__code=value)

    def filter_claim(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if value == "none":
            return queryset.filter(claims__isnull=True)
        if value == "open":
            return queryset.filter(pk__in=queryset.filter(claims__state=ClaimState.CLAIMED).values("pk"))
        return queryset.filter(claims__kind=value)

    def filter_mail(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        rows: QuerySet[Any] = queryset.annotate(mail_now=confirmation_state(self.view))
        return rows.filter(mail_now=value)

    def filter_care(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if value == "no":
            return queryset.filter(care_case__isnull=True)
        if value == "open":
            return queryset.filter(care_case__state__in=sorted(OPEN_CARE_STATES))
        return queryset.filter(care_case__isnull=False)


class DrawnOutFilter(SchoolFilter):
    class Meta:
        model = Application
        fields: list[str] = []

    def rounds(self) -> list[Any]:
        return [r for r in self.view.rounds if r.kind == RoundKind.ALM]

    def filter_tab(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(outcome=value)

    def filter_round(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(first_choice__round__code=value)


class WaitingFilter(SchoolFilter):
    """Children who wait for a decision: what the rules say as tabs, name and class (DH-074, DH-075)."""

    tier = filters.ChoiceFilter(
        method="filter_tier",
        label=pgettext_lazy("filter", "Class"),
        empty_label=pgettext_lazy("filter", "All"),
    )

    class Meta:
        model = Application
        fields: list[str] = []

    def __init__(self, *args: Any, waiting: list[Waiting], **kwargs: Any) -> None:
        self.waiting = waiting
        rows = Application.objects.filter(pk__in=[row.pk for row in waiting])
        super().__init__(*args, queryset=rows, **kwargs)
        del self.filters["round"]  # there is one: in which the school decides now
        classes = dict(sorted((row.tier, row.rule) for row in waiting))
        self.filters["tier"].extra["choices"] = [
            (str(tier), f"{tier} {rule}") for tier, rule in classes.items()
        ]

    def found(self) -> list[Waiting]:
        """The rows that fit, in their own order; asks nothing when nothing was looked for."""
        if not any(self.data.get(name) for name in self.filters):
            return self.waiting
        keys = set(self.qs.values_list("pk", flat=True))
        return [row for row in self.waiting if row.pk in keys]

    def filter_tab(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(pk__in=[row.pk for row in self.waiting if row.verdict == value])

    def filter_tier(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(pk__in=[row.pk for row in self.waiting if str(row.tier) == value])


class PlacementFilter(SchoolFilter):
    """Admitted children: state of the reply as tabs, name, round and how the place was won."""

    prefix_to_application = "application__"

    how = filters.ChoiceFilter(
        method="filter_how",
        label=pgettext_lazy("filter", "Placed as"),
        empty_label=pgettext_lazy("filter", "All"),
        choices=[
            ("first", pgettext_lazy("filter", "1st choice")),
            ("lower", pgettext_lazy("filter", "Lower preference")),
            ("vovp", pgettext_lazy("filter", "VOVP")),
        ],
    )

    arrived = filters.ChoiceFilter(
        method="filter_arrived",
        label=pgettext_lazy("filter", "Letter"),
        empty_label=pgettext_lazy("filter", "All"),
        choices=[
            ("failed", pgettext_lazy("filter", "Failed")),
            ("received", pgettext_lazy("filter", "Received")),
        ],
    )

    class Meta:
        model = Placement
        fields: list[str] = []

    def filter_arrived(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        rows: QuerySet[Any] = queryset.annotate(arrived_now=offer_state(self.view))
        return rows.filter(arrived_now=value)

    def filter_tab(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        states = ["superseded", "lapsed"] if value == "left" else [value]
        return queryset.filter(shown_state__in=states)

    def filter_round(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(school_round__round__code=value)

    def filter_how(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if value == "vovp":
            return queryset.filter(school_round__round__kind=RoundKind.VOVP)
        alm = queryset.filter(school_round__round__kind=RoundKind.ALM)
        return alm.filter(preference_rank=1) if value == "first" else alm.filter(preference_rank__gt=1)


class SchoolMessageFilter(SchoolFilter):
    """Messages to the parents of one school's children: state of the delivery as tabs, name, round and kind."""

    kind = filters.ChoiceFilter(
        label=pgettext_lazy("filter", "Message"), empty_label=pgettext_lazy("filter", "All")
    )

    class Meta:
        model = Message
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seen = [kind for kind in SCHOOL_SEES if self.view.sees_care or kind not in CARE_MESSAGES]
        self.filters["kind"].extra["choices"] = [(kind.value, kind.label) for kind in seen]

    def filter_tab(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if value == "failed":
            return queryset.filter(has_failed())
        return queryset.filter(pk__in=Delivery.objects.filter(state=value).values("message_id"))

    def filter_round(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(round__code=value)

    def filter_q(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        found = Application.objects.filter(matches(value), year=self.view.year)
        return queryset.filter(registration_number__in=found.values("registration_number"))

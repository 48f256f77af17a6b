"""What officials can look for in the lists of sessions and draws."""

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import F, IntegerField, Q, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from lottery.engine.grammar import CENTRAL
from lottery.enums import OFFICIAL_STATES, UNDERWAY_STATES, SessionState
from lottery.models import Draw, DrawSession
from lottery.selectors import matching_draws

UNDERWAY = UNDERWAY_STATES


class SessionFilter(filters.FilterSet):
    tab = filters.ChoiceFilter(
        method="filter_tab",
        widget=forms.HiddenInput,
        choices=[("official", ""), ("underway", ""), ("void", "")],
    )
    q = filters.CharFilter(
        method="filter_q",
        label=_("Search by name of the session or first signs of a code"),
        max_length=64,
        widget=forms.SearchInput,
    )

    class Meta:
        model = DrawSession
        fields: list[str] = []

    def filter_tab(self, queryset: QuerySet[DrawSession], name: str, value: str) -> QuerySet[DrawSession]:
        states = {"official": OFFICIAL_STATES, "void": (SessionState.VOID,)}
        return queryset.filter(state__in=states.get(value, UNDERWAY))

    def filter_q(self, queryset: QuerySet[DrawSession], name: str, value: str) -> QuerySet[DrawSession]:
        found = Q(name__icontains=value)
        for field in ("commitment_hash", "seed_hash", "outcome_hash"):
            found |= Q(**{f"{field}__istartswith": value})
        return queryset.filter(found)


class DrawFilter(filters.FilterSet):
    """``codes`` of schools whose name fits are looked up by the view: draws hold codes only."""

    tab = filters.ChoiceFilter(
        method="filter_tab", widget=forms.HiddenInput, choices=[("lots", ""), ("none", "")]
    )
    q = filters.CharFilter(
        method="filter_q", label=_("Search by school or code"), max_length=80, widget=forms.SearchInput
    )

    class Meta:
        model = Draw
        fields: list[str] = []

    def __init__(self, *args: Any, names: dict[str, str], **kwargs: Any) -> None:
        self.names = names
        super().__init__(*args, **kwargs)

    def filter_tab(self, queryset: QuerySet[Draw], name: str, value: str) -> QuerySet[Draw]:
        return (
            with_lots(queryset)
            if value == "lots"
            else queryset.exclude(pk__in=with_lots(queryset).values("pk"))
        )

    def filter_q(self, queryset: QuerySet[Draw], name: str, value: str) -> QuerySet[Draw]:
        word = value.casefold()
        codes = [code for code, school in self.names.items() if word in school.casefold()]
        return matching_draws(queryset, value, codes)


def with_lots(draws: QuerySet[Draw]) -> QuerySet[Draw]:
    """Draws with more children than places (``Draw.lots_decided``); the central draw always has lots."""
    numbers = draws.filter(places__regex=r"^[0-9]+$").annotate(n=Cast("places", IntegerField()))
    return draws.filter(Q(draw_id=CENTRAL) | Q(pk__in=numbers.filter(children__gt=F("n")).values("pk")))

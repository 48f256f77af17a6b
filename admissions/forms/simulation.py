"""What somebody wants to try in a simulation."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.models.simulations import MAX_SEEDS
from admissions.services.what_if.population import AS_SET, Changes
from admissions.texts.simulation import MECHANISMS, ORDERS
from lottery.simulation.mechanisms import Mechanism
from schools.context import round_name
from schools.models import Round

LONGEST_LIST = 20
MOST_PLACES = 999


class SimulationForm(forms.Form):
    """Everything starts as it is now."""

    title = forms.CharField(
        label=gettext_lazy("What do you want to know?"),
        max_length=120,
        help_text=gettext_lazy("For example: what if every school had two places more?"),
        error_messages={
            "required": gettext_lazy("Type your question, so that others understand the answer.")
        },
    )
    round = forms.ChoiceField(label=gettext_lazy("Round"))
    mechanism = forms.ChoiceField(
        label=gettext_lazy("How places are given out"),
        choices=MECHANISMS,
        initial=Mechanism.TWO_STEPS,
        widget=forms.RadioSelect,
    )
    rule_order = forms.ChoiceField(
        label=gettext_lazy("Priority"), choices=ORDERS, initial=AS_SET, widget=forms.RadioSelect
    )
    ceiling_percent = forms.IntegerField(
        label=gettext_lazy("Places of every school, in percent of now"),
        min_value=0,
        max_value=300,
        initial=100,
    )
    ceilings = forms.CharField(
        label=gettext_lazy("Other places at some schools"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "One school on a line: the code and the number of places, for example 05AB 24."
        ),
    )
    shortest = forms.IntegerField(
        label=gettext_lazy("Shortest list"),
        min_value=0,
        max_value=LONGEST_LIST,
        initial=0,
        help_text=gettext_lazy(
            "Shorter lists get the schools that children with the same first choice list most. 0 changes nothing."
        ),
    )
    longest = forms.IntegerField(
        label=gettext_lazy("Longest list"),
        min_value=0,
        max_value=LONGEST_LIST,
        initial=0,
        help_text=gettext_lazy("Lists are cut after this many schools. 0 changes nothing."),
    )
    seeds = forms.IntegerField(
        label=gettext_lazy("Number of draws"),
        min_value=1,
        max_value=MAX_SEEDS,
        initial=200,
        help_text=gettext_lazy("More draws take longer and give a surer range. 1,000 is the most."),
    )

    def __init__(self, *args: Any, rounds: Sequence[Round], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rounds = {round_.code: round_ for round_ in rounds}
        field = self.fields["round"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(round_.code, round_name(round_)) for round_ in rounds]
        for name in ("ceiling_percent", "shortest", "longest", "seeds"):
            self.fields[name].widget.attrs["class"] = "oa-w-s"

    def clean_ceilings(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for number, line in enumerate(self.cleaned_data["ceilings"].splitlines(), 1):
            words = line.replace("=", " ").replace(";", " ").split()
            if not words:
                continue
            if len(words) != 2 or not words[1].isascii() or not words[1].isdigit():
                raise forms.ValidationError(
                    _("Line %(number)d: type a school code and a number, such as 05AB 24.")
                    % {"number": number}
                )
            code, places = words[0].upper(), int(words[1][:6])
            if places > MOST_PLACES:
                raise forms.ValidationError(
                    _("Line %(number)d: %(places)d places is more than a school has. Type at most %(most)d.")
                    % {"number": number, "places": places, "most": MOST_PLACES}
                )
            if code in found:
                raise forms.ValidationError(
                    _("Line %(number)d: %(code)s is there twice. Leave one out.")
                    % {"number": number, "code": code}
                )
            found[code] = places
        return found

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        shortest, longest = data.get("shortest") or 0, data.get("longest") or 0
        if longest and shortest > longest:
            self.add_error(
                "longest", _("The longest list is shorter than the shortest one. Change one of them.")
            )
        return data

    @property
    def chosen_round(self) -> Round:
        return self.rounds[self.cleaned_data["round"]]

    @property
    def changes(self) -> Changes:
        data = self.cleaned_data
        return Changes(
            mechanism=data["mechanism"],
            ceiling_percent=data["ceiling_percent"],
            ceilings=data["ceilings"],
            rule_order=data["rule_order"],
            shortest=data["shortest"],
            longest=data["longest"],
        )

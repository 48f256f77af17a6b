"""What somebody wants to try in a simulation."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.models.simulations import MAX_SEEDS
from admissions.services.what_if.playing import capped_codes
from admissions.services.what_if.population import AS_SET, Changes
from admissions.texts.simulation import MECHANISMS, ORDERS
from lottery.simulation.mechanisms import Mechanism
from schools.context import round_name
from schools.enums import PriorityKind
from schools.fields import number_field
from schools.models import Round

LONGEST_LIST = 20
MOST_PLACES = 999
CODE = 16  # characters of what was typed as a code that a sentence repeats


def choice_errors(sentence: Any) -> dict[str, Any]:
    return dict.fromkeys(("required", "invalid_choice"), sentence)


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
    round = forms.ChoiceField(
        label=gettext_lazy("Round"),
        error_messages=choice_errors(gettext_lazy("Choose an application period of this year.")),
    )
    mechanism = forms.ChoiceField(
        label=gettext_lazy("How places are given out"),
        choices=MECHANISMS,
        initial=Mechanism.TWO_STEPS,
        widget=forms.RadioSelect,
        error_messages=choice_errors(gettext_lazy("Choose how places are given out.")),
    )
    rule_order = forms.ChoiceField(
        label=gettext_lazy("Priority"),
        choices=ORDERS,
        initial=AS_SET,
        widget=forms.RadioSelect,
        error_messages=choice_errors(gettext_lazy("Choose which priority counts.")),
    )
    ceiling_percent = number_field(
        gettext_lazy("Places of every school, in percent of now"), 0, 300, initial=100
    )
    ceilings = forms.CharField(
        label=gettext_lazy("Other places at some schools"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "One school on a line: the code and the number of places, for example 05AB 24."
        ),
    )
    shortest = number_field(
        gettext_lazy("Shortest list"),
        0,
        LONGEST_LIST,
        initial=0,
        help_text=gettext_lazy(
            "Shorter lists get the schools that children with the same first choice list most. 0 changes nothing."
        ),
    )
    longest = number_field(
        gettext_lazy("Longest list"),
        0,
        LONGEST_LIST,
        initial=0,
        help_text=gettext_lazy("Lists are cut after this many schools. 0 changes nothing."),
    )
    seeds = number_field(
        gettext_lazy("Number of draws"),
        1,
        MAX_SEEDS,
        initial=200,
        help_text=gettext_lazy("More draws take longer and give a surer range. 1,000 is the most."),
    )

    def __init__(self, *args: Any, rounds: Sequence[Round], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rounds = {round_.code: round_ for round_ in rounds}
        field = self.fields["round"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(round_.code, round_name(round_)) for round_ in rounds]

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
                    % {"number": number, "code": code[:CODE]}
                )
            found[code] = places
        return found

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        self._check_codes(data)
        if (
            data.get("mechanism") == Mechanism.ONE_MATCHING_LOT_ONLY
            and data.get("rule_order") in PriorityKind
        ):
            self.add_error(
                "rule_order",
                _(
                    "Where only the lot counts nobody goes first. Leave priority as it is, or choose another way."
                ),
            )
        shortest, longest = data.get("shortest") or 0, data.get("longest") or 0
        if longest and shortest > longest:
            self.add_error(
                "longest", _("The longest list is shorter than the shortest one. Change one of them.")
            )
        return data

    def _check_codes(self, data: dict[str, Any]) -> None:
        """Every school named has a ceiling in the round that was chosen; the line that does not is told."""
        round_, ceilings = self.rounds.get(data.get("round", "")), data.get("ceilings")
        if round_ is None or not ceilings:
            return
        capped = capped_codes(round_)
        for number, line in enumerate(self.data["ceilings"].splitlines(), 1):
            code = line.replace("=", " ").replace(";", " ").upper().split()[:1]
            if code and code[0] not in capped:
                words = {"number": number, "code": code[0][:CODE], "round": round_name(round_)}
                self.add_error(
                    "ceilings",
                    _("Line %(number)d: %(code)s is no school with a ceiling in %(round)s. Check the code.")
                    % words,
                )
                return

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

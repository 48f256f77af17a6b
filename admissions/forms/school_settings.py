"""What a school types about itself (den-haag.md 2.1)."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from admissions.services.year.school_settings import Rule
from admissions.validators import contains_bsn
from schools.context import round_name
from schools.enums import HandIn, PriorityKind, RoundState
from schools.models import PriorityRule, School, SchoolRound

POSTCODE = re.compile(r"([1-9]\d{3})\s*([A-Za-z]{2})")
YEAR = 2001  # any year that is no leap year: only month and day count


def without_number(text: str) -> str:
    """The text as it was typed. Errors: ValidationError for a citizen service number in it (DH-040)."""
    if contains_bsn(text):
        raise forms.ValidationError(_("This looks like a citizen service number. It may not be stored here."))
    return text


class SchoolForm(forms.ModelForm):  # type: ignore[type-arg]
    """Address, contact, how forms come in, and when children move up (DH-017, DH-037)."""

    transition = forms.ChoiceField(
        label=gettext_lazy("Children move up on"),
        help_text=gettext_lazy(
            "Another day than 1 October must stand in your guide and on your website. It changes nothing in the draw."
        ),
        choices=[
            ("10-01", pgettext_lazy("transition", "1 October")),
            ("01-01", pgettext_lazy("transition", "1 January")),
            ("other", pgettext_lazy("transition", "another day")),
        ],
        widget=forms.RadioSelect,
    )
    transition_other = forms.CharField(
        label=gettext_lazy("Which day?"),
        help_text=gettext_lazy("Day and month, for example 1-2."),
        required=False,
        max_length=5,
        widget=forms.TextInput(attrs={"class": "oa-w-s"}),
    )

    class Meta:
        model = School
        fields = (
            "street",
            "postcode",
            "place",
            "contact_email",
            "contact_phone",
            "hand_in",
            "hand_in_note",
        )
        labels = {
            "street": gettext_lazy("Street and number"),
            "postcode": gettext_lazy("Postcode"),
            "place": gettext_lazy("Place"),
            "contact_email": gettext_lazy("E-mail for parents and the programme office"),
            "contact_phone": gettext_lazy("Phone number"),
            "hand_in": gettext_lazy("How do parents hand in the form?"),
            "hand_in_note": gettext_lazy("Where and when"),
        }
        help_texts = {
            "hand_in_note": gettext_lazy("For example: at the desk, on school days from 8.30 to 15.00."),
        }
        widgets = {
            "hand_in": forms.RadioSelect,
            "postcode": forms.TextInput(attrs={"class": "oa-w-s", "maxlength": 7}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["postcode"].max_length = 7  # type: ignore[attr-defined]
        self.fields["postcode"].validators = []
        self.fields["hand_in"].choices = HandIn.choices  # type: ignore[attr-defined]
        stored = self.instance.transition_on
        known = stored in ("10-01", "01-01")
        self.fields["transition"].initial = stored if known else "other"
        if not known:
            month, day = stored.split("-")
            self.fields["transition_other"].initial = f"{int(day)}-{int(month)}"

    def clean_hand_in_note(self) -> str:
        return without_number(self.cleaned_data["hand_in_note"])

    def clean_postcode(self) -> str:
        found = POSTCODE.fullmatch(str(self.cleaned_data["postcode"]).strip())
        if found is None:
            raise forms.ValidationError(_("Write the postcode as 2511 AA."))
        return f"{found[1]}{found[2].upper()}"

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        chosen = data.get("transition", "")
        if chosen == "other":
            try:
                day, month = (int(part) for part in re.split(r"[-/ .]", data.get("transition_other", ""))[:2])
                chosen = date(YEAR, month, day).strftime("%m-%d")
            except (TypeError, ValueError):
                self.add_error("transition_other", _("Write the day and the month as 1-2."))
        data["transition_on"] = chosen
        by_mail = data.get("hand_in") in (HandIn.EMAIL, HandIn.BOTH)
        if by_mail and not data.get("contact_email") and "contact_email" not in self.errors:
            self.add_error("contact_email", _("Parents send forms to this address: fill it in."))
        return data


class RulesForm(forms.Form):
    """Up to four rules in order, the area and the partners (DH-008 to DH-011)."""

    area = forms.CharField(
        label=gettext_lazy("Postcodes of the neighbourhood area"),
        help_text=gettext_lazy("Four digits each, for example 2511 2512, or 2511-2514."),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    partners = forms.CharField(
        label=gettext_lazy("Preschools the school works with"),
        help_text=gettext_lazy("Names, with commas between them. Parents can read this."),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self, *args: Any, kinds: list[PriorityKind], rules: list[PriorityRule], most: int, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.most = most
        choices = [("", pgettext("priority rule", "No rule")), *((kind.value, kind.label) for kind in kinds)]
        for position in range(1, most + 1):
            rule = rules[position - 1] if position <= len(rules) else None
            self.fields[f"rule_{position}"] = forms.ChoiceField(
                label=_("Rule %(position)d") % {"position": position},
                required=False,
                choices=choices,
                initial=rule.kind if rule else "",
            )
            if rule and rule.kind == PriorityKind.NEIGHBOURHOOD:
                self.fields["area"].initial = rule.area_postcodes
            if rule and rule.kind == PriorityKind.PRESCHOOL:
                self.fields["partners"].initial = rule.partner_facilities
        self.order_fields([*(f"rule_{n}" for n in range(1, most + 1)), "area", "partners"])

    def clean_partners(self) -> str:
        return without_number(self.cleaned_data["partners"])

    def clean(self) -> dict[str, Any]:
        """What was typed for a rule that was not chosen would be lost: that is said instead."""
        data: dict[str, Any] = super().clean() or {}
        chosen = {data.get(f"rule_{n}") for n in range(1, self.most + 1)}
        for name, kind in (("area", PriorityKind.NEIGHBOURHOOD), ("partners", PriorityKind.PRESCHOOL)):
            if data.get(name) and name in self.changed_data and kind not in chosen:
                text = _(
                    "This belongs to the rule “%(rule)s”. Choose that rule too, or make this field empty."
                )
                self.add_error(name, text % {"rule": kind.label})
        return data

    @property
    def rules(self) -> list[Rule]:
        """The chosen rules in order; an empty choice in between is skipped."""
        data = self.cleaned_data
        kinds = [data[f"rule_{n}"] for n in range(1, self.most + 1)]
        return [Rule(kind, area=data["area"], partners=data["partners"]) for kind in kinds if kind]


def may_change(row: SchoolRound, *, by_office: bool) -> bool:
    """Until its round opens; the programme manager until the parents' deadline (Q-50)."""
    return row.round.state == RoundState.PLANNED or (by_office and row.round.state == RoundState.OPEN)


class CeilingsForm(forms.Form):
    """Places per round; a yearly number proposes an even split (DH-006, AE-23)."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Needed when the round is open already."),
    )

    def __init__(
        self,
        *args: Any,
        rows: list[SchoolRound],
        by_office: bool,
        proposal: Mapping[int, int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        for row in rows:
            is_open = may_change(row, by_office=by_office)
            self.fields[f"places_{row.pk}"] = forms.IntegerField(
                label=round_name(row.round),
                min_value=0,
                max_value=9999,
                initial=proposal.get(row.pk, row.ceiling) if proposal else row.ceiling,
                disabled=not is_open,
                help_text="" if is_open else _("This round is open or over: its ceiling is fixed."),
                widget=forms.NumberInput(attrs={"class": "oa-w-s", "inputmode": "numeric"}),
                error_messages={
                    "required": _("Fill in the number of places; 0 when the school skips this round."),
                    "invalid": _("Write a whole number, for example 13."),
                },
            )
        if not by_office:
            del self.fields["reason"]
        else:
            self.order_fields([*(f"places_{row.pk}" for row in rows), "reason"])

    def clean_reason(self) -> str:
        return without_number(self.cleaned_data["reason"])

    @property
    def places(self) -> dict[int, int]:
        return {row.pk: self.cleaned_data[f"places_{row.pk}"] for row in self.rows}

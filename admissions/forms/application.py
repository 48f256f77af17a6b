"""Small forms about an application that has been entered: contact, wrong birth date, cancelling, claims."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from admissions.enums import ClaimState
from admissions.models import PriorityClaim
from admissions.validators import contains_bsn

BSN = _("There is a number here that looks like a BSN. Take it out: it may not be stored.")


class FreeText(forms.CharField):
    """A text in which no BSN may stand (DH-040)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=500, widget=forms.Textarea(attrs={"rows": 3}), **kwargs)

    def validate(self, value: Any) -> None:
        super().validate(value)
        if contains_bsn(value or ""):
            raise forms.ValidationError(BSN)


class ContactForm(forms.Form):
    """Which addresses are possible is decided by the service and shown beside the field."""

    email = forms.CharField(
        label=_("E-mail address of parent 1"),
        help_text=_("Empty: letters go by post."),
        required=False,
        max_length=254,
    )
    phone = forms.CharField(label=_("Phone number"), required=False, max_length=30)


class BirthDateForm(forms.Form):
    note = FreeText(
        label=_("What is wrong, and what should it be?"),
        error_messages={"required": _("Say what is wrong with the date of birth, and what it should be.")},
    )


class VoidForm(forms.Form):
    reason = FreeText(
        label=_("Why is this form cancelled?"),
        error_messages={"required": _("Give the reason.")},
    )


class ClaimsForm(forms.Form):
    """One choice and the evidence per claim."""

    CHOICES = (
        (ClaimState.CONFIRMED.value, pgettext_lazy("claim", "It is right")),
        (ClaimState.REJECTED.value, pgettext_lazy("claim", "It is not right")),
    )

    def __init__(self, *args: Any, claims: list[PriorityClaim], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for claim in claims:
            self.fields[f"state_{claim.kind}"] = forms.ChoiceField(
                label=claim.get_kind_display(),
                required=False,
                choices=self.CHOICES,
                widget=forms.RadioSelect,
                initial=claim.state,
            )
            self.fields[f"evidence_{claim.kind}"] = forms.CharField(
                label=_("What shows that?"), required=False, max_length=300, initial=claim.evidence
            )
            for name in (f"state_{claim.kind}", f"evidence_{claim.kind}"):
                self.fields[name].is_conditional = True  # type: ignore[attr-defined]

"""Recording what the parents answered to an offer (DH-122 to DH-126)."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from admissions.enums import WithdrawalReason
from admissions.services.replies.withdrawal_reasons import Reason, ReasonError, checked_reason
from admissions.validators import contains_bsn

ENROL, WITHDRAW = "enrol", "withdraw"


class ReplyForm(forms.Form):
    """Enrol or withdraw; which reason says enough is decided by the service, and shown beside its field."""

    answer = forms.ChoiceField(
        label=_("What do the parents answer?"),
        widget=forms.RadioSelect,
        choices=[
            (ENROL, _("Yes, our child is coming. Enrol")),
            (WITHDRAW, _("No, or no answer. Withdraw")),
        ],
        error_messages={"required": _("Choose what the parents answered.")},
    )
    reason = forms.ChoiceField(
        label=_("Reason for withdrawing"),
        required=False,
        choices=[("", pgettext_lazy("reason", "Choose the reason")), *WithdrawalReason.choices],
    )
    detail = forms.CharField(
        label=_("Explanation"),
        help_text=_("Another school: its name. No reply: the date of the last contact with the parents."),
        required=False,
        max_length=300,
    )
    is_reported = forms.BooleanField(
        label=_("Report to the application coordinator"),
        help_text=_("Compulsory for a move inside the city."),
        required=False,
    )
    withdrawal: Reason | None = None

    def __init__(self, *args: Any, can_enrol: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("reason", "detail", "is_reported"):
            self.fields[name].is_conditional = True  # type: ignore[attr-defined]  # no "(not required)": whether it is depends on the answer
        if not can_enrol:
            self.fields["answer"].choices = [  # type: ignore[attr-defined]
                (WITHDRAW, _("Withdraw"))
            ]
            self.fields["answer"].initial = WITHDRAW

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("answer") != WITHDRAW or self.errors:
            return data
        if contains_bsn(data["detail"]):
            self.add_error(
                "detail", _("This looks like a citizen service number. It may not be stored here.")
            )
            return data
        try:
            self.withdrawal = checked_reason(
                kind=data["reason"], detail=data["detail"], is_reported=data["is_reported"]
            )
        except ReasonError as exc:
            self.add_error(exc.field, str(exc))
        return data

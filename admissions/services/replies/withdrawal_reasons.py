"""When the reason of a withdrawal says enough (DH-124, DH-126, AE-19)."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from admissions.enums import WithdrawalReason
from admissions.validators import has_letter
from schools.errors import RefusedError

R = WithdrawalReason
# Words that name no school and no moment.
TOO_GENERAL = {"andere school", "school", "anders", "onbekend", "nvt", "geen", "other school", "?", "-"}


class ReasonError(RefusedError):
    """The reason is missing or too general; ``field`` is the input it belongs to."""

    field = "reason"


@dataclass(frozen=True, slots=True)
class Reason:
    kind: str
    detail: str = ""
    is_reported: bool = False


def checked_reason(*, kind: str, detail: str = "", is_reported: bool = False) -> Reason:
    """The reason, if it says enough; ReasonError with a sentence otherwise."""
    detail = " ".join(detail.split())
    if kind not in WithdrawalReason.values:
        raise ReasonError(_("Choose a reason for the withdrawal."))
    if len(detail) > 300:
        raise ReasonError(_("Keep it under 300 characters."), field="detail")
    if kind == R.OTHER_SCHOOL and (not has_letter(detail) or detail.casefold() in TOO_GENERAL):
        raise ReasonError(_("Fill in the name of the other school."), field="detail")
    if kind == R.NO_REPLY and not re.search(r"\d", detail):
        raise ReasonError(_("Fill in the date of the last contact with the parents."), field="detail")
    if kind == R.MOVED_INSIDE and not is_reported:
        raise ReasonError(
            _("A move inside the city must be reported to the application coordinator: tick that box."),
            field="is_reported",
        )
    return Reason(kind, detail, is_reported)


def parse_reason(text: str) -> Reason:
    """The ``reason`` column of record_replies: ``other_school: NAME``, ``moved_outside``, ``no_reply: DATE`` …"""
    kind, _colon, detail = text.partition(":")
    kind = kind.strip().lower()
    if kind not in WithdrawalReason.values:
        raise ReasonError(
            _(
                "a withdrawal needs a reason: other_school: NAME, uncapped_school, moved_outside, "
                "moved_inside or no_reply: DATE."
            )
        )
    # A move inside the city in a file counts as reported to the application coordinator (data-formats.md).
    return checked_reason(kind=kind, detail=detail.strip(), is_reported=kind == R.MOVED_INSIDE)

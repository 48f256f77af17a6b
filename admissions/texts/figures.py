"""The words around published figures."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from schools.enums import PriorityKind


def indication() -> str:
    """The statement of DH-162."""
    return _(
        "These figures are an indication and no guarantee: applications differ strongly from year to year and from "
        "round to round."
    )


def round_words(code: str) -> str:
    """ALM2 → period 2; VOVP1 → VOVP 1."""
    number = "".join(sign for sign in code if sign.isdigit())
    if code.startswith("ALM"):
        return _("Application period %(number)s") % {"number": number}
    return _("VOVP %(number)s") % {"number": number}


def group_words(group: str) -> str:
    """The kind of priority of a group in a published figure."""
    if group in PriorityKind.values:
        return str(PriorityKind(group).label)
    return pgettext("group", "Without priority")

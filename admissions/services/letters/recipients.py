"""Who gets a message: the parents of a child, a school, or the programme office."""

from collections.abc import Iterable
from typing import Any

from admissions.models import Application, ApplicationForm, Guardian
from notifications.enums import Channel
from schools.models import Board, Region, School, User

LETTER_LANGUAGE = "nl"


def address_lines(form: ApplicationForm) -> list[str]:
    return [f"{form.street} {form.house_number}", f"{form.postcode[:4]} {form.postcode[4:]}  {form.place}"]


def school_address(school: School) -> list[str]:
    return [part for part in (school.street, f"{school.postcode} {school.place}".strip()) if part]


def to_parents(application: Application, guardians: Iterable[Guardian] | None = None) -> dict[str, Any]:
    """The fields of a message to the parents of one child.

    The first parent gets post when there is no mail address. A second parent with an address of its own gets the same
    message there (Q-39); it lives where the form says. ``guardians``: its parents, when they have been read already.
    """
    if guardians is None:
        guardians = application.guardians.all()
    parents = sorted(guardians, key=lambda guardian: guardian.position)
    first = parents[0] if parents else None
    second = next((guardian for guardian in parents[1:] if guardian.email), None)
    return {
        "recipient_name": first.name if first else "",
        "recipient_email": first.email if first else "",
        "recipient_address": "\n".join(address_lines(application.form)),
        "channel": Channel.EMAIL if first and first.email else Channel.POST,
        "language": first.language if first else LETTER_LANGUAGE,
        "copy_name": second.name if second else "",
        "copy_email": second.email if second else "",
    }


def to_school(school: School) -> dict[str, Any]:
    return {"recipient_name": school.name, "recipient_email": school.contact_email}


def to_board(board: Board) -> dict[str, Any]:
    return {"recipient_name": board.name, "recipient_email": board.contact_email}


def to_official(user: User) -> dict[str, Any]:
    return {"recipient_name": str(user), "recipient_email": user.email, "language": user.language}


def to_office(region: Region) -> dict[str, Any]:
    """The programme office: reports, and what schools did not do in time."""
    return {"recipient_name": region.desk_name or region.name, "recipient_email": region.desk_email}

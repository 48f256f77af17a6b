"""Who opened the file of a child, as the office and as the school of the child may read it."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from admissions.enums import OpeningKind
from admissions.models import Application, FileOpening, FormEntry, MoveRequest, Placement
from notifications.models import Message
from schools.enums import RoundKind
from schools.matrix import PAGES
from schools.models import Round, local_moment

SHOWN = 40
PDFS = frozenset({"admissions:school-sheet", "admissions:office-sheet", "admissions:form-letter"})
OF_MESSAGES = ("message", "held_message")


def kind_of(page: str) -> OpeningKind:
    """What of a file a page shows, by the name of its address."""
    about = PAGES[page].about
    if page in PDFS:
        return OpeningKind.PDF
    if about == "care":
        return OpeningKind.CARE
    return OpeningKind.LETTER if about in OF_MESSAGES else OpeningKind.PAGE


def application_opened(page: str, kwargs: Mapping[str, Any]) -> Application | None:
    """Whose file an address is about; None for pages that are not about one child."""
    about = PAGES[page].about if page in PAGES else ""
    rows = Application.objects.select_related("year")
    if about in ("child", "placed", "care"):
        number = str(kwargs.get("number", "")).replace("-", "").upper()
        return rows.filter(registration_number=number).first()
    if about == "entry":
        entry = FormEntry.objects.filter(key=kwargs["key"]).values("form__application")
        return rows.filter(pk__in=entry).first()
    if about == "placement":
        return rows.filter(pk__in=Placement.objects.filter(pk=kwargs["pk"]).values("application")).first()
    if about == "move":
        return rows.filter(pk__in=MoveRequest.objects.filter(pk=kwargs["pk"]).values("application")).first()
    if about in OF_MESSAGES:
        of_message = (
            Message.objects.filter(pk=kwargs["pk"]).values_list("registration_number", flat=True).first()
        )
        return rows.filter(registration_number=of_message).first() if of_message else None
    return None


def openings_for_office(application: Application, *, sees_care: bool) -> list[FileOpening]:
    """The newest openings. Who may not see care does not learn from an opening that there is care (DH-180)."""
    rows = FileOpening.objects.filter(application=application).select_related("user", "helper_view")
    if not sees_care:
        rows = rows.exclude(kind=OpeningKind.CARE)
    return list(rows.order_by("-hour", "-pk")[:SHOWN])


def openings_for_school(
    application: Application, rounds: tuple[Round, ...], *, sees_care: bool
) -> list[FileOpening]:
    """The same for the school of first choice.

    What the office opened while families opted in to a VOVP stays out, until the school sees the result and after it:
    it would tell who opted in (DH-135).
    """
    rows: QuerySet[FileOpening] = FileOpening.objects.filter(application=application)
    rows = rows.select_related("user", "helper_view")
    hidden = Q(pk__in=[])
    for round_ in rounds:
        if round_.kind == RoundKind.VOVP and round_.opt_in_from is not None:
            window = Q(hour__gte=local_moment(round_.opt_in_from))
            if round_.visible_to_schools_at is not None:
                window &= Q(hour__lt=round_.visible_to_schools_at)
            hidden |= window
    rows = rows.exclude(hidden, of_region=True)
    if not sees_care:
        rows = rows.exclude(kind=OpeningKind.CARE)
    return list(rows.order_by("-hour", "-pk")[:SHOWN])

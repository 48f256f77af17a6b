"""Personal links to the parent's sheet: made with the letters, replaced by the office, never guessed."""

import re
import secrets
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from admissions.models import Application, SheetLink
from lottery.services.sessions import SYMBOLS
from schools.clock import now
from schools.errors import RefusedError
from schools.models import AdmissionYear, User
from schools.services.events import Fact, record_event

LENGTH = 25
GROUP = 5
BATCH = 500
# As people copy from paper (Crockford): the alphabet has no I, L, O and U.
LOOKALIKES = str.maketrans({"I": "1", "L": "1", "O": "0"})


class SheetLinkError(RefusedError):
    """The link cannot be replaced now."""


def new_code() -> str:
    return "".join(secrets.choice(SYMBOLS) for _position in range(LENGTH))


def links_for(application_ids: Sequence[int], *, year: AdmissionYear) -> dict[int, str]:
    """The working code of every application, made where there is none; by application id."""
    found: dict[int, str] = {}
    for start in range(0, len(application_ids), BATCH):
        ids = application_ids[start : start + BATCH]
        rows = SheetLink.objects.filter(application__in=ids, withdrawn_at=None)
        found |= dict(rows.values_list("application_id", "code"))
    at = now(year)
    made = [
        SheetLink(application_id=pk, code=new_code(), made_at=at) for pk in application_ids if pk not in found
    ]
    SheetLink.objects.bulk_create(made, batch_size=BATCH)
    return found | {link.application_id: link.code for link in made}


@transaction.atomic
def replace_link(application: Application, *, actor: User) -> SheetLink:
    """Withdraw the link of a family and make another: a letter got lost, or somebody else has the link.

    Errors: SheetLinkError before there was one, since then there is nothing to open.
    """
    at = now(application.year)
    old = SheetLink.objects.filter(application=application, withdrawn_at=None)
    if not old.update(withdrawn_at=at):
        raise SheetLinkError(_("This family has no link yet: it is made when the round is drawn."))
    link = SheetLink.objects.create(application=application, code=new_code(), made_at=at)
    fact = Fact("sheet_link_replaced", "application", application.registration_number)
    record_event(application.year, fact, actor=actor)
    return link


def read_code(typed: str) -> str:
    """A code as people type it, in the one way it is stored; the empty string for what cannot be one."""
    code = re.sub(r"[\s-]", "", typed).upper().translate(LOOKALIKES)
    return code if len(code) == LENGTH and set(code) <= set(SYMBOLS) else ""


def find_link(typed: str) -> SheetLink | None:
    """The link that works for this code."""
    code = read_code(typed)
    if not code:
        return None
    rows = SheetLink.objects.filter(code=code, withdrawn_at=None).select_related(
        "application__year__region",
        "application__first_choice__round__year__region",
        "application__care_case",
    )
    return rows.first()


def grouped_code(code: str) -> str:
    """For paper and addresses: ``7KQ2F-9MXTR-...``."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def sheet_path(code: str) -> str:
    return reverse("admissions:sheet", args=[grouped_code(code)])


def sheet_url(code: str) -> str:
    """The address of the family's own page as it stands on paper and in the QR code."""
    return str(settings.OA_SITE_URL).rstrip("/") + sheet_path(code)


def sheet_start() -> str:
    """Where a code from paper can be typed."""
    return reverse("admissions:sheet-start")

"""The care letter M16: written by the school, read by the programme manager, then sent (DH-175, DH-176)."""

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.case_enums import CaseEnd
from admissions.enums import CareState, CaseKind
from admissions.models import CareCase, CareLetter
from admissions.services.care.care_route import CareError, load_case, record_step
from admissions.services.cases.opening import Opening, open_case
from admissions.services.cases.settling import live_cases, settle_cases
from admissions.validators import contains_bsn
from notifications.enums import MessageKind, MessageState
from notifications.models import Letter, Message
from schools.clock import now
from schools.models import User

S = CareState
WRITABLE = (S.DUTY_YES, S.LETTER_DRAFT, S.LETTER_REVIEWED)


@transaction.atomic
def write_letter(case_id: int, *, body: str, actor: User) -> CareLetter:
    """Save the school's text; it waits for the programme manager from then on, also when it was read before."""
    case = load_case(case_id)
    if case.state not in WRITABLE:
        raise CareError(_("A care letter is written when care duty has been recorded, and until it is sent."))
    if not body.strip():
        raise CareError(_("Write the letter first."))
    if contains_bsn(body):
        raise CareError(_("This looks like a citizen service number. It may not be stored here."))
    text = "\n".join(line.rstrip() for line in body.replace("\r\n", "\n").split("\n")).strip()
    letter, _created = CareLetter.objects.update_or_create(
        case=case,
        defaults={
            "body": text,
            "written_by": actor,
            "written_at": now(case.application.year),
            "reviewed_by": None,
            "reviewed_at": None,
        },
    )
    if case.state != S.LETTER_DRAFT:
        old, case.state = case.state, S.LETTER_DRAFT
        case.save(update_fields=["state"])
        record_step(case, old, actor)
    _put_into_message(case, [])
    application = case.application
    opening = Opening(CaseKind.CARE_LETTER, application.registration_number, application=application)
    open_case(application.year, opening, actor=actor)
    return letter


@transaction.atomic
def review_letter(case_id: int, *, approved: bool, remarks: str, actor: User) -> CareLetter:
    """The programme manager ticks "reviewed", or sends the letter back with remarks (4.3)."""
    case = load_case(case_id)
    letter = CareLetter.objects.select_for_update().filter(case=case).first()
    if case.state != S.LETTER_DRAFT or letter is None:
        raise CareError(_("There is no letter to read. Reload the page."))
    if not approved and not remarks.strip():
        raise CareError(_("Say what must be changed in the letter."))
    letter.remarks = remarks.strip()
    if approved:
        letter.reviewed_by, letter.reviewed_at = actor, now(case.application.year)
        old, case.state = case.state, S.LETTER_REVIEWED
        case.save(update_fields=["state"])
        record_step(case, old, actor)
        _put_into_message(case, letter.paragraphs)
    else:
        record_step(case, case.state, actor, reason="back to the school")
    letter.save()
    end = CaseEnd.LETTER_READ if approved else CaseEnd.LETTER_BACK
    waiting = live_cases([case.application_id], CaseKind.CARE_LETTER)
    settle_cases(case.application.year, waiting, end, actor=actor, resolution=letter.remarks)
    return letter


def reviewed_paragraphs(application_ids: list[int]) -> dict[int, list[str]]:
    """The text of every reviewed letter, for messages that are being made."""
    letters = CareLetter.objects.filter(
        case__application_id__in=application_ids, reviewed_at__isnull=False
    ).select_related("case")
    return {letter.case.application_id: letter.paragraphs for letter in letters}


def _put_into_message(case: CareCase, paragraphs: list[str]) -> None:
    """A letter that waits for its day says what was reviewed, and nothing that was not; a printed one is made anew."""
    held = Message.objects.filter(
        year=case.application.year,
        registration_number=case.application.registration_number,
        kind=MessageKind.M16,
        state=MessageState.HELD,
    )
    for message in held:
        message.merge = message.merge | {"notes": paragraphs}
        message.save(update_fields=["merge"])
    Letter.objects.filter(message__in=held).delete()

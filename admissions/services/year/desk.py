"""Questions to the two support desks: asked, answered, and called back within three working days (DH-190 to DH-194)."""

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.services.letters.notices import acknowledge_call
from admissions.validators import contains_bsn
from schools.clock import now, today
from schools.enums import TicketKind
from schools.errors import RefusedError
from schools.models import AdmissionYear, School, Ticket, User
from schools.workdays import after_working_days

WORKING_DAYS = 3  # the service level of DH-192


class DeskError(RefusedError):
    """This question cannot be asked or settled like that."""


@transaction.atomic
def ask_desk(
    year: AdmissionYear,
    *,
    kind: TicketKind,
    question: str,
    name: str,
    email: str = "",
    phone: str = "",
    school: School | None = None,
    language: str = "nl",
    actor: User | None = None,
) -> Ticket:
    """Store a question with its day; a call-back is confirmed by M19 when there is a mail address."""
    if not question.strip() and kind != TicketKind.CALL_BACK:
        raise DeskError(_("Write your question."))
    if not email.strip() and not phone.strip():
        raise DeskError(_("Fill in a phone number or an e-mail address, so that we can answer."))
    if kind == TicketKind.CALL_BACK and not phone.strip():
        raise DeskError(_("Fill in the number on which we can call you back."))
    if contains_bsn(question):
        raise DeskError(_("This looks like a citizen service number. It may not be stored here."))
    ticket = Ticket.objects.create(
        region=year.region,
        kind=kind,
        school=school,
        name=name.strip()[:120],
        email=email.strip(),
        phone=phone.strip()[:30],
        question=question.strip(),
        language=language,
        asked_by=actor,
        opened_at=now(year),
        due_on=after_working_days(today(year), WORKING_DAYS),
    )
    if kind == TicketKind.CALL_BACK:
        acknowledge_call(
            year, key=f"ticket-{ticket.pk}", name=name, email=email, phone=phone, language=language
        )
    return ticket


@transaction.atomic
def close_ticket(ticket_id: int, *, year: AdmissionYear, answer: str, actor: User) -> Ticket:
    """Settle a question, with what was answered."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    if ticket.closed_at is not None:
        raise DeskError(_("Somebody else has settled this question already. Reload the page."))
    if not answer.strip():
        raise DeskError(_("Write what you answered, so that a colleague can read it."))
    if contains_bsn(answer):
        raise DeskError(_("This looks like a citizen service number. It may not be stored here."))
    ticket.answer, ticket.closed_by, ticket.closed_at = answer.strip(), actor, now(year)
    ticket.save(update_fields=["answer", "closed_by", "closed_at"])
    return ticket

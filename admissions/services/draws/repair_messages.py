"""What a family hears when a draw is mended: a place after all, or none (OA-LOT/1 section 8)."""

from django.utils import translation
from django.utils.translation import gettext as _

from admissions.enums import CARE_DUTY_STATES, Decision
from admissions.models import Application, CareCase, Placement
from admissions.procedures.registry import procedure_of
from admissions.services.explaining.sheet_links import links_for, sheet_url
from admissions.services.letters.offers import care_letters_sent
from admissions.services.letters.outcome_messages import (
    LETTER_LANGUAGE,
    letter_merge,
    lots_of,
    sending_moment,
)
from admissions.services.letters.recipients import to_parents
from lottery.models import DrawSession
from lottery.services.sessions import outcome_of
from notifications.enums import MessageKind, MessageState
from notifications.models import Message
from notifications.services.outbox import cancel_messages, hold_messages, release_messages
from schools.clock import now
from schools.enums import RoundState
from schools.models import Programme, Round


def hold_repair_message(
    application: Application, placement: Placement | None, round_: Round, session: DrawSession
) -> None:
    """What a family hears of a repair: a place, or none. At once when the letters of the round have left."""
    application = Application.objects.select_related(
        "child", "form", "first_choice__programme__school__board", "year__region"
    ).get(pk=application.pk)
    cancel_messages([application.registration_number], round_)
    if placement is None and application.decision != Decision.UNPLACED:
        return  # care follow-up: no automatic letter (DH-179)
    duty = CareCase.objects.filter(application=application, state__in=CARE_DUTY_STATES).exists()
    kind = MessageKind.M06
    if placement is not None:
        rank = placement.preference_rank
        procedure = procedure_of(round_.year.region)
        kind = MessageKind(procedure.offer_kind(preference_rank=rank, has_care_duty=duty))
    programmes = {
        programme.code: programme
        for programme in Programme.objects.filter(school_rounds__round=round_).select_related("school__board")
    }
    seat = placement.school_round.programme.code if placement is not None else ""
    number = session.numbers.values_list("number", flat=True).get(
        registration_number=application.registration_number
    )
    guardian, at = application.guardians.first(), now(round_.year)
    merge = letter_merge(application, session, round_, placement, programmes, seat)
    if placement is not None and placement.offered_on is not None and placement.respond_by is not None:
        merge |= {
            "letter_date": placement.offered_on.isoformat(),
            "respond_by": placement.respond_by.isoformat(),
        }
    code = links_for([application.pk], year=round_.year)[application.pk]
    merge |= {
        "session_number": number,
        "draws": lots_of(outcome_of(session)).get(number, []),
        "preferences": _repaired_list(application, placement, programmes),
        "guardian_name": guardian.name if guardian else "",
        "sheet_code": code,
        "check_url": sheet_url(code),
    }
    message = Message(
        year=round_.year,
        round=round_,
        kind=kind,
        case_key=f"{application.registration_number}/{round_.code}/{session.pk}",
        registration_number=application.registration_number,
        school=programmes[seat].school if seat else None,
        **to_parents(application),
        merge=merge,
        not_before=max(sending_moment(round_), at),
    )
    hold_messages([message])
    if round_.state in (RoundState.OFFERS, RoundState.CLOSED):
        release_messages(round_id=round_.pk, now=at)
        message.refresh_from_db(fields=["state"])
        if message.state == MessageState.RELEASED and kind == MessageKind.M16:
            care_letters_sent([application.registration_number])  # DH-179: this was the care letter


def _repaired_list(
    application: Application, placement: Placement | None, programmes: dict[str, Programme]
) -> list[dict[str, object]]:
    """The list after a repair: above the place, the place, below it."""
    rank = placement.preference_rank if placement is not None else 99
    with translation.override(LETTER_LANGUAGE):
        words = {
            -1: _("Your child's lot came after the last place here."),
            0: _("Your child has a place here, after all."),
            1: _("Not looked at: your child has a place at a school higher on the list."),
        }
    rows = application.preferences.filter(added_in=None).order_by("rank")
    return [
        {
            "rank": row_rank,
            "school_name": programmes[code].name,
            "reason": words[(row_rank > rank) - (row_rank < rank)],
            "limit": "",
            "reasons": {},
        }
        for row_rank, code in rows.values_list("rank", "programme__code")
    ]

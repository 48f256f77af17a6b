"""The commitment of a draw by mail to boards and notary (OA-LOT/1 section 4.3): many hold it before the dice."""

from collections.abc import Iterator, Mapping

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from admissions.services.letters.recipients import to_board, to_official
from lottery.models import DrawSession
from notifications.enums import MessageKind
from notifications.models import Message
from schools.clock import now
from schools.enums import Role
from schools.models import AdmissionYear, Board, Region, School, User
from schools.services.events import Fact, record_event


def commitment_messages(session: DrawSession) -> Iterator[Message]:
    """M21 to every board with an address and to everybody who is notary in the region; no child is in it."""
    year = session.round.year
    at = now(year)
    people = User.objects.filter(
        memberships__region=year.region, memberships__role=Role.NOTARY, is_active=True
    ).distinct()
    recipients = [
        *((f"B{board.pk}", to_board(board)) for board in boards_of(year.region).exclude(contact_email="")),
        *((f"U{user.pk}", to_official(user)) for user in people.order_by("pk")),
    ]
    for who, fields in recipients:
        yield Message(
            year=year,
            round=session.round,
            kind=MessageKind.M21,
            case_key=f"{session.name}/{who}",
            merge={
                "round_code": session.round.code,
                "session_name": session.name,
                "commitment_hash": session.commitment_hash,
            },
            not_before=at,
            **fields,
        )


def boards_of(region: Region) -> QuerySet[Board]:
    """Boards with schools in the region, by name."""
    has_schools = Exists(School.objects.filter(board=OuterRef("pk")))  # no join: its rows can be locked
    return Board.objects.filter(has_schools, region=region).order_by("name")


def unreached_boards(region: Region) -> list[str]:
    """Boards that get no mail, because nobody filled in an address; somebody has to tell them."""
    return list(boards_of(region).filter(contact_email="").values_list("name", flat=True))


@transaction.atomic
def set_board_mail(year: AdmissionYear, addresses: Mapping[int, str], *, actor: User) -> None:
    """Store the mail addresses of boards by their ids; what changed stands in the trail, without the address."""
    for board in boards_of(year.region).filter(pk__in=addresses).select_for_update(of=("self",)):
        if board.contact_email == addresses[board.pk]:
            continue
        board.contact_email = addresses[board.pk]
        board.save(update_fields=["contact_email"])
        record_event(year, Fact("board_mail_set", "board", str(board.pk)), actor=actor)

"""Letters as final bytes (brief): made once, stored with their hash, never changed once sent (DH-155).

As long as a message is held its letter follows the text of the school and the values of the message: a letter that
was made of something else is made again. ``Letter.basis`` says what it was made of.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications.enums import Channel, MessageKind, MessageState
from notifications.models import Letter, Message
from notifications.services.letter_content import LETTER_KINDS, LetterError, letter_content
from notifications.services.letter_renderer import LetterRenderer, default_renderer
from notifications.services.template_choice import Choice, Choices
from schools.errors import RefusedError

__all__ = [
    "LETTER_KINDS",
    "LetterError",
    "letter_messages",
    "letters_to_make",
    "make_letters",
    "redate_letter",
    "render_letter",
]

BATCH = 20  # letters kept in memory, and lost at most when the process is killed: about 1.5 s of work
TOLD = 5  # failures that are spelled out


def render_letter(message: Message, *, renderer: LetterRenderer | None = None) -> bytes:
    """The letter of one message as PDF/A-3a; the same message always gives the same bytes.

    Errors: LetterError with a sentence that names the field that is empty or wrong.
    """
    return (renderer or default_renderer()).render(letter_content(message))


def letter_messages(round_id: int) -> QuerySet[Message]:
    """The messages of a round that have a letter: offers and outcomes, and M01 where it goes by post."""
    wanted = Message.objects.filter(round_id=round_id, kind__in=LETTER_KINDS)
    wanted = wanted.exclude(state=MessageState.CANCELLED)
    return wanted.exclude(kind=MessageKind.M01, channel=Channel.EMAIL).order_by("pk")


def letters_to_make(round_id: int) -> list[int]:
    """Messages of a round that need a letter and have none, or have one of an older text and were not sent yet."""
    rows = letter_messages(round_id).select_related("round", "year", "letter").defer("letter__pdf")
    choices = Choices.of_round(round_id)
    return [row.pk for row in rows.iterator(chunk_size=500) if _needs_letter(row, choices)]


def _needs_letter(message: Message, choices: Choices) -> bool:
    letter = getattr(message, "letter", None)
    if letter is None:
        return True
    if message.state != MessageState.HELD:
        return False
    try:
        return letter.basis != basis_of(message, choices.of(message))
    except RefusedError:
        return True  # making it tells why


def basis_of(message: Message, choice: Choice) -> str:
    """A hash of everything that a letter is made of."""
    values = json.dumps(message.merge, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{choice.digest}\x1f{message.language}\x1f{values}".encode()).hexdigest()


def redate_letter(message: Message, *, sent_on: date) -> None:
    """A letter that leaves later than the sending day gets that day, and the reply period counts from it (Q-36).

    Also for a letter that is sent again after the first one failed (Q-35). The caller stores the message.
    Raises LetterError when the message has left.
    """
    if message.state != MessageState.HELD:
        raise LetterError(_("This letter has been sent; it does not change any more."))
    merge = dict(message.merge)
    before, respond = merge.get("letter_date"), merge.get("respond_by")
    if before and respond:
        period = date.fromisoformat(str(respond)) - date.fromisoformat(str(before))
        merge["respond_by"] = (sent_on + period).isoformat()
    message.merge = merge | {"letter_date": sent_on.isoformat()}


def make_letters(
    *,
    message_ids: Iterable[int],
    progress: Callable[[int, int], None] | None = None,
    renderer: LetterRenderer | None = None,
) -> int:
    """Render and store the letters that do not exist yet; answers how many were made now.

    Killed and started again it goes on where it was: a message with a letter is passed over, so is a cancelled one
    and a kind without letter. A letter that cannot be made does not hold up the others.
    Shapes: ``progress`` gets (handled, total) after each batch.
    Errors: LetterError at the end, when all others are stored, naming the first failures.
    """
    ids = list(dict.fromkeys(message_ids))
    made, failures, busy = 0, list[str](), list[int]()
    choices = cache(Choices)

    def make(chunk: list[int], *, wait: bool) -> int:
        letters = []
        with _claimed(chunk, wait=wait) as claimed:
            if not wait:
                busy.extend(pk for pk in chunk if pk not in claimed)
            for message in _needing(claimed, choices):
                try:
                    choice = choices(message.year.region_id).of(message)
                    letters.append(_letter(message, choice, renderer or default_renderer()))
                except RefusedError as exc:
                    failures.append(str(exc))
            return _store(letters)

    for start in range(0, len(ids), BATCH):
        chunk = ids[start : start + BATCH]
        made += make(chunk, wait=False)
        if progress:
            progress(start + len(chunk), len(ids))
    while busy:  # only a process that waits for the others can say that all letters are there
        chunk, busy[:] = busy[:BATCH], busy[BATCH:]
        made += make(chunk, wait=True)
    if failures:
        raise LetterError(_failure_report(failures))
    return made


@contextmanager
def _claimed(ids: list[int], *, wait: bool) -> Iterator[set[int]]:
    """Those of these messages that no other process is making a letter of, and which this one keeps until the end.

    Two processes that walk the same list would otherwise make the same letters from their first meeting on. The claim
    is a lock of the database: who is killed loses it. ``wait`` waits for the others instead of passing over theirs.
    SQLite has one writer at a time, whom a claim would stop: there everything is free.
    """
    if not connection.features.has_select_for_update_skip_locked:
        yield set(ids)
        return
    with transaction.atomic():
        rows = Message.objects.select_for_update(skip_locked=not wait).filter(pk__in=ids).order_by("pk")
        yield set(rows.values_list("pk", flat=True))


def _needing(ids: Collection[int], choices: Callable[[int], Choices]) -> list[Message]:
    """The messages among these that need a letter now."""
    rows = Message.objects.filter(pk__in=ids, kind__in=LETTER_KINDS).exclude(state=MessageState.CANCELLED)
    rows = rows.select_related("round", "year", "letter").defer("letter__pdf").order_by("pk")
    return [row for row in rows if _needs_letter(row, choices(row.year.region_id))]


def _letter(message: Message, choice: Choice, renderer: LetterRenderer) -> Letter:
    content = letter_content(message, choice)
    pdf = renderer.render(content)
    return Letter(
        message=message,
        registration_number=message.registration_number,
        language=content.language,
        basis=basis_of(message, choice),
        pdf=pdf,
        hash=hashlib.sha256(pdf).hexdigest(),
    )


@transaction.atomic
def _store(letters: list[Letter]) -> int:
    """Insert the letters nobody else has made meanwhile: two workers give the same bytes, once."""
    messages = [letter.message_id for letter in letters]
    # Lock the messages, so that another worker waits here and then sees our letters.
    # In one order, because two workers that walk the list from different places may hold parts of the same batch.
    locked = Message.objects.select_for_update().filter(pk__in=messages).order_by("pk")
    rows = locked.values_list("pk", "state")
    states = dict(rows)
    present = dict(Letter.objects.filter(message_id__in=messages).values_list("message_id", "basis"))
    stale = [
        letter.message_id
        for letter in letters
        if states[letter.message_id] == MessageState.HELD
        and present.get(letter.message_id, letter.basis) != letter.basis
    ]
    if stale:
        Letter.objects.filter(message_id__in=stale).delete()
    new = [letter for letter in letters if letter.message_id not in present or letter.message_id in stale]
    return len(Letter.objects.bulk_create(new))


def _failure_report(failures: list[str]) -> str:
    more = len(failures) - TOLD
    told = list(failures[:TOLD])
    if more > 0:
        told.append(ngettext("And %(count)s more.", "And %(count)s more.", more) % {"count": more})
    return " ".join([_("All other letters are made."), *told])

"""Every recipient is rendered before a round is released, so that no letter with a hole leaves (DH-158).

Rendering is dry: the words are put together for every family and every school, nothing is printed, stored or sent.
It costs under a millisecond a message, so that a page may ask for it.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from notifications.enums import MessageState
from notifications.models import Message
from notifications.services.letter_content import LETTER_KINDS, letter_content, message_content
from notifications.services.letter_renderer import compose
from notifications.services.mail_content import empty_codes
from notifications.services.merge_codes import CODES
from notifications.services.template_choice import Choices
from schools.errors import RefusedError

BATCH = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """One message that cannot leave like this."""

    message_id: int
    registration_number: str
    kind: str
    school_id: int | None
    text: str  # a sentence for the user
    codes: tuple[str, ...] = ()  # merge codes that were empty


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a dry run found: how many messages were rendered, and which of them have a hole."""

    rendered: int
    newest: int  # the highest message id that was looked at
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.findings

    def by_code(self) -> list[tuple[str, int]]:
        """Empty codes with the number of messages, most first: what to mend."""
        counted = Counter(code for finding in self.findings for code in finding.codes)
        return counted.most_common()


def dry_run(
    *,
    round_id: int,
    school_ids: Iterable[int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> DryRun:
    """Render every held message of a round without printing it; ``school_ids`` narrows it to these schools.

    Shapes: ``progress`` gets (handled, total) after every 500.
    Source: DH-154, DH-158.
    """
    rows = Message.objects.filter(round_id=round_id, state=MessageState.HELD)
    if school_ids is not None:
        rows = rows.filter(school_id__in=list(school_ids))
    rows = rows.select_related("round", "year__region").order_by("pk")
    choices, findings = Choices.of_round(round_id), list[Finding]()
    total, done, newest = rows.count(), 0, 0
    for message in rows.iterator(chunk_size=BATCH):
        finding = look_at(message, choices)
        if finding is not None:
            findings.append(finding)
        done, newest = done + 1, message.pk
        if progress and done % BATCH == 0:
            progress(done, total)
    if progress:
        progress(done, total)
    return DryRun(done, newest, findings)


def look_at(message: Message, choices: Choices) -> Finding | None:
    """The hole in one message, or None."""
    try:
        choice = choices.of(message)
        if message.kind in LETTER_KINDS:
            empty = compose(letter_content(message, choice))[1]
        else:
            empty = empty_codes(message_content(message, choice))
    except RefusedError as exc:
        return _finding(message, str(exc))
    if not empty:
        return None
    return _finding(message, _empty_sentence(empty), tuple(empty))


def _empty_sentence(empty: list[str]) -> str:
    told = [
        f"[{name}] ({CODES[name].explanation})" if name in CODES else f"[{name}]"
        for name in dict.fromkeys(empty)
    ]
    return _("Nothing is known for %(codes)s.") % {"codes": ", ".join(told)}


def _finding(message: Message, text: str, codes: tuple[str, ...] = ()) -> Finding:
    return Finding(message.pk, message.registration_number, str(message.kind), message.school_id, text, codes)

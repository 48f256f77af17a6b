"""Every recipient is rendered before a round is released, so that no letter with a hole leaves (DH-158).

Rendering is dry: the words are put together for every family and every school, nothing is printed, stored or sent.
It costs under a millisecond a message, so that a page may ask for it.
"""

from collections import Counter
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from notifications.enums import OUTCOME_KINDS, Channel, MessageState
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


def dry_run(*, round_id: int) -> DryRun:
    """Render everything that waits for the release of a round, without printing it (DH-154, DH-158)."""
    rows = Message.objects.filter(
        round_id=round_id, state=MessageState.HELD, kind__in=sorted(OUTCOME_KINDS)
    ).select_related("round", "year__region")
    choices, findings = Choices.of_round(round_id), list[Finding]()
    done, newest = 0, 0
    for message in rows.order_by("pk").iterator(chunk_size=BATCH):
        finding = look_at(message, choices)
        if finding is not None:
            findings.append(finding)
        done, newest = done + 1, message.pk
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
    if not empty and message.channel == Channel.POST and not message.recipient_address:
        return _finding(message, _("Message %(id)s goes by post and has no address.") % {"id": message.pk})
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
    return Finding(message.pk, message.registration_number, text, codes)

"""Which text a message gets: the school's own, else the region's, else the one that comes with the application.

For many messages ask ``Choices`` once; it reads what a region has and answers from memory.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from django.utils.translation import gettext as _

from notifications.enums import (
    REPLY_WEEKS,
    Channel,
    MessageKind,
    TemplateCode,
    TemplateFamily,
    TemplateUse,
)
from notifications.models import LetterTemplate, Message, SchoolLogo, TemplateSelection
from notifications.services.texts import Text, text_of
from schools.errors import RefusedError
from schools.models import Round

K = MessageKind
REFERENCE, DATE_LINE = "[kenmerk]", "[vandaag]"
SIGNED_BY_SCHOOL = "[directeur]\n[school]"
SIGNED_BY_OFFICE = "[loket]"
BY_SCHOOL = frozenset(
    {K.M01, K.M04, K.M05, K.M08, K.M16}
)  # the others come from the office, whatever the school (DH-156)
ABOUT_MANY = frozenset({K.M07, K.M13, K.M14, K.M18, K.M21, K.M22})  # not about one child
KIND_OF_CODE = {
    TemplateCode.ALM124_FIRST: K.M04,
    TemplateCode.ALM3_FIRST: K.M04,
    TemplateCode.ALM124_LOWER: K.M05,
    TemplateCode.ALM3_LOWER: K.M05,
    TemplateCode.CONFIRMATION_POST: K.M01,
}
SCHOOL_CODES = tuple(TemplateCode)  # what a school may change itself (DH-151)
CENTRAL_CODES = tuple(kind for kind in K if kind not in (K.M04, K.M05))
USE_OF_KIND = {K.M04: TemplateUse.FIRST, K.M05: TemplateUse.LOWER}


class LetterError(RefusedError):
    """A letter that cannot be made; its text says what is wrong with which message."""


class WrongFamily(LetterError):
    """The school selected a text that names another reply period than that of the round (DH-152, AE-18)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The text of one kind of message at one school."""

    code: str
    text: Text
    reference: str = REFERENCE
    date_line: str = DATE_LINE
    signature: str = SIGNED_BY_SCHOOL
    enclosure: str = ""
    version: int = 0  # 0 is the text that comes with the application
    is_own: bool = False  # of the school, not of the region
    logo: str = ""  # hash of the school's logo
    is_approved: bool = True  # only a school's own version can be without approval
    proposed: int = 0  # number of the newer version that waits for the director

    @property
    def kind(self) -> MessageKind:
        return kind_of(self.code)

    @property
    def digest(self) -> str:
        """Changes with every word that could be printed."""
        parts = (
            self.code,
            self.text.subject,
            self.text.body,
            self.reference,
            self.date_line,
            self.signature,
            self.enclosure,
            self.logo,
        )
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def kind_of(code: str) -> MessageKind:
    return KIND_OF_CODE[TemplateCode(code)] if code in KIND_OF_CODE else K(code)


def family_of(round_: Round) -> TemplateFamily:
    """The offers of a round are those that name its reply period (DH-151): four weeks, or eight in the summer."""
    for family, weeks in REPLY_WEEKS.items():
        if weeks == round_.reply_weeks:
            return family
    raise RefusedError(
        _(
            "There are no offer letters for a reply period of %(weeks)s weeks. Change the calendar of %(round)s."
        )
        % {"weeks": round_.reply_weeks, "round": round_.code}
    )


def default_choice(code: str) -> Choice:
    """The text that comes with the application. Raises KeyError for a code that has none."""
    kind = kind_of(code)
    text = text_of(code) or text_of(kind)
    if text is None:
        raise KeyError(code)
    return Choice(
        code,
        text,
        reference=("[ronde]" if kind == K.M21 else "[school]") if kind in ABOUT_MANY else REFERENCE,
        signature=SIGNED_BY_SCHOOL if kind in BY_SCHOOL else SIGNED_BY_OFFICE,
    )


def as_choice(template: LetterTemplate) -> Choice:
    return Choice(
        template.code,
        Text(template.subject, template.body),
        template.reference,
        template.date_line,
        template.signature,
        template.enclosure,
        template.version,
        template.school_id is not None,
        is_approved=template.school_id is None or hasattr(template, "approval"),
    )


class Choices:
    """The texts of one region, read once."""

    def __init__(self, region_id: int, school_ids: Iterable[int] | None = None) -> None:
        self.region_id = region_id
        self._schools = None if school_ids is None else set(school_ids)

    @classmethod
    def of_round(cls, round_id: int) -> "Choices":
        return cls(Round.objects.values_list("year__region_id", flat=True).get(pk=round_id))

    @cached_property
    def _texts(self) -> tuple[dict[tuple[int | None, str], Choice], dict[tuple[int | None, str], Choice]]:
        """The last approved version of each text, and the versions after it that nobody approved."""
        rows = LetterTemplate.objects.filter(region_id=self.region_id).order_by("version")
        if self._schools is not None:
            rows = rows.filter(school_id__in=self._schools) | rows.filter(school=None)
        in_force, proposals = dict[tuple[int | None, str], Choice](), dict[tuple[int | None, str], Choice]()
        for row in rows.select_related("approval"):
            key, choice = (row.school_id, row.code), as_choice(row)
            if choice.is_approved:
                in_force[key] = choice
                proposals.pop(key, None)
            else:
                proposals[key] = choice
        return in_force, proposals

    @cached_property
    def _selections(self) -> dict[tuple[int, str], str]:
        rows = TemplateSelection.objects.filter(school__region_id=self.region_id)
        if self._schools is not None:
            rows = rows.filter(school_id__in=self._schools)
        return {(school, use): code for school, use, code in rows.values_list("school_id", "use", "code")}

    @cached_property
    def _logos(self) -> dict[int, str]:
        rows = SchoolLogo.objects.filter(school__region_id=self.region_id)
        return dict(rows.values_list("school_id", "hash"))

    def text(self, school_id: int | None, code: str) -> Choice:
        """The text that is sent behind a code for a school; None for the office's own letters.

        A version that the director has not approved is never that text (section 1): it is in ``newest``.
        """
        in_force, proposals = self._texts
        found = in_force.get((school_id, code)) if school_id is not None else None
        found = found or in_force.get((None, code)) or default_choice(code)
        waiting = proposals.get((school_id, code))
        if waiting is not None:
            found = replace(found, proposed=waiting.version)
        return self._with_logo(found, school_id)

    def newest(self, school_id: int | None, code: str) -> Choice:
        """What was stored last, approved or not: to go on with in the editor, never to send."""
        found = self._texts[1].get((school_id, code))
        return self._with_logo(found, school_id) if found is not None else self.text(school_id, code)

    def _with_logo(self, found: Choice, school_id: int | None) -> Choice:
        logo = self._logos.get(school_id or 0, "") if found.kind in BY_SCHOOL else ""
        return replace(found, logo=logo) if logo else found

    def selected(self, school_id: int | None, use: str, round_: Round) -> str:
        """The code that this school uses: what it selected, else what the round asks for."""
        chosen = self._selections.get((school_id or 0, str(use)))
        return chosen or f"{family_of(round_)}_{use}"

    def code(self, message: Message) -> str:
        """Raises WrongFamily when the school's selection does not fit the round."""
        kind = K(message.kind)
        if kind in USE_OF_KIND and message.round is not None:
            use = USE_OF_KIND[kind]
            code = self.selected(message.school_id, use, message.round)
            if not code.startswith(f"{family_of(message.round)}_"):
                raise WrongFamily(
                    _(
                        "The letters of this school name another reply period than that of %(round)s. "
                        "Choose the right letters with one click on the page Letter texts."
                    )
                    % {"round": message.round.code}
                )
            return code
        if kind in USE_OF_KIND:
            return f"{TemplateFamily.ALM124}_{USE_OF_KIND[kind]}"
        if kind == K.M01 and message.channel == Channel.POST:
            return str(TemplateCode.CONFIRMATION_POST)
        return str(kind)

    def of(self, message: Message) -> Choice:
        """The text of a message."""
        return self.text(message.school_id, self.code(message))


def choice_for(message: Message) -> Choice:
    """The text of one message; for many, make one ``Choices``."""
    if message.year_id is None:
        code = USE_OF_KIND.get(K(message.kind))
        return default_choice(f"{TemplateFamily.ALM124}_{code}" if code else str(message.kind))
    schools = [message.school_id] if message.school_id else []
    return Choices(message.year.region_id, schools).of(message)

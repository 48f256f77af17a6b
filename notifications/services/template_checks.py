"""Is a text fit to be sent? Faults refuse saving; lights (DH-153) block or warn before sending, each with its mend.

Faults: an unknown code, a condition without end, a tag, too much text. Lights: the reference is the code of the
registration number (a), the date is the code of today (b), the logo is there (c), the director of the central list
signs (d), an enclosed form that is mentioned is part of the document (e); and both selected texts fit the round.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from notifications.enums import MessageKind, TemplateCode, TemplateUse
from notifications.services.markup import ELSE, END, IF, pieces
from notifications.services.merge_codes import codes_for, conditions_for
from notifications.services.template_choice import Choice, Choices, LetterError, family_of
from schools.enums import RoundKind
from schools.models import Round, School

MAX_BODY, MAX_ENCLOSURE = 8000, 8000  # characters; a page is some 3000
TAG = re.compile(r"<\s*/?\s*([a-zA-Z][\w:-]*|!)")
GREEN, AMBER, RED = "green", "amber", "red"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text cannot be saved, and where."""

    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return _("Line %(line)d, position %(column)d: %(text)s") % {
            "line": self.line,
            "column": self.column,
            "text": self.text,
        }


def faults_of(text: str, kind: str, *, limit: int = MAX_BODY) -> list[Fault]:
    """Everything that must be mended in one field before it can be saved (DH-158)."""
    if len(text) > limit:
        much = ngettext(
            "there is %(n)d character too many.", "there are %(n)d characters too many.", len(text) - limit
        )
        return [_fault(text, limit, much % {"n": len(text) - limit})]
    return sorted([*_tags(text), *_codes(text, kind)], key=lambda fault: (fault.line, fault.column))


def _fault(text: str, at: int, words: str) -> Fault:
    before = text[:at]
    return Fault(before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1, words)


def _tags(text: str) -> Iterator[Fault]:
    for match in TAG.finditer(text):
        yield _fault(
            text,
            match.start(),
            _("“<%(tag)s” is HTML. A letter holds text only; pictures and files cannot be put in it.")
            % {"tag": match[1][:20]},
        )


def _codes(text: str, kind: str) -> Iterator[Fault]:
    known = [code.name for code in codes_for(kind)]
    conditions = [*known, *conditions_for(kind)]
    open_: list[int] = []
    branched: set[int] = set()
    for piece in pieces(text):
        if not piece.is_code:
            continue
        word = piece.text.lower()
        if word.startswith(IF):
            open_.append(piece.at)
            name = word.removeprefix(IF).strip()
            if name not in conditions:
                yield _fault(
                    text, piece.at, _unknown(f"als {name}", [f"als {known}" for known in conditions])
                )
        elif word == ELSE:
            if not open_ or open_[-1] in branched:
                yield _fault(text, piece.at, _("[anders] stands here without an [als ...] before it."))
            elif open_:
                branched.add(open_[-1])
        elif word == END:
            if open_:
                open_.pop()
            else:
                yield _fault(text, piece.at, _("[einde] stands here without an [als ...] before it."))
        elif word not in known:
            yield _fault(text, piece.at, _unknown(word, known))
    for at in open_:
        yield _fault(text, at, _("this condition has no [einde]."))
    for match in re.finditer(r"\[[^\[\]\n]*(?:$|\n|\[)", text):
        yield _fault(text, match.start(), _("this bracket is not closed."))


def _unknown(word: str, known: list[str]) -> str:
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return _("[%(code)s] does not exist in this letter. Do you mean [%(close)s]?") % {
            "code": word,
            "close": close[0],
        }
    return _("[%(code)s] does not exist in this letter. Choose a code from the list.") % {"code": word}


# --- lights ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Light:
    """One check of the traffic-light list; ``mend`` names what one click does about it."""

    key: str
    colour: str
    title: str | Promise
    text: str
    mend: str = ""

    @property
    def blocks(self) -> bool:
        return self.colour == RED


# Months typed in a letter: the date of today or a deadline belongs in a code.
_MONTHS = "januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december"
TYPED_DATE = re.compile(
    rf"\b\d{{1,2}}\s+(?:{_MONTHS})\b|\b\d{{1,2}}[-/]\d{{1,2}}[-/]\d{{2,4}}\b", re.IGNORECASE
)
ENCLOSED = re.compile(
    r"(bijgevoegd|bijgesloten|meegestuurd|bijgaand|bijlage|vul het)[^.]{0,80}formulier", re.IGNORECASE
)
ENCLOSED_TOO = re.compile(
    r"formulier[^.]{0,60}(bijgevoegd|bijgesloten|meegestuurd|als bijlage)", re.IGNORECASE
)


def lights_of(choice: Choice, school: School) -> list[Light]:
    """The checks (a) to (e) of one text of a school (DH-153); red blocks sending, amber warns (DH-154)."""
    lights = [_reference(choice), _date(choice), _logo(choice)]
    if choice.kind != MessageKind.M01:  # a confirmation is not signed by the director, and encloses nothing
        lights += [_signature(choice, school), _enclosure(choice)]
    return [*lights, *_approval(choice)]


def _approval(choice: Choice) -> list[Light]:
    """Whether the director has approved the school's own text (section 1); a ready-made text needs no approval."""
    title = pgettext("check", "Approval")
    if not choice.is_approved:
        text = _("The director has not approved version %(n)d yet. It is not sent until then.")
        return [Light("approval", AMBER, title, text % {"n": choice.version}, mend="approve")]
    if choice.proposed and choice.is_own:
        text = _("Version %(n)d waits for the director's approval. Until then version %(old)d is sent.")
    elif choice.proposed:
        text = _("Version %(n)d waits for the director's approval. Until then the ready-made text is sent.")
    else:
        return (
            [Light("approval", GREEN, title, _("The director has approved this text."))]
            if choice.is_own
            else []
        )
    return [
        Light("approval", AMBER, title, text % {"n": choice.proposed, "old": choice.version}, mend="approve")
    ]


def _reference(choice: Choice) -> Light:
    title = pgettext("check", "Reference")
    if "[kenmerk]" in choice.reference.lower():
        return Light("reference", GREEN, title, _("The registration number is printed as the reference."))
    return Light(
        "reference",
        RED,
        title,
        _("The reference must hold the code [kenmerk], otherwise nobody finds the child of a letter."),
        mend="reference",
    )


def _date(choice: Choice) -> Light:
    title = pgettext("check", "Date")
    if "[vandaag]" not in choice.date_line.lower() or re.search(r"\d", choice.date_line):
        return Light(
            "date",
            RED,
            title,
            _("The date must be the code [vandaag] and not be typed: it becomes the day of sending."),
            mend="date",
        )
    typed = TYPED_DATE.search(choice.text.body)
    if typed:
        return Light(
            "date",
            AMBER,
            title,
            _(
                "A date is typed in the text: “%(date)s”. Use a code such as [reactie-uiterlijk], then it is right."
            )
            % {"date": typed[0]},
        )
    return Light("date", GREEN, title, _("The date becomes the day of sending."))


def _logo(choice: Choice) -> Light:
    title = pgettext("check", "Logo")
    if choice.logo:
        return Light("logo", GREEN, title, _("Your logo stands on the letter."))
    return Light(
        "logo",
        AMBER,
        title,
        _("There is no logo yet: the name of the school is printed instead."),
        mend="logo",
    )


def _signature(choice: Choice, school: School) -> Light:
    title = pgettext("check", "Signature")
    director = school.director_name.strip()
    if not director:
        return Light(
            "signature",
            RED,
            title,
            _(
                "The central list has no director for this school. Ask the programme office to fill in the name."
            ),
        )
    lines = [line.strip() for line in choice.signature.splitlines() if line.strip()]
    if any("[directeur]" in line.lower() or line == director for line in lines):
        return Light("signature", GREEN, title, _("Signed by %(name)s.") % {"name": director})
    return Light(
        "signature",
        RED,
        title,
        _("The director of the central list, %(name)s, must sign.") % {"name": director},
        mend="signature",
    )


def _enclosure(choice: Choice) -> Light:
    title = pgettext("check", "Enclosed form")
    body = choice.text.body
    if not (ENCLOSED.search(body) or ENCLOSED_TOO.search(body)):
        return Light("enclosure", GREEN, title, _("The letter mentions no enclosed form."))
    if choice.enclosure.strip():
        return Light("enclosure", GREEN, title, _("The enrolment form is part of the letter."))
    return Light(
        "enclosure",
        AMBER,
        title,
        _("The letter mentions an enclosed form, and there is none in it."),
        mend="enclosure",
    )


@dataclass(frozen=True, slots=True)
class Selected:
    """One of the two selected texts of a school, judged for a round."""

    use: TemplateUse
    choice: Choice
    fits: bool
    right_code: str  # the code that fits the round
    lights: list[Light]

    @property
    def label(self) -> str:
        return str(TemplateCode(self.choice.code).label)

    @property
    def blocks(self) -> bool:
        return not self.fits or any(light.blocks for light in self.lights)


def selected_of(school: School, round_: Round, choices: Choices | None = None) -> list[Selected]:
    """Both texts that a school uses in a round, with their checks (DH-152, DH-153)."""
    choices = choices or Choices(school.region_id, [school.pk])
    family = family_of(round_)
    found = []
    for use in TemplateUse:
        code = choices.selected(school.pk, use, round_)
        choice = choices.text(school.pk, code)
        right = str(TemplateCode(f"{family}_{use}"))
        found.append(Selected(use, choice, code == right, right, lights_of(choice, school)))
    return found


def refuse_unfit(school: School, round_: Round) -> None:
    """Raises LetterError when the school's letters of this round may not be sent (DH-152, DH-154).

    Letters of an extra distribution come from the office and have no texts of a school.
    """
    reasons = why_blocked(school, round_) if round_.kind == RoundKind.ALM else []
    if reasons:
        raise LetterError(
            " ".join(
                [_("Your letters cannot be sent like this. Mend them on the page Letter texts."), *reasons]
            )
        )


def why_blocked(school: School, round_: Round, choices: Choices | None = None) -> list[str]:
    """Sentences that say why a school cannot send its offers of a round; empty when it can (DH-152, DH-154)."""
    found = []
    for selected in selected_of(school, round_, choices):
        label = TemplateCode(selected.choice.code).label
        if not selected.fits:
            found.append(
                _("“%(template)s” does not fit %(round)s: the reply period differs. Choose “%(right)s”.")
                % {"template": label, "round": round_.code, "right": TemplateCode(selected.right_code).label}
            )
        found += [f"{label}: {light.text}" for light in selected.lights if light.blocks]
    return found

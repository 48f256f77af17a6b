"""Changing a text: a new version each time, cleaned and checked before it is stored (DH-151, DH-158)."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

import nh3
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from notifications.enums import TemplateUse
from notifications.models import LetterTemplate, TemplateSelection
from notifications.services.template_approval import mark_approved
from notifications.services.template_checks import MAX_ENCLOSURE, Fault, faults_of, lights_of
from notifications.services.template_choice import (
    CENTRAL_CODES,
    DATE_LINE,
    REFERENCE,
    SCHOOL_CODES,
    SIGNED_BY_OFFICE,
    SIGNED_BY_SCHOOL,
    Choice,
    Choices,
    family_of,
    kind_of,
)
from notifications.services.texts import Text
from schools.errors import RefusedError
from schools.models import AdmissionYear, Region, Round, School, User

MAX_HTML = 200_000  # bytes of what an editor sends; more is no letter
FIELDS = ("subject", "reference", "date_line", "body", "signature", "enclosure")
LINES = {"subject": 200, "reference": 100, "date_line": 60, "signature": 400}
KEEP = {"h1", "h2", "h3", "p", "div", "br", "strong", "b", "ul", "ol", "li"}
# What fetches, runs or hides something: a text that holds it is refused, not silently cleaned.
REFUSED = re.compile(
    r"<\s*(link|img|image|picture|script|iframe|frame|object|embed|applet|style|base|meta|svg|math|video|audio|"
    r"source|track|form|input|button|template|noscript)\b",
    re.IGNORECASE,
)


class TemplateError(RefusedError):
    """A text that cannot be stored; ``faults`` has the sentences per field."""

    def __init__(self, faults: dict[str, list[str]]) -> None:
        super().__init__(" ".join(text for texts in faults.values() for text in texts))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody typed."""

    subject: str
    reference: str
    date_line: str
    body: str
    signature: str = ""
    enclosure: str = ""

    @classmethod
    def of(cls, choice: Choice) -> "Draft":
        return cls(
            choice.text.subject,
            choice.reference,
            choice.date_line,
            choice.text.body,
            choice.signature,
            choice.enclosure,
        )

    def as_choice(self, code: str, *, logo: str = "") -> Choice:
        """To look at before it is stored."""
        return Choice(
            code,
            Text(self.subject, self.body),
            self.reference,
            self.date_line,
            self.signature,
            self.enclosure,
            is_own=True,
            logo=logo,
        )


# --- HTML of an editor to markup ---------------------------------------------------------------------------------


def markup_of(html: str) -> str:
    """Our markup of what an editor in the browser made.

    Errors: TemplateError for too much of it, or for a tag that would fetch or run something.
    """
    if len(html.encode()) > MAX_HTML:
        raise TemplateError({"body": [_("This text is much too long for a letter. Nothing was stored.")]})
    refused = REFUSED.search(html)
    if refused:
        message = _("“<%(tag)s” cannot be in a letter: it holds text only. Take it out and save again.")
        raise TemplateError({"body": [message % {"tag": refused[1].lower()}]})
    reader = _Reader()
    reader.feed(nh3.clean(html, tags=KEEP, attributes={}, clean_content_tags={"title"}))
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    """Reads cleaned HTML; knows the tags of ``KEEP`` and nothing else."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[str] = []
        self.line: list[str] = []
        self.lists: list[list[str | int]] = []
        self.prefix = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("strong", "b"):
            self.line.append("**")
        elif tag == "br":
            self.line.append("\n")
        else:
            self._flush()
            if tag in ("ul", "ol"):
                self.lists.append([tag, 0])
            elif tag == "li" and self.lists:
                self.lists[-1][1] = int(self.lists[-1][1]) + 1
                self.prefix = "- " if self.lists[-1][0] == "ul" else f"{self.lists[-1][1]}. "
            elif tag in ("h1", "h2", "h3"):
                self.prefix = "# " if tag == "h1" else "## "

    def handle_endtag(self, tag: str) -> None:
        if tag in ("strong", "b"):
            self.line.append("**")
            return
        self._flush()
        if tag in ("ul", "ol") and self.lists:
            self.lists.pop()

    def handle_data(self, data: str) -> None:
        self.line.append(data.replace("\n", " ").replace("\xa0", " "))

    def _flush(self) -> None:
        text = "".join(self.line).replace("****", "")
        self.line = []
        if self.prefix and text.strip():
            sort = "item" if self.prefix[0] in "-0123456789" else "head"
            self.blocks.append(f"{sort}\x1f{self.prefix}{' '.join(text.split())}")
        elif not self.prefix:
            for part in re.split(r"\n\s*\n", text):
                lines = [" ".join(line.split()) for line in part.strip().split("\n")]
                if any(lines):
                    self.blocks.append("text\x1f" + "\n".join(lines))
        self.prefix = ""

    def text(self) -> str:
        self._flush()
        written, before = list[str](), ""
        for block in self.blocks:
            sort, _sep, words = block.partition("\x1f")
            # Points of one list, and a heading with what it is about, stay together.
            together = (sort == before == "item") or before == "head"
            written.append(("\n" if together else "\n\n") + words if written else words)
            before = sort
        return "".join(written).strip() + "\n"


# --- storing -----------------------------------------------------------------------------------------------------


def check_draft(draft: Draft, code: str) -> dict[str, list[str]]:
    """Sentences per field that say what must be mended; empty when the text can be stored."""
    kind = kind_of(code)
    found: dict[str, list[str]] = {}
    for name in FIELDS:
        value = getattr(draft, name)
        limit = LINES.get(name, MAX_ENCLOSURE)
        faults: list[Fault] = faults_of(value, kind, limit=limit)
        if faults:
            found[name] = [str(fault) for fault in faults[:10]]
    for name, words in (
        ("subject", _("Fill in what the letter is about.")),
        ("reference", _("Fill in the reference, for example [kenmerk].")),
        ("date_line", _("Fill in the date: [vandaag].")),
        ("body", _("Write the text of the letter.")),
    ):
        if not getattr(draft, name).strip():
            found[name] = [words]
    if "body" not in found and not draft.body.lstrip().startswith(("# ", "[als ")):
        found["body"] = [_("Begin with the outcome: a first line that starts with # and says what it is.")]
    return found


@transaction.atomic
def save_template(
    *,
    region: Region,
    school: School | None,
    code: str,
    draft: Draft,
    actor: User | None,
    approve: bool = False,
    year: AdmissionYear | None = None,
) -> LetterTemplate:
    """Store a new version of a text; the versions before it stay as they were.

    With ``approve`` a school's text is sent from now on: for who may approve it (section 1). Without it the version
    is a proposal, and ``approve_template`` makes it the text. ``year`` is where the trail tells about an approval.
    Errors: TemplateError with sentences per field; then nothing is stored.
    """
    if code not in (SCHOOL_CODES if school is not None else (*SCHOOL_CODES, *CENTRAL_CODES)):
        raise TemplateError({"body": [_("This text does not exist.")]})
    draft = Draft(**{name: _tidy(getattr(draft, name), name) for name in FIELDS})
    faults = check_draft(draft, code)
    if faults:
        raise TemplateError(faults)
    if school is not None:
        School.objects.select_for_update().get(pk=school.pk)  # an approval at this moment waits, or is there
    rows = LetterTemplate.objects.filter(region=region, school=school, code=code)
    latest = rows.aggregate(latest=Max("version"))["latest"] or 0
    newest = rows.filter(version=latest).first()
    if newest is not None and all(getattr(newest, name) == getattr(draft, name) for name in FIELDS):
        return _stored(newest, approve=approve, actor=actor, year=year)
    try:
        with transaction.atomic():
            row = LetterTemplate.objects.create(
                region=region,
                school=school,
                code=code,
                version=latest + 1,
                saved_by=actor,
                **{name: getattr(draft, name) for name in FIELDS},
            )
    except IntegrityError as exc:
        message = _("Somebody else saved this letter just now. Look at that version, then save again.")
        raise TemplateError({"body": [message]}) from exc
    return _stored(row, approve=approve, actor=actor, year=year)


def _stored(
    row: LetterTemplate, *, approve: bool, actor: User | None, year: AdmissionYear | None
) -> LetterTemplate:
    if approve and row.school_id is not None:
        mark_approved(row, actor=actor, year=year)
    return row


def _tidy(value: str, name: str) -> str:
    value = value.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip()
    return value + "\n" if name in ("body", "enclosure") and value else value


def select_template(*, school: School, use: str, code: str) -> None:
    """The school says which text it uses (DH-152). Raises TemplateError for a text of another use."""
    if use not in TemplateUse or code not in SCHOOL_CODES or not code.endswith(f"_{use}"):
        raise TemplateError({use: [_("Choose a letter from the list.")]})
    TemplateSelection.objects.update_or_create(school=school, use=use, defaults={"code": code})


# --- one click to mend -------------------------------------------------------------------------------------------

ENCLOSURE = """# Inschrijfformulier [school]
Lever dit formulier uiterlijk op [reactie-uiterlijk] in bij de school.

Aanmeldnummer: [kenmerk]
Kind: [kind]

Wij schrijven ons kind in op [school].

Naam ouder of verzorger: ........................................................................

Datum: ........................................

Handtekening: ........................................
"""


def mend_template(
    *,
    school: School,
    code: str,
    what: str,
    actor: User | None,
    approve: bool = False,
    year: AdmissionYear | None = None,
) -> LetterTemplate:
    """Put one thing right in the school's newest text, as a new version (DH-153); ``approve`` as in ``save_template``.

    Raises TemplateError for an unknown mend.
    """
    choice = Choices(school.region_id, [school.pk]).newest(school.pk, code)
    values = {name: getattr(Draft.of(choice), name) for name in FIELDS}
    signed = SIGNED_BY_SCHOOL if code in SCHOOL_CODES else SIGNED_BY_OFFICE
    mended = {
        "reference": {"reference": REFERENCE},
        "date": {"date_line": DATE_LINE},
        "signature": {"signature": signed},
        "enclosure": {"enclosure": ENCLOSURE},
    }.get(what)
    if mended is None or not any(light.mend == what for light in lights_of(choice, school)):
        if mended is not None and not choice.is_approved:
            waits = _("Version %(n)d has this right already. It waits for the director's approval.")
            raise TemplateError({"body": [waits % {"n": choice.version}]})
        raise TemplateError({"body": [_("There is nothing to mend here.")]})
    return save_template(
        region=school.region,
        school=school,
        code=code,
        draft=Draft(**(values | mended)),
        actor=actor,
        approve=approve,
        year=year,
    )


def mend_selection(*, school: School, round_: Round) -> None:
    """Choose both texts that fit the round (DH-152)."""
    family = family_of(round_)
    with transaction.atomic():
        for use in TemplateUse:
            select_template(school=school, use=use, code=f"{family}_{use}")

"""The paper form of a family (DH-036, DH-037): one source for the page to fill in, for the PDF and for the samples."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from admissions.procedures.registry import procedure_of
from admissions.services.forms.checks import CLAIMABLE
from schools.enums import HandIn
from schools.models import Region, School
from schools.services.pdf import Press, qr_url

TEMPLATE = "admissions/paper_form.html"
STYLES = ("css/record.css", "css/paper-form.css")
SPARE_LINES = 1  # to write one school more than the least


@dataclass(frozen=True, slots=True)
class PaperForm:
    """What is printed before the family writes. Without a school the family writes its name itself."""

    place: str
    year: str
    minimum: int
    school: Any = None
    kinds: tuple[str, ...] = CLAIMABLE  # the reasons to go first that can be ticked

    @property
    def brin(self) -> str:
        return str(self.school.brin) if self.school is not None else ""

    @property
    def takes_mail(self) -> bool:
        return getattr(self.school, "hand_in", HandIn.PAPER) != HandIn.PAPER

    @property
    def takes_paper(self) -> bool:
        return getattr(self.school, "hand_in", HandIn.PAPER) != HandIn.EMAIL

    def lines(self, names: Sequence[str] = ()) -> list[str]:
        """The list of schools: what is known of it, and empty lines to write on."""
        known = list(names) or ([str(self.school.name)] if self.school is not None else [])
        return known + [""] * (self.minimum + SPARE_LINES - len(known))


def paper_form(
    region: Region, *, year: str, school: School | None = None, rules: Sequence[str] | None = None
) -> PaperForm:
    """The empty form of a region and year; for a school only with the reasons that it adopted (``rules``)."""
    kinds = CLAIMABLE if rules is None else tuple(kind for kind in CLAIMABLE if kind in rules)
    minimum = procedure_of(region).parameters.minimum_list_length
    return PaperForm(region.name, year, minimum, school, kinds)


def paper_context(
    paper: PaperForm, written: Mapping[str, Any] | None = None, *, sample: bool = False, code: str = ""
) -> dict[str, Any]:
    """What page and PDF show; ``written`` is what a family of the samples wrote, ``code`` the same for a scanner."""
    written = written or {}
    return {
        "paper": paper,
        "school": paper.school,
        "form": written,
        "schools": paper.lines(written.get("schools", ())),
        "sample": sample,
        "code": qr_url(code) if code else "",
    }


def paper_pdf(
    paper: PaperForm,
    written: Mapping[str, Any] | None = None,
    *,
    language: str,
    sample: bool = False,
    code: str = "",
) -> bytes:
    """The form as PDF on one sheet; the same form always gives the same bytes."""
    with translation.override(language):
        html = render_to_string(
            TEMPLATE, paper_context(paper, written, sample=sample, code=code) | {"language": language}
        )
    return _printed(html)


@lru_cache(maxsize=128)  # everybody asks for the same few: one of each school, in two languages
def _printed(html: str) -> bytes:
    key = hashlib.sha256(html.encode()).hexdigest()[:32].encode("ascii")
    return _press().render(html, identifier=key)


@cache
def _press() -> Press:
    return Press(*STYLES)

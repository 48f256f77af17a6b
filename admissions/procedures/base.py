"""What a procedure answers (DESIGN section 5). Shared code asks the procedure, never the city.

A procedure is a class without state; what a city may set stands in ``Parameters``.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, time
from pathlib import Path
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from schools.errors import RefusedError


class ParameterError(RefusedError):
    """A setting of the region is unknown or not possible; ``field`` is its name."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Settings of a region (den-haag.md 3.2); every default is the one of the specification."""

    minimum_list_length: int = 5
    short_list_rule: str = "sibling"  # the rule that waives the minimum (DH-042)
    minimum_age: int = 3
    maximum_rules: int = 4
    rules_closed_to_public_authority: tuple[str, ...] = ("neighbourhood",)
    twin_policy: str = "independent"
    rule_tie: str = "lot"
    vovp_priority: str = "equal"
    sending_time: str = "00:00"  # of the sending day: not a minute earlier (DH-111, Q-48)
    reminder_days: int = 7  # before the last day to reply (M08)

    @property
    def sends_at(self) -> time:
        return time.fromisoformat(self.sending_time)

    @classmethod
    def read(cls, source: Mapping[str, Any]) -> "Parameters":
        """Check the stored settings; Q-51: what the draw protocol cannot carry is refused with a sentence."""
        known = {item.name: item for item in fields(cls)}
        for name, value in source.items():
            if name not in known:
                raise ParameterError(
                    _("“%(name)s” is not a setting of this procedure.") % {"name": name}, field=name
                )
            default = getattr(cls(), name)
            if isinstance(default, tuple):
                ok = isinstance(value, list) and all(isinstance(item, str) for item in value)
            else:
                ok = (
                    type(value) is type(default)
                    and value != ""
                    and (not isinstance(value, int) or value >= 1)
                )
            if not ok:
                raise ParameterError(
                    _("The setting “%(name)s” has a value that is not possible.") % {"name": name}, field=name
                )
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in source.items()
        }
        read = cls(**values)
        for name, possible in (
            ("rule_tie", "lot"),
            ("vovp_priority", "equal"),
            ("twin_policy", "independent"),
        ):
            if getattr(read, name) != possible:
                raise ParameterError(
                    _(
                        "The setting “%(name)s” can only be “%(possible)s”: the draw protocol cannot carry another."
                    )
                    % {"name": name, "possible": possible},
                    field=name,
                )
        try:
            time.fromisoformat(read.sending_time)
        except ValueError as exc:
            raise ParameterError(
                _("The setting “%(name)s” must be a time such as 09:00.") % {"name": "sending_time"},
                field="sending_time",
            ) from exc
        return read


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a form is refused: the field (a column of the import format) and a sentence."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth knowing about a field that stops nobody; ``kind`` is ok, info or warn."""

    field: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class FormFacts:
    """A form as plain values; field names are those of the import format. ``preferences`` keeps empty slots."""

    given_name: str
    surname_prefix: str
    surname: str
    date_of_birth: date
    received_on: date
    preferences: tuple[str, ...]
    claims: frozenset[str] = field(default_factory=frozenset)
    care_requested: bool = False


@dataclass(frozen=True, slots=True)
class IntakeContext:
    """What the rules of intake need to know of the year and the round. Codes are programme codes."""

    born_from: date
    born_to: date
    parents_from: date | None
    parents_until: date | None
    ceilings: Mapping[str, int | None]  # every programme of the round; None = uncapped
    rules: Mapping[str, tuple[str, ...]]  # adopted kinds in the school's own order
    year_from: date | None = None  # first day of the year
    period: int = 0  # which application period of the year this is, from 1


def turns(years: int, born: date) -> date:
    """The day on which somebody born on ``born`` turns ``years``; 29 February counts as 1 March (Q-26)."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


class Procedure(ABC):
    """One way to run admissions. ``capabilities`` are what screens may ask for."""

    key: ClassVar[str]
    label: ClassVar[Any]  # what people call it, translated
    default_region: ClassVar[tuple[str, str]]  # slug, name
    rules_file: ClassVar[Path]  # the published rules, hashed into every commitment (reglement)
    has_central_matching: ClassVar[bool] = False
    has_waiting_list: ClassVar[bool] = False
    has_one_programme: ClassVar[bool] = False  # a school has exactly one, itself, with its BRIN as code

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    @abstractmethod
    def form_problems(self, facts: FormFacts, context: IntakeContext) -> list[Problem]:
        """Everything that keeps this form from being final; empty = it may be."""

    def form_notes(self, facts: FormFacts, context: IntakeContext) -> list[Note]:
        """What the screen tells about a form while it is typed, besides the problems; by default nothing."""
        return []

    @abstractmethod
    def rule_problems(self, kinds: Sequence[str], *, public_authority: bool, capped: bool) -> str:
        """A sentence when a school may not adopt these rules in this order; empty = it may."""

    @abstractmethod
    def tier(self, rules: Sequence[str], met: Collection[str]) -> int:
        """Priority class at the first choice: 1 goes first (klasse)."""

    @abstractmethod
    def participation(self, *, has_care_duty: bool, drawn_out_by_hand: bool) -> str:
        """Which draws a child takes part in: ``SC``, ``S``, ``C`` or "" (OA-LOT/1 deelname)."""

    @abstractmethod
    def offer_kind(self, *, preference_rank: int, has_care_duty: bool) -> str:
        """The message that carries the offer of a place won in an ALM round."""

    def rules_text(self) -> bytes:
        """The published rules, byte for byte."""
        return self.rules_file.read_bytes()

"""What a form said each time it was final, and what changed in between (DH-054)."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.utils.translation import gettext as _

from admissions.enums import FormState
from admissions.models import ApplicationForm, FormVersion
from admissions.selectors.school import SchoolView
from schools.enums import PriorityKind
from schools.models import Programme, User

CARE_COLUMNS = frozenset({"care_request", "care_duty", "care_note"})
# What a version without these columns meant: a file of signed forms does not name them.
UNNAMED = {"channel": "paper", "no_email": "0", "is_twin": "0"}


@dataclass(frozen=True, slots=True)
class Change:
    """One column with what it said before and after."""

    column: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version; ``by`` None is an import or a command. ``number`` 0 is what is being typed now."""

    number: int
    at: datetime | None
    by: User | None
    changes: list[Change]


def changed_columns(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The columns in which a later version says something else."""
    return [column for column in after if after[column] != before.get(column, UNNAMED.get(column, ""))]


def versions_of(form: ApplicationForm, *, view: SchoolView) -> list[VersionRow]:
    """Every version, the newest first, with what changed against the one before; schools by name. Two queries."""
    versions = list(FormVersion.objects.filter(form=form).select_related("finalised_by").order_by("version"))
    if not versions:
        return []
    names = dict(
        Programme.objects.filter(school_rounds__round__year=view.year)
        .values_list("code", "school__name")
        .distinct()
    )
    hidden = frozenset() if view.sees_care else CARE_COLUMNS

    def changes(before: dict[str, str], after: dict[str, str]) -> list[Change]:
        return [
            Change(column, _shown(column, before, names), _shown(column, after, names))
            for column in changed_columns(before, after)
            if column not in hidden
        ]

    rows = [VersionRow(versions[0].version, versions[0].finalised_at, versions[0].finalised_by, [])]
    rows += [
        VersionRow(new.version, new.finalised_at, new.finalised_by, changes(old.contents, new.contents))
        for old, new in pairwise(versions)
    ]
    if form.state == FormState.RELEASED and form.draft:
        rows.append(VersionRow(0, None, None, changes(versions[-1].contents, form.draft)))
    return rows[::-1]


def _shown(column: str, contents: dict[str, str], names: dict[str, str]) -> str:
    """Codes as words."""
    value = contents.get(column, UNNAMED.get(column, ""))
    if column.startswith("preference_"):
        return names.get(value, value)
    if column in ("priority_claims", "checked_claims"):
        return ", ".join(str(PriorityKind(kind).label) for kind in value.split())
    if column in ("care_request", "no_email", "is_twin"):
        return {"1": _("yes"), "0": _("no")}.get(value, value)
    return value

"""A list of people with their roles, read at once: who is new, who is there already, and which lines cannot be."""

from collections.abc import Collection
from dataclasses import dataclass, field

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from admissions.services.year.csv_files import FileError, read_table
from schools.enums import SCHOOL_ROLES, Role
from schools.errors import RefusedError
from schools.models import Membership, Region, School, User
from schools.services.people import add_member

NAME = "people.csv"
COLUMNS = ("name", "email", "role", "brin")
MOST = 500  # lines of one list


@dataclass(slots=True)
class PeopleList:
    """What reading a list does, one line of words each; ``refused`` says which line of the file and why."""

    new: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unknown: tuple[str, ...] = ()

    @property
    def changes(self) -> int:
        return len(self.new)


def role_of(word: str) -> Role | None:
    """A role by its code or by the word that pages have for it, whatever the capitals."""
    wanted = " ".join(word.split()).casefold()
    return next((role for role in Role if wanted in (role.value, str(role.label).casefold())), None)


def preview_people(region: Region, content: bytes, *, actor: User, site: str) -> PeopleList:
    """What ``import_people`` would do with this list; nothing stays and no mail leaves. Errors: FileError."""
    with transaction.atomic():
        found = import_people(region, content, actor=actor, site=site)
        transaction.set_rollback(True)
    return found


@transaction.atomic
def import_people(region: Region, content: bytes, *, actor: User, site: str) -> PeopleList:
    """Give everybody on the list the role beside the name; lines that cannot be are told and left out.

    Shapes: CSV as ``read_table`` takes it, with the columns of ``COLUMNS``; ``brin`` empty for a role in the region.
    ``site`` as for ``add_member``. Whoever has a role keeps it: a list takes nothing away.
    Errors: FileError for a file that cannot be read at all, or with more than ``MOST`` lines.
    """
    table = read_table(content, name=NAME, required=COLUMNS)
    if len(table.rows) > MOST:
        raise FileError(_("This list has more than %(most)d lines. Divide it.") % {"most": MOST})
    schools = {school.brin: school for school in School.objects.filter(region=region)}
    found, invited = PeopleList(unknown=table.unknown), set[str]()
    for row in table.rows:
        cells = row.cells
        try:
            if row.problem:
                raise RefusedError(row.problem)
            member = _line(region, cells, schools, actor=actor, site=site, invited=invited)
        except RefusedError as exc:
            found.refused.append(_("Line %(line)d: %(sentence)s") % {"line": row.line, "sentence": exc})
            continue
        (found.known if member is None else found.new).append(_words(cells))
        if member is not None:
            invited.add(member.user.email)
    return found


def _line(
    region: Region,
    cells: dict[str, str],
    schools: dict[str, School],
    *,
    actor: User,
    site: str,
    invited: Collection[str],
) -> Membership | None:
    """One line carried out; None when this person has this role already. Errors: RefusedError with a sentence."""
    role = role_of(cells["role"])
    if role is None:
        roles = ", ".join(str(role.label).lower() for role in Role)
        raise RefusedError(
            _("“%(word)s” is no role. Use one of: %(roles)s.") % {"word": cells["role"][:30], "roles": roles}
        )
    brin = cells["brin"].upper()
    school = schools.get(brin)
    if brin and school is None:
        raise RefusedError(_("No school of this region has the BRIN “%(brin)s”.") % {"brin": brin[:10]})
    name, email = " ".join(cells["name"].split())[:120], cells["email"].lower()
    if not name:
        raise RefusedError(_("Fill in the name."))
    try:
        forms.EmailField(max_length=254).clean(email)
    except ValidationError as exc:
        raise RefusedError(_("This is not an e-mail address. Write it as name@school.nl.")) from exc
    at_school = role in SCHOOL_ROLES
    if at_school == (school is not None):  # otherwise the service says what is wrong
        here = Membership.objects.filter(user__email=email, user__is_active=True, role=role, school=school)
        if here.filter(region=None if at_school else region).exists():
            return None
    return add_member(
        region,
        email=email,
        name=name,
        role=role,
        school=school,
        actor=actor,
        site=site,
        invite=email not in invited,
    )


def _words(cells: dict[str, str]) -> str:
    """Name, address, role and school as they stand in the file."""
    return ", ".join(value for value in (cells[column] for column in COLUMNS) if value)

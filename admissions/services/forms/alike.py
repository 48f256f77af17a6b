"""Children that look alike: reported, never refused (Q-08, data-formats.md section 1)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from admissions.enums import Decision
from admissions.models import Application, ApplicationForm
from admissions.services.forms.checks import ReadyForm
from admissions.validators import plain
from schools.models import AdmissionYear


def find_alike(year: AdmissionYear, ready: Sequence[ReadyForm]) -> list[tuple[str, str]]:
    """Pairs of form references, the new one first: born on one day with nearly the same name, or one first name at one
    address. Looks inside small groups only, so that a year of any size is compared in step with its size.
    """
    found: list[tuple[str, str]] = []
    surnames: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    addresses: defaultdict[tuple[str, str, str, str], list[str]] = defaultdict(list)

    def compare(
        given: str, surname: str, born: str, address: tuple[str, str], reference: str, new: bool
    ) -> None:
        first, last = plain(given), plain(surname)
        alike = [ref for other, ref in surnames[born, last] if other != first and nearly_same(first, other)]
        alike += [ref for ref in addresses[born, first, *address] if ref not in alike]
        if new:
            found.extend((reference, other) for other in alike)
        surnames[born, last].append((first, reference))
        addresses[born, first, *address].append(reference)

    new = {form.contents["form_reference"] for form in ready}
    stored = ApplicationForm.objects.filter(year=year)
    for given, surname, born, postcode, number, reference in stored.values_list(
        "application__child__given_name",
        "application__child__surname",
        "application__child__date_of_birth",
        "postcode",
        "house_number",
        "form_reference",
    ).iterator(chunk_size=2000):
        if reference not in new:
            compare(given, surname, born.isoformat(), (postcode, number), reference, False)
    for form in ready:
        cells = form.contents
        compare(
            cells["given_name"],
            cells["surname"],
            cells["date_of_birth"],
            (cells["postcode"], cells["house_number"]),
            cells["form_reference"],
            True,
        )
    return found


def nearly_same(one: str, other: str) -> bool:
    """At most one letter added, left out or changed, in names of four letters or more."""
    if len(one) > len(other):
        one, other = other, one
    if len(one) < 4 or len(other) - len(one) > 1:
        return False
    at = next((index for index, letter in enumerate(one) if letter != other[index]), len(one))
    return one[at + (len(one) == len(other)) :] == other[at + 1 :]


@dataclass(frozen=True, slots=True)
class AlikeApplication:
    """An application of a child that looks like this one; ``first_choice_id`` says whose file it is."""

    application_id: int
    registration_number: str
    school_id: int
    child_name: str
    is_same: bool  # the very same name and date: only one of the two can be final (DH-034)
    is_twin: bool = False  # born on the same day, living together, another first name: another child


def alike_to(
    contents: Mapping[str, str], *, year: AdmissionYear, besides: int | None
) -> list[AlikeApplication]:
    """Applications of this year, in any school, of a child that looks like the one of ``contents`` (Q-08). One query.

    Alike are: born on one day with nearly the same first name and surname, or first and surname turned round; the
    same first name at one address, born on another day (a date is easily mistyped). Twins are found as such.
    """
    try:
        born = date.fromisoformat(contents["date_of_birth"])
    except ValueError:
        return []
    given, surname = plain(contents["given_name"]), plain(contents["surname"])
    if not given or not surname:
        return []
    home = Q(form__postcode=contents["postcode"], form__house_number__iexact=contents["house_number"])
    if not contents["postcode"] or not contents["house_number"]:
        home = Q(pk__in=[])
    rows = (
        Application.objects.filter(Q(child__date_of_birth=born) | home, year=year)
        .exclude(decision=Decision.VOID)
        .exclude(pk=besides or 0)
        .values_list(
            "pk",
            "registration_number",
            "first_choice__programme__school_id",
            "child__given_name",
            "child__surname_prefix",
            "child__surname",
            "child__date_of_birth",
            "form__postcode",
            "form__house_number",
        )
    )
    found = []
    for pk, number, school_id, other_given, prefix, other_surname, other_born, postcode, house in rows:
        first, last = plain(other_given), plain(other_surname)
        same_day = other_born == born
        at_home = (postcode, house.lower()) == (contents["postcode"], contents["house_number"].lower())
        names = (first == given or nearly_same(first, given)) and (
            last == surname or nearly_same(last, surname)
        )
        turned = first == surname and last == given
        # Twins have one surname, address and birthday: one letter between their first names is no mistake then.
        twins = same_day and at_home and first != given and last == surname
        if twins or (same_day and (names or turned)) or (not same_day and at_home and first == given):
            name = " ".join(part for part in (other_given, prefix, other_surname) if part)
            same = same_day and (first, last, plain(prefix)) == (
                given,
                surname,
                plain(contents["surname_prefix"]),
            )
            found.append(AlikeApplication(pk, number, school_id, name, same, is_twin=twins))
    return found

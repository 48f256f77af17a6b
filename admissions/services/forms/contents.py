"""The contents of a form as plain text values: read from the rows, written to them.

The keys are the columns of the import format, so that a version looks the same however it came in.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from admissions.enums import CareOrigin, CareState, ClaimState
from admissions.models import (
    Application,
    CareCase,
    Child,
    Guardian,
    Preference,
    PriorityClaim,
)
from admissions.services.forms.checks import CLAIMABLE, PREFERENCES
from admissions.services.forms.intake import Intake
from admissions.validators import identity_key
from schools.models import Programme

Contents = dict[str, str]
PROVISIONAL = "draft|"  # begins the identity key of a child that exists in one draft only


@dataclass(frozen=True, slots=True)
class Written:
    """The rows of a form as they stand after writing, so that nobody reads them back."""

    guardians: list[Guardian]
    preferences: list[Preference]
    claims: list[PriorityClaim]


def contents_of(application: Application) -> Contents:
    """What the form says now."""
    form, child = application.form, application.child
    guardians = {guardian.position: guardian for guardian in application.guardians.all()}
    guardian, second = guardians.get(1), guardians.get(2)
    codes = list(application.preferences.order_by("rank").values_list("programme__code", flat=True))
    claims = {claim.kind: claim for claim in application.claims.exclude(state=ClaimState.REJECTED)}
    confirmed = [kind for kind, claim in claims.items() if claim.state == ClaimState.CONFIRMED]
    duty = CareCase.objects.filter(application=application).first()
    outcome = "" if duty is None or duty.is_open else str(int(duty.has_duty))
    contents = {
        "form_reference": form.form_reference,
        "given_name": child.given_name,
        "surname_prefix": child.surname_prefix,
        "surname": child.surname,
        "date_of_birth": child.date_of_birth.isoformat(),
        "received_on": form.received_on.isoformat(),
        "street": form.street,
        "house_number": form.house_number,
        "postcode": form.postcode,
        "place": form.place,
        "guardian_name": guardian.name if guardian else "",
        "email": guardian.email if guardian else "",
        "phone": guardian.phone if guardian else "",
        "language": guardian.language if guardian else "nl",
        "priority_claims": " ".join(sorted(claims, key=CLAIMABLE.index)),
        "care_request": str(int(form.care_requested)),
        "care_duty": outcome,
        "channel": form.channel,
        "no_email": str(int(not (guardian and guardian.email))),
        "guardian2_name": second.name if second else "",
        "guardian2_email": second.email if second else "",
        "care_note": form.care_note,
        "is_twin": str(int(form.is_twin)),
        "checked_claims": " ".join(sorted(confirmed, key=CLAIMABLE.index)),
    }
    contents |= {f"evidence_{kind}": claims[kind].evidence if kind in claims else "" for kind in CLAIMABLE}
    return contents | {
        name: codes[position] if position < len(codes) else "" for position, name in enumerate(PREFERENCES)
    }


def rows_of(application: Application) -> Written:
    """The rows of a form, read."""
    preferences = application.preferences.select_related("programme").order_by("rank")
    return Written(
        list(application.guardians.order_by("position")), list(preferences), list(application.claims.all())
    )


def provisional_child(region_id: int, contents: Contents, number: str) -> Child:
    """The child of a draft, a row of its own: a name that is still being typed never touches a known child."""
    return Child.objects.create(
        region_id=region_id, identity_key=f"{PROVISIONAL}{number}", **_shown(contents)
    )


def rename_provisional(child: Child, contents: Contents) -> None:
    """Let lists show what the draft says now; the row of a child that was final once is left alone (DH-058)."""
    if child.identity_key.startswith(PROVISIONAL):
        Child.objects.filter(pk=child.pk).update(**_shown(contents))


def _shown(contents: Contents) -> dict[str, Any]:
    """Name and date as far as the columns hold them; finalising judges the lengths."""
    return {
        "given_name": contents["given_name"][:100],
        "surname_prefix": contents["surname_prefix"][:30],
        "surname": contents["surname"][:100],
        "date_of_birth": date.fromisoformat(contents["date_of_birth"]),
    }


def known_child(region_id: int, contents: Contents) -> Child | None:
    """The row of this child if there is one, whoever applied for it (Q-08)."""
    key = identity_key(
        contents["given_name"], contents["surname_prefix"], contents["surname"], contents["date_of_birth"]
    )
    return Child.objects.filter(region_id=region_id, identity_key=key).first()


def child_for(application: Application, contents: Contents, known: Child | None) -> Child:
    """The one row of this child (Q-08); its name is written as on the last form.

    A child nobody knows yet takes over the row of its draft. Another school that makes the same child known at the
    same moment gives an IntegrityError: the caller says so.
    """
    written = {
        "given_name": contents["given_name"],
        "surname_prefix": contents["surname_prefix"],
        "surname": contents["surname"],
        "date_of_birth": date.fromisoformat(contents["date_of_birth"]),
        "identity_key": identity_key(
            contents["given_name"], contents["surname_prefix"], contents["surname"], contents["date_of_birth"]
        ),
    }
    child = known or application.child
    if known is None and not child.identity_key.startswith(PROVISIONAL):
        return Child.objects.create(region_id=application.year.region_id, **written)
    if any(getattr(child, name) != value for name, value in written.items()):
        for name, value in written.items():
            setattr(child, name, value)
        child.save(update_fields=list(written))
    return child


def write_contents(
    application: Application,
    contents: Contents,
    *,
    known: Child | None,
    intake: Intake | None = None,
    is_first: bool = False,
) -> Written:
    """Put ``contents`` (normalised and checked as far as they must be) into the rows of the form.

    ``known``: the row of this child, if there is one; ``intake``: of the round, when it has been read already.
    ``is_first``: the form was never final, so that it has no rows of parents, schools and claims to look for.
    """
    form = application.form
    child = child_for(application, contents, known)
    if child.pk != application.child_id:
        application.child = child
        application.save(update_fields=["child"])
    form.received_on = date.fromisoformat(contents["received_on"])
    form.street, form.house_number = contents["street"], contents["house_number"]
    form.postcode, form.place = contents["postcode"], contents["place"]
    form.care_requested = contents["care_request"] == "1"
    form.care_note = contents.get("care_note", form.care_note)
    form.channel = contents.get("channel", form.channel)
    form.is_twin = contents.get("is_twin", str(int(form.is_twin))) == "1"
    form.save()
    guardians = _write_guardians(application, contents, is_first=is_first)
    codes = [contents[name] for name in PREFERENCES if contents[name]]
    if intake is not None:
        programmes = {code: intake.school_rounds[code].programme for code in codes}
    else:
        in_round = Programme.objects.filter(school_rounds__round=application.first_choice.round_id)
        programmes = {programme.code: programme for programme in in_round.filter(code__in=codes)}
    if not is_first:
        application.preferences.all().delete()
    preferences = Preference.objects.bulk_create(
        Preference(application=application, rank=rank, programme=programmes[code])
        for rank, code in enumerate(codes, start=1)
    )
    return Written(guardians, preferences, _write_claims(application, contents, is_first=is_first))


def _write_guardians(application: Application, contents: Contents, *, is_first: bool) -> list[Guardian]:
    """The first parent, and the second when the form names one; what lacks the column says nothing of a second."""
    wanted = {
        1: {
            "name": contents["guardian_name"],
            "email": contents["email"],
            "phone": contents["phone"],
            "language": contents["language"],
        }
    }
    if contents.get("guardian2_name"):
        wanted[2] = {
            "name": contents["guardian2_name"],
            "email": contents["guardian2_email"],
            "language": contents["language"],
        }
    stored = {} if is_first else {row.position: row for row in application.guardians.all()}
    if 2 in stored and 2 not in wanted and "guardian2_name" in contents:
        stored.pop(2).delete()
    for position in wanted.keys() & stored.keys():
        row = stored[position]
        if any(getattr(row, name) != value for name, value in wanted[position].items()):
            for name, value in wanted[position].items():
                setattr(row, name, value)
            row.save(update_fields=list(wanted[position]))
    new = Guardian.objects.bulk_create(
        Guardian(application=application, position=position, **values)
        for position, values in wanted.items()
        if position not in stored
    )
    return [*stored.values(), *new]


def _write_claims(application: Application, contents: Contents, *, is_first: bool) -> list[PriorityClaim]:
    """Claims as typed; what the school confirmed or rejected before stays so while nothing else is typed (DH-061)."""
    claimed = set(contents["priority_claims"].split())
    stored = {} if is_first else {claim.kind: claim for claim in application.claims.all()}
    gone = [
        kind for kind, claim in stored.items() if kind not in claimed and claim.state != ClaimState.REJECTED
    ]
    if gone:
        PriorityClaim.objects.filter(pk__in=[stored.pop(kind).pk for kind in gone]).delete()
    checked = contents["checked_claims"].split() if "checked_claims" in contents else None
    for kind in sorted(claimed):
        claim = stored.setdefault(kind, PriorityClaim(application=application, kind=kind))
        before = (claim.pk, claim.state, claim.evidence)
        if checked is not None:
            claim.state = ClaimState.CONFIRMED if kind in checked else ClaimState.CLAIMED
        claim.evidence = contents.get(f"evidence_{kind}", claim.evidence)
        if (claim.pk, claim.state, claim.evidence) != before or claim.pk is None:
            claim.save()
    return list(stored.values())


def open_care_route(application: Application) -> bool:
    """A care wish on a form that becomes final starts the care route (4.3); returns whether it did."""
    if not application.form.care_requested:
        return False
    _case, created = CareCase.objects.get_or_create(
        application=application, defaults={"origin": CareOrigin.REQUEST, "state": CareState.REQUESTED}
    )
    return created

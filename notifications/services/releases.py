"""The release of a round: readied by schools, looked at, confirmed by two people, opened at its moment (Q-48).

``at`` is always the time of the admission year, passed in by the caller. What leaves and what that means for places is
decided in admissions; here are the people, the looks and the one row that the database asks for.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Max, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from notifications.enums import OUTCOME_KINDS, SCHOOL_KINDS, MessageState
from notifications.models import Message, ReadyMark, Release, ReleaseLook
from notifications.services.dry_run import DryRun, dry_run
from notifications.services.template_checks import refuse_unfit
from schools.errors import RefusedError
from schools.models import AMSTERDAM, Round, School, User

SAMPLE = 5
TOLD = 20  # problems of the dry run that are spelled out


class ReleaseError(RefusedError):
    """The release cannot do that now."""


def plan_release(round_: Round, *, moment: datetime, is_rehearsal: bool = False) -> Release:
    """The release of a round; made when it is first asked for. The moment follows the calendar until it is opened."""
    release = Release.objects.filter(round=round_).first()
    if release is None:
        try:
            with transaction.atomic():
                return Release.objects.create(
                    year_id=round_.year_id, round=round_, moment=moment, is_rehearsal=is_rehearsal
                )
        except IntegrityError:  # somebody else was a moment earlier
            release = Release.objects.get(round=round_)
    if release.opened_at is None and release.moment != moment:
        Release.objects.filter(pk=release.pk, opened_at=None).update(moment=moment)
        release.moment = moment
    return release


def held_of(release: Release) -> QuerySet[Message]:
    """What waits for this release."""
    return Message.objects.filter(
        round_id=release.round_id, state=MessageState.HELD, kind__in=sorted(OUTCOME_KINDS)
    )


def leaving_of(release: Release) -> QuerySet[Message]:
    """What goes out when it is opened: of the office everything, of a school what it marked ready."""
    ready = release.marks.values("school_id")
    held = held_of(release)
    return held.exclude(kind__in=sorted(SCHOOL_KINDS)) | held.filter(school__in=ready)


@dataclass(frozen=True, slots=True)
class HeldRow:
    """Held messages of one kind at one school, or of the office."""

    kind: str
    school_id: int | None
    school_name: str
    brin: str
    number: int
    is_ready: bool

    @property
    def key(self) -> str:
        return f"{self.kind}|{self.brin}"


def held_rows(release: Release) -> list[HeldRow]:
    """Counts per kind and school in two queries, whatever the number of messages."""
    ready = set(release.marks.values_list("school_id", flat=True))
    rows: Iterable[Any] = (
        held_of(release)
        .order_by()
        .values_list("kind", "school_id", "school__name", "school__brin")
        .annotate(n=Count("pk"))
        .order_by("school__name", "kind")
    )
    return [
        HeldRow(
            kind,
            pk if kind in SCHOOL_KINDS else None,
            name or "",
            brin or "",
            n,
            is_ready=kind not in SCHOOL_KINDS or pk in ready,
        )
        for kind, pk, name, brin, n in rows
    ]


# --- schools ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def mark_ready(release: Release, school: School, *, actor: User | None, at: datetime) -> None:
    """The school's letters of this round may go; saying it twice is saying it once.

    Errors: LetterError when its texts do not fit the round or are not signed as they must (DH-152, DH-154).
    """
    if not release.is_rehearsal:
        refuse_unfit(school, release.round)
    ReadyMark.objects.get_or_create(
        release=release, school=school, defaults={"marked_by": actor, "marked_at": at}
    )


@transaction.atomic
def take_mark_back(release: Release, school: School) -> None:
    """Not ready after all: possible until the release has been opened."""
    locked = Release.objects.select_for_update().get(pk=release.pk)
    if locked.opened_at is not None:
        raise ReleaseError(_("The letters have gone out: this cannot be taken back."))
    ReadyMark.objects.filter(release=release, school=school).delete()


# --- looking ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed in one kind at one school since somebody's last look."""

    row: HeldRow | None
    key: str
    before: int
    now: int

    @property
    def change(self) -> int:
        return self.now - self.before


def last_look(release: Release, user: User) -> ReleaseLook | None:
    return release.looks.filter(user=user).order_by("-pk").first()


def differences(look: ReleaseLook, rows: Iterable[HeldRow]) -> list[Difference]:
    """Between a look and now, by kind and school; what stayed the same is left out."""
    by_key = {row.key: row for row in rows}
    keys = sorted({*look.counts, *by_key})
    found = [
        Difference(
            by_key.get(key),
            key,
            int(look.counts.get(key, 0)),
            by_key[key].number if key in by_key else 0,
        )
        for key in keys
    ]
    return [difference for difference in found if difference.change]


@transaction.atomic
def take_look(release: Release, user: User, *, at: datetime, hidden: Iterable[str] = ()) -> ReleaseLook:
    """Keep what there is now, and choose five letters at random to be read before the release.

    ``hidden`` are kinds that this person may not read.
    """
    rows = held_rows(release)
    readable = held_of(release).exclude(registration_number="").exclude(kind__in=list(hidden))
    families = readable.values_list("pk", flat=True)
    ids = list(families)
    sample = sorted(random.SystemRandom().sample(ids, min(SAMPLE, len(ids))))
    return ReleaseLook.objects.create(
        release=release, user=user, at=at, counts={row.key: row.number for row in rows}, sample=sample
    )


@transaction.atomic
def mark_read(release: Release, user: User, message_id: int) -> None:
    """Somebody opened one of the letters chosen for them."""
    look = release.looks.select_for_update().filter(user=user).order_by("-pk").first()
    if look is not None and message_id in look.sample and message_id not in look.read:
        look.read = [*look.read, message_id]
        look.save(update_fields=["read"])


# --- the dry run -----------------------------------------------------------------------------------------------------


def check_recipients(release: Release, *, at: datetime) -> DryRun:
    """Render every recipient without sending, and keep what is empty beside the release (DH-158)."""
    found = dry_run(round_id=release.round_id)
    checked = {
        "number": found.rendered,
        "newest": found.newest,
        "wrong": len(found.findings),
        "empty": [{"code": code, "number": number} for code, number in found.by_code()],
        "problems": [
            {
                "message": finding.message_id,
                "text": f"{finding.registration_number} {finding.text}".strip()[:300],
            }
            for finding in found.findings[:TOLD]
        ],
    }
    Release.objects.filter(pk=release.pk, opened_at=None).update(checked_at=at, checked=checked)
    return found


# --- two people ------------------------------------------------------------------------------------------------------


def why_not(release: Release, user: User) -> str:
    """Why this person cannot confirm the release now; empty = it is possible."""
    if release.opened_at is not None:
        return _("This release has been opened.")
    if release.first_by_id == user.pk or release.second_by_id == user.pk:
        return _("You have confirmed already. Somebody else of the office must do it too.")
    if release.second_by_id is not None:
        return _("Two people have confirmed already.")
    newest = held_of(release).aggregate(newest=Max("pk"))["newest"] or 0
    if release.checked_at is None or release.checked.get("newest", 0) < newest:
        return _("Let the computer look at all letters first.")
    if release.checked.get("wrong"):
        return _("Some letters are not complete. Mend them, then let the computer look again.")
    look = last_look(release, user)
    if look is None:
        return _("First read five letters that are chosen for you.")
    if not look.is_read:
        return _("Open all five letters that were chosen for you.")
    return ""


@transaction.atomic
def confirm_release(release_id: int, *, actor: User, at: datetime) -> Release:
    """The first or the second person says that the letters may go at their moment; never the same one twice."""
    release = Release.objects.select_for_update().get(pk=release_id)
    refusal = why_not(release, actor)
    if refusal:
        raise ReleaseError(refusal)
    if release.first_by_id is None:
        release.first_by, release.first_at = actor, at
    else:
        release.second_by, release.second_at = actor, at
    release.save(update_fields=["first_by", "first_at", "second_by", "second_at"])
    return release


@transaction.atomic
def take_back(release_id: int) -> Release:
    """Stop: both confirmations go, and the release does not open by itself any more."""
    release = Release.objects.select_for_update().get(pk=release_id)
    if release.opened_at is not None:
        raise ReleaseError(_("The letters have gone out: this cannot be taken back."))
    release.first_by = release.first_at = release.second_by = release.second_at = None
    release.save(update_fields=["first_by", "first_at", "second_by", "second_at"])
    return release


def open_release(release_id: int, *, at: datetime) -> Release | None:
    """Open it, inside the transaction that lets the messages go; None when somebody else did so before.

    Errors: ReleaseError before its moment, and without two people. The database refuses both as well.
    """
    release = Release.objects.select_for_update().get(pk=release_id)
    if release.opened_at is not None:
        return None
    if not release.is_rehearsal and (release.first_by_id is None or release.second_by_id is None):
        raise ReleaseError(_("Two people of the office must open this release."))
    if at < release.moment:
        raise ReleaseError(
            _("It is too early: these messages may not leave before %(moment)s.")
            % {"moment": date_format(release.moment.astimezone(AMSTERDAM), "l j F Y H:i")}
        )
    release.opened_at = at
    release.save(update_fields=["opened_at"])
    return release

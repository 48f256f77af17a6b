"""The account of a draw (proces-verbaal) as PDF/A-3a: once for notary and inspectorate, once for everybody.

OA-LOT/1 section 7 points 7 and 9; DH-097. This app knows no child, so no name of one can be in it.
"""

from __future__ import annotations

import hashlib
from datetime import UTC
from enum import StrEnum
from functools import cache
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import pgettext

from lottery.engine.files import sha256_hex
from lottery.enums import AttestationKind
from lottery.models import DrawSession
from lottery.selectors import families_know_at
from lottery.services import record_facts as facts
from lottery.services.signing import seal_sentence
from schools.enums import RoundKind
from schools.models import Round
from schools.services.pdf import AttachedFile, Press

PUBLIC_FILES: Final = ("deelnemers.txt", "vastlegging.txt", "zaad.txt", "uitslag.txt")
LIMITED_FILES: Final = ("vastlegging.txt", "zaad.txt")
LIMITS_FILE: Final = "grenzen.txt"
TEMPLATE: Final = "lottery/draw_record.html"
STYLE: Final = "css/record.css"


class Publication(StrEnum):
    """How much of a session is public: a setting of the region (section 7 point 9)."""

    FULL = "volledig"
    OWN_LINES = "eigen-regels"  # each family its own lines; the public only what gives nothing away


def publication_of(round_: Round, wanted: str | None = None) -> Publication:
    """What is public of a session of this round; FULL when nothing is asked for an ordinary round.

    Errors: ValueError for an unknown word, and for FULL in a VOVP: numbers of places and held seats would show a
    school how many of its children want to leave (DH-135).
    """
    is_vovp = round_.kind == RoundKind.VOVP
    if wanted is None:
        return Publication.OWN_LINES if is_vovp else Publication.FULL
    publication = Publication(wanted)
    if is_vovp and publication == Publication.FULL:
        raise ValueError("a VOVP is never published in full (OA-LOT/1 section 7 point 9)")
    return publication


def limits_file(session: DrawSession) -> bytes:
    """``grenzen.txt``: every grens line of the uitslag, in the byte format of section 3.

    Line 2 names the SHA-256 of the uitslag they were taken from, the last line counts the grens lines.
    """
    outcome = session.files()["uitslag.txt"]
    lines = [line for line in outcome.decode("ascii").splitlines() if line.startswith("grens|")]
    head = [f"OA-LOT/1|grenzen|{session.name}", f"uitslag|{sha256_hex(outcome)}"]
    return "".join(f"{line}\n" for line in [*head, *lines, f"eind|{len(lines)}"]).encode("ascii")


def public_files(session: DrawSession, publication: str | None = None) -> dict[str, bytes]:
    """The files that everybody may have once families know their result, as far as they exist."""
    stored = session.files()
    if publication_of(session.round, publication) == Publication.FULL:
        return {name: stored[name] for name in PUBLIC_FILES if name in stored}
    files: dict[str, bytes] = {name: stored[name] for name in LIMITED_FILES if name in stored}
    if "uitslag.txt" in stored:
        files[LIMITS_FILE] = limits_file(session)
    return files


def build_draw_record(*, session_id: int, publication: str | None = None) -> None:
    """Fill ``record`` and ``public_record`` of a session; the same session always gives the same bytes.

    ``publication`` is ``volledig`` or ``eigen-regels``; without it the kind of the round decides. A session without
    result gets a record of what there is (section 8: the account of a void session says why).
    Errors: DrawSession.DoesNotExist; ValueError as ``publication_of``; FileFormatError for files that are not
            OA-LOT/1; PdfError for a missing font or style sheet.
    Source: OA-LOT/1 section 7 points 7 and 9.
    """
    session = DrawSession.objects.select_related("round__year__region").get(pk=session_id)
    extent = publication_of(session.round, publication)
    with translation.override("nl"):
        record = _render(session, session.files(), shown=Publication.FULL, is_public=False)
        public = _render(session, public_files(session, extent), shown=extent, is_public=True)
    DrawSession.objects.filter(pk=session_id).update(
        record=record, record_hash=sha256_hex(record), public_record=public
    )


def _render(session: DrawSession, files: dict[str, bytes], *, shown: Publication, is_public: bool) -> bytes:
    moment = session.computed_at or session.frozen_at
    attachments = [AttachedFile(name, content, _description(name)) for name, content in files.items()]
    context = _context(session, attachments, shown=shown, is_public=is_public)
    context["created"] = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    version = "public" if is_public else "full"
    identifier = hashlib.sha256(
        f"{session.name}|{session.commitment_hash}|{version}".encode("ascii")
    ).digest()
    return _press().render(
        render_to_string(TEMPLATE, context),
        identifier=identifier[:16].hex().encode("ascii"),
        attachments=attachments,
        moment=moment,
    )


@cache
def _press() -> Press:
    return Press(STYLE)


def _description(name: str) -> str:
    return {
        "dossiers.txt": pgettext("draw record", "Frozen lists with choices; restricted"),
        "deelnemers.txt": pgettext("draw record", "Frozen lists with a seal for each child"),
        "vastlegging.txt": pgettext("draw record", "Promise made before the draw"),
        "zaad.txt": pgettext("draw record", "Dice and beacon"),
        "uitslag.txt": pgettext("draw record", "Outcome"),
        LIMITS_FILE: pgettext("draw record", "Where each school closed"),
    }[name]


def _context(
    session: DrawSession, attachments: list[AttachedFile], *, shown: Publication, is_public: bool
) -> dict[str, Any]:
    files = facts.Files.of(session)
    region = session.round.year.region
    names = facts.school_names(region, (school.code for school in files.dossiers.schools))
    seed, outcome = files.seed, files.outcome
    everything = shown == Publication.FULL
    by_hand = files.commitment.dice == "hand"
    return {
        "session": session,
        "region": region,
        "round": session.round,
        "year": session.round.year,
        "is_public": is_public,
        "everything": everything,
        "by_hand": by_hand,
        "held_by_people": session.attestations.filter(kind=AttestationKind.CONFIRM).exists(),
        "sitting": facts.written(session.sitting_at),
        "known_at": facts.written(families_know_at(session.round)),
        "seal": "" if is_public else seal_sentence(session),
        "commitment": files.commitment,
        "hashes": facts.hashes(session),
        "other_hashes": facts.other_hashes(files),
        "moments": facts.moments(session),
        "presences": facts.presences(session),
        "incidents": facts.incidents(session),
        "seed": seed,
        "dice_lines": facts.dice_lines(seed) if seed else [],
        "hand_orders": facts.hand_orders(seed) if seed else [],
        "beacon_moment": facts.beacon_moment(seed) if seed else "",
        "is_stand_in": bool(seed and facts.is_stand_in(session, seed)),
        "children": len(files.dossiers.children),
        "schools": facts.school_rows(files, names) if outcome else [],
        "has_held_seats": any(child.choices[-1][1] == 0 for child in files.dossiers.children),
        "central_summary": facts.central_summary(outcome) if outcome and everything else "",
        "has_school_draws": any(draw != facts.CENTRAL for draw in files.commitment.draws),
        "has_central": facts.CENTRAL in files.commitment.draws,
        "draw_tables": list(facts.draw_tables(outcome, names, by_hand=by_hand))
        if outcome and everything
        else [],
        "attachments": [
            {
                "name": file.name,
                "description": file.description,
                "size": len(file.content),
                "hash": sha256_hex(file.content),
            }
            for file in sorted(attachments, key=lambda file: file.name)
        ],
        "signers": [
            pgettext("draw record", "Notary"),
            pgettext("draw record", "Programme manager"),
            pgettext("draw record", "Witness"),
            pgettext("draw record", "Witness, for the parents"),
        ],
    }

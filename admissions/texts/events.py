"""The legal trail in sentences for people: kinds and codes become Dutch (or English) words."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.case_enums import CaseEnd
from admissions.enums import (
    BoardCondition,
    CareState,
    CaseKind,
    ClaimState,
    Decision,
    MoveState,
    ParticipationKind,
    RepairKind,
    WithdrawalReason,
)
from admissions.exception_enums import ExceptionKind
from admissions.opt_in_enums import OptOutReason
from admissions.texts.office_events import office_sentence
from schools.enums import PriorityKind
from schools.models import Event

IN_DRAW = re.compile(r"(?P<draw>school/(?P<code>\S+)|centraal) rank (?P<rank>\d+) of (?P<total>\d+)")
# The columns of the import format in the words of the form.
COLUMN_WORDS: dict[str, Any] = {
    "form_reference": gettext_lazy("reference"),
    "given_name": gettext_lazy("first name"),
    "surname_prefix": gettext_lazy("prefix"),
    "surname": gettext_lazy("family name"),
    "date_of_birth": gettext_lazy("date of birth"),
    "received_on": gettext_lazy("day received"),
    "street": gettext_lazy("street"),
    "house_number": gettext_lazy("house number"),
    "postcode": gettext_lazy("postcode"),
    "place": gettext_lazy("place of residence"),
    "guardian_name": gettext_lazy("name of the parent"),
    "email": gettext_lazy("e-mail address"),
    "phone": gettext_lazy("phone number"),
    "language": gettext_lazy("language"),
    "priority_claims": gettext_lazy("priority"),
    "care_request": gettext_lazy("care wish"),
    "care_duty": gettext_lazy("care duty"),
    "channel": gettext_lazy("how received"),
    "no_email": gettext_lazy("no e-mail"),
    "guardian2_name": gettext_lazy("name of parent 2"),
    "guardian2_email": gettext_lazy("e-mail address of parent 2"),
    "care_note": gettext_lazy("what the parents wrote about care"),
    "evidence_sibling": gettext_lazy("name of the brother or sister"),
    "evidence_preschool": gettext_lazy("name of the preschool"),
    "evidence_staff": gettext_lazy("which parent works at the school"),
    "checked_claims": gettext_lazy("priority checked by the school"),
}
Names = Mapping[str, str]


def column_word(column: str) -> str:
    """``house_number`` → house number; ``preference_3`` → school 3."""
    if column.startswith("preference_"):
        return _("school %(rank)s") % {"rank": column.removeprefix("preference_")}
    return str(COLUMN_WORDS.get(column, column))


def _word(choices: Any, value: str) -> str:
    """The label of a choice; a value the application no longer knows stays as it is."""
    try:
        return str(choices(value).label)
    except ValueError:
        return value


def draw_words(reason: str, names: Names) -> str:
    """``school/15AB00 rank 3 of 20`` in words; the empty string for anything else."""
    match = IN_DRAW.fullmatch(reason)
    if match is None:
        return ""
    where = {
        "rank": match["rank"],
        "total": match["total"],
        "school": names.get(match["code"] or "", match["code"]),
    }
    if match["code"]:
        return _("Number %(rank)s of %(total)s in the draw of %(school)s.") % where
    return _("Number %(rank)s of %(total)s in the central draw.") % where


def _decision(event: Event, names: Names) -> str:
    words: dict[str, str] = {
        Decision.UNDECIDED: _("Takes part in the draw"),
        Decision.ADMITTED: _("Admitted at the first choice"),
        Decision.DRAWN_OUT: _("Drawn out at the first choice"),
        Decision.PLACED_LOWER: _("Placed at a lower preference"),
        Decision.UNPLACED: _("Placed at no school of the list"),
        Decision.CARE_FOLLOW_UP: _("Follow-up with the school, outside the central draw"),
        Decision.WITHDRAWN: _("Withdrawn"),
        Decision.VOID: _("Struck"),
    }
    return words.get(event.new, event.new)


def _vovp_result(event: Event, names: Names) -> str:
    if event.new == "-":
        return _("VOVP: no (better) place")
    return _("VOVP: %(school)s") % {"school": names.get(event.new, event.new)}


def _vovp_invited(event: Event, names: Names) -> str:
    round_code, _space, kind = event.new.partition(" ")
    words = {"round": round_code, "kind": _word(ParticipationKind, kind)}
    return _("Invited for %(round)s: %(kind)s") % words


def _opted_in(event: Event, names: Names) -> str:
    if event.reason:
        schools = ", ".join(names.get(code, code) for code in event.reason.split())
        return _("Takes part in %(round)s and adds %(schools)s") % {"round": event.new, "schools": schools}
    return _("Takes part in %(round)s") % {"round": event.new}


def _list_extended(event: Event, names: Names) -> str:
    schools = ", ".join(names.get(code, code) for code in event.reason.split())
    return _("Adds %(schools)s to its list for %(round)s") % {"round": event.new, "schools": schools}


def _opted_out(event: Event, names: Names) -> str:
    words = {"round": event.new, "reason": _word(OptOutReason, event.reason)}
    return _("Opt-in for %(round)s taken back: %(reason)s") % words


def _claim(event: Event, names: Names) -> str:
    words = {"rule": _word(PriorityKind, event.reason), "state": _word(ClaimState, event.new).lower()}
    return _("Priority “%(rule)s” %(state)s") % words


SENTENCES: dict[str, Callable[[Event, Names], str]] = {
    "repair_proposed": lambda e, n: (
        _("Asked to mend the draw: %(what)s") % {"what": _word(RepairKind, e.new)}
    ),
    "repair_approved": lambda e, n: (
        _("Mended by a second person: %(what)s") % {"what": _word(RepairKind, e.new)}
    ),
    "repair_rejected": lambda e, n: _("Not mended: %(what)s") % {"what": _word(RepairKind, e.new)},
    "repair_done": lambda e, n: _("The draw afterwards is official"),
    "repair_again": lambda e, n: _("The draw afterwards was void; its next attempt is frozen"),
    "withdrawal_kept": lambda e, n: (
        _("Withdrawal reported while the lists were frozen: %(reason)s")
        % {"reason": _word(WithdrawalReason, e.reason)}
    ),
    "withdrawal_taken_back": lambda e, n: _("Withdrawal taken back before the result"),
    "form_imported": lambda e, n: (
        _("Form read from a file, reference %(reference)s") % {"reference": e.reason}
    ),
    "form_draft": lambda e, n: _("Form begun as a draft"),
    "form_final": lambda e, n: (
        _("Form made final, %(version)s") % {"version": e.reason.replace("version", _("version"))}
    ),
    "form_released": lambda e, n: _("Form released for correction"),
    "contact_changed": lambda e, n: (
        _("Contact data changed: %(fields)s")
        % {"fields": ", ".join(column_word(word) for word in e.new.split())}
    ),
    "form_fell_back": lambda e, n: _("Deadline: the last final version counts again"),
    "form_expired": lambda e, n: _("Deadline: the form was never made final and does not take part"),
    "form_void": lambda e, n: _("Form thrown away"),
    "claim_decided": _claim,
    "decision": _decision,
    "offer_sent": lambda e, n: _("Offer sent"),
    "enrolled": lambda e, n: _("Enrolled: the placing is final"),
    "withdrawn": lambda e, n: (
        _("Withdrawn: %(reason)s") % {"reason": _word(WithdrawalReason, e.reason).lower()}
    ),
    "vovp_invited": _vovp_invited,
    "vovp_opted_in": _opted_in,
    "vovp_list_extended": _list_extended,
    "vovp_opted_out": _opted_out,
    "vovp_result": _vovp_result,
    "placement_superseded": lambda e, n: _("Left the earlier place for a better one"),
    "care_outcome": lambda e, n: _("Care: %(state)s") % {"state": _word(CareState, e.new).lower()},
    "care_state": lambda e, n: _("Care: %(state)s") % {"state": _word(CareState, e.new).lower()},
    "case_opened": lambda e, n: (
        _("Reported to the office: %(kind)s") % {"kind": _word(CaseKind, e.new).lower()}
    ),
    "case_taken": lambda e, n: _("Case of the office: somebody works on it"),
    "case_closed": lambda e, n: (
        _("Case of the office settled: %(how)s") % {"how": _word(CaseEnd, e.new).lower()}
    ),
    "exception_proposed": lambda e, n: (
        _("Exception asked for: %(kind)s") % {"kind": _word(ExceptionKind, e.new).lower()}
    ),
    "exception_done": lambda e, n: (
        _("Exception by a second person: %(kind)s") % {"kind": _word(ExceptionKind, e.new).lower()}
    ),
    "exception_rejected": lambda e, n: (
        _("Exception not done: %(kind)s") % {"kind": _word(ExceptionKind, e.new).lower()}
    ),
    "birth_date_corrected": lambda e, n: _("Date of birth corrected, with proof"),
    "application_void": lambda e, n: _("Application struck"),
    "school_reminded": lambda e, n: (
        _("School reminded: %(what)s") % {"what": _word(BoardCondition, e.new).lower()}
    ),
    "move_request": lambda e, n: _("Moving house: %(state)s") % {"state": _word(MoveState, e.new).lower()},
}
# Kinds whose reason was typed by an official and tells more than the sentence.
WITH_REASON = frozenset(
    {
        "decision",
        "form_released",
        "form_void",
        "application_void",
        "ceiling_set",
        "date_changed",
        "second_factor_reset",
    }
)


def sentence(event: Event, names: Names) -> str:
    """What happened, in the active language."""
    tell = SENTENCES.get(event.kind)
    return office_sentence(event) if tell is None else tell(event, names)


def detail(event: Event, names: Names) -> str:
    """The second line: number in the draw, or the reason that was given."""
    told = draw_words(event.reason, names)
    if told or event.kind not in WITH_REASON:
        return told
    return {"automatic processing": _("by automatic processing"), "by hand": _("by hand")}.get(
        event.reason, event.reason
    )

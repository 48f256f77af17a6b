"""Which family and which school hears what after a draw; held until the sending day (den-haag.md 2.10).

For the texts of letters, besides the plain merge values:

``preferences``: one row per school of the list with ``rank``, ``school_name``, ``reason`` (Dutch, the letter that
    counts) and ``limit`` (where the school closed, in a few words); ``reasons`` has the sentence in the language
    of the family where we have it (``notifications/texts``), else nothing.
``draws``: one row per draw with ``label``, ``lot_rank``, ``of_total``, ``lot``; ``label_en`` likewise.
``check_url``: the family's own page, which opens when all families hear the result; ``sheet_code`` is the code in it.
    Nothing of the child stands in them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.utils import translation
from django.utils.translation import gettext as _

from admissions.enums import CARE_DUTY_STATES, ClaimState, Decision
from admissions.models import Application, CareCase, Placement
from admissions.procedures.registry import procedure_of
from admissions.services.care.care_letters import reviewed_paragraphs
from admissions.services.draws.freezing import CENTRAL
from admissions.services.draws.hand_draw import HandLine, hand_lines
from admissions.services.explaining.explanations import RoundExplanation, Why
from admissions.services.explaining.reasons import limit_words, sentence
from admissions.services.explaining.sheet_links import links_for, sheet_url
from admissions.services.forms.contents import Written, rows_of
from admissions.services.letters.recipients import address_lines, school_address, to_parents
from lottery.engine.explain import ReasonKind
from lottery.engine.outcome import SessionOutcome
from lottery.models import DrawSession, SessionNumber
from lottery.services.sessions import outcome_of
from notifications.enums import MessageKind
from notifications.models import Message
from notifications.services.outbox import hold_messages, send_now
from notifications.services.texts import reason_languages
from schools.clock import now
from schools.enums import PriorityKind, RoundKind
from schools.models import AMSTERDAM, PriorityRule, Programme, Round, School, local_moment

LETTER_LANGUAGE = "nl"
SECOND_LANGUAGE = "en"  # the language of the page behind the Dutch letter


def reply_deadline(offered_on: date, weeks: int) -> date:
    """Full weeks from the sending day, that day's end included (DH-120, Q-34, AE-18)."""
    return offered_on + timedelta(weeks=weeks)


def sending_moment(round_: Round) -> datetime:
    """Nobody hears before the configured minute of the fixed day (DH-111, DH-142)."""
    if round_.offers_on is None:
        raise ValueError(f"{round_.code} has no sending day")
    return local_moment(round_.offers_on, procedure_of(round_.year.region).parameters.sends_at)


def hold_outcome_messages(*, session: DrawSession, round_: Round) -> int:
    """Make every message of this result as a held row; returns how many. Runs inside the deciding transaction."""
    outcome = outcome_of(session)
    by_hand = {} if round_.kind == RoundKind.VOVP else hand_lines(round_, session)
    messages = [*_family_messages(session, round_, outcome, by_hand), *_school_messages(session, round_)]
    return hold_messages(messages)


def _applications(
    session: DrawSession, round_: Round, by_hand: Mapping[str, HandLine]
) -> Iterator[tuple[Application, str]]:
    """The applications of the session with their numbers in it, and those their school admitted by itself."""
    numbers = dict(SessionNumber.objects.filter(session=session).values_list("registration_number", "number"))
    if round_.kind == RoundKind.VOVP:
        rows = Application.objects.filter(participations__round=round_)
    else:
        rows = Application.objects.filter(first_choice__round=round_)
    rows = rows.select_related("child", "form", "first_choice__programme__school__board").prefetch_related(
        "guardians"
    )
    for application in rows.iterator(chunk_size=2000):
        at_school = by_hand.get(application.registration_number)
        if application.registration_number in numbers:
            yield application, numbers[application.registration_number]
        elif at_school is not None and application.decision == Decision.ADMITTED:
            yield application, at_school.number


def _family_messages(
    session: DrawSession, round_: Round, outcome: SessionOutcome, by_hand: Mapping[str, HandLine]
) -> Iterator[Message]:
    procedure = procedure_of(round_.year.region)
    explanation = RoundExplanation(round_)
    programmes = {
        programme.code: programme
        for programme in Programme.objects.filter(school_rounds__round=round_).select_related("school__board")
    }
    placed = {
        placement.application_id: placement
        for placement in Placement.objects.filter(school_round__round=round_).select_related(
            "school_round__programme", "supersedes__school_round__programme"
        )
    }
    duty = set(
        CareCase.objects.filter(
            state__in=CARE_DUTY_STATES, application__first_choice__round=round_
        ).values_list("application_id", flat=True)
    )
    lots = lots_of(outcome)
    applications = list(_applications(session, round_, by_hand))
    reasons = explanation.of_children(application for application, _number in applications)
    links = links_for([application.pk for application, _number in applications], year=round_.year)
    care_texts = reviewed_paragraphs(sorted(duty))
    for application, number in applications:
        placement = placed.get(application.pk)
        if round_.kind == RoundKind.VOVP:
            kind = MessageKind.M11 if placement is not None else MessageKind.M12
        elif placement is not None:
            kind = MessageKind(
                procedure.offer_kind(
                    preference_rank=placement.preference_rank, has_care_duty=application.pk in duty
                )
            )
        elif application.decision == Decision.UNPLACED:
            kind = MessageKind.M06
        else:
            continue  # care follow-up: no automatic letter (DH-179)
        own = reasons[application.registration_number]
        seat = placement.school_round.programme.code if placement is not None else _kept_seat(own)
        at_school = by_hand.get(application.registration_number)
        # Admitted by its school: the session is the draw by hand, or none where the classes decided.
        counted = at_school.session if at_school is not None and at_school.is_admitted else session
        merge = letter_merge(application, counted, round_, placement, programmes, seat)
        guardian = next(iter(application.guardians.all()), None)
        drawn = lots.get(number, []) if counted is session else []
        merge |= {"session_number": number, "draws": [*_hand_lots(at_school), *drawn]}
        merge |= {"preferences": _preferences(own, programmes, guardian.language if guardian else "")}
        if kind == MessageKind.M16:
            merge |= {"notes": care_texts.get(application.pk, [])}
        code = links[application.pk]
        merge |= {"sheet_code": code, "check_url": sheet_url(code)}
        yield Message(
            year=round_.year,
            round=round_,
            kind=kind,
            case_key=f"{application.registration_number}/{round_.code}",
            registration_number=application.registration_number,
            school=programmes[seat].school if placement is not None and seat else None,
            **to_parents(application),
            merge=merge | {"guardian_name": guardian.name if guardian else ""},
            not_before=sending_moment(round_),
        )


def _kept_seat(whys: tuple[Why, ...]) -> str:
    return next((why.code for why in whys if why.reason and why.reason.kind == ReasonKind.HELD_SEAT), "")


def _preferences(
    whys: tuple[Why, ...], programmes: dict[str, Programme], language: str
) -> list[dict[str, object]]:
    """The list with the reason of each school, in Dutch and in the family's own language where we have that."""
    second = language if language in reason_languages() else None
    return [
        {
            "rank": why.rank,
            "school_name": programmes[why.code].name,
            "reason": sentence(why, LETTER_LANGUAGE),
            "limit": limit_words(why, LETTER_LANGUAGE),
            "reasons": {second: sentence(why, second)} if second else {},
        }
        for why in whys
    ]


def lots_of(outcome: SessionOutcome) -> dict[str, list[dict[str, object]]]:
    """The draws every number took part in: rank, of how many, and the lot itself."""
    lots: defaultdict[str, list[dict[str, object]]] = defaultdict(list)
    labels = {}
    for language in (LETTER_LANGUAGE, SECOND_LANGUAGE):
        with translation.override(language):
            labels[language] = (_("School draw"), _("Central draw"))
    for draw in outcome.draws:
        own, second = (
            labels[language][draw.id == CENTRAL] for language in (LETTER_LANGUAGE, SECOND_LANGUAGE)
        )
        for line in draw.lines:
            lots[line.regno].append(
                {
                    "label": own,
                    "label_en": second,
                    "lot_rank": line.rank,
                    "of_total": draw.children,
                    "lot": line.lot,
                }
            )
    return lots


def _hand_lots(at_school: HandLine | None) -> list[dict[str, object]]:
    """The draw by hand in the shape of the others; empty where nobody drew."""
    if at_school is None or at_school.line is None or at_school.draw is None:
        return []
    labels = []
    for language in (LETTER_LANGUAGE, SECOND_LANGUAGE):
        with translation.override(language):
            labels.append(_("School draw"))
    line, total = at_school.line, at_school.draw.children
    return [
        {
            "label": labels[0],
            "label_en": labels[1],
            "lot_rank": line.rank,
            "of_total": total,
            "lot": line.lot,
        }
    ]


def letter_merge(
    application: Application,
    session: DrawSession | None,
    round_: Round,
    placement: Placement | None,
    programmes: dict[str, Programme],
    seat: str,
) -> dict[str, object]:
    """The plain merge values of a letter about a result; ``seat`` the code of its school, empty = none."""
    form, region, offered = application.form, round_.year.region, round_.offers_on
    school: School | None = programmes[seat].school if seat else None
    sender = school or application.first_choice.programme.school
    return {
        "child_name": application.child.full_name,
        "child_given_name": application.child.given_name,
        "child_birth_date": application.child.date_of_birth.isoformat(),
        "registration_number": application.registration_number,
        "address_lines": address_lines(form),
        "school_name": school.name if school else "",
        "old_school_name": placement.supersedes.school_round.programme.name
        if placement and placement.supersedes
        else "",
        "signed_by": sender.director_name if placement and round_.kind != RoundKind.VOVP else "",
        "school_address": school_address(school) if school else [],
        "school_phone": sender.contact_phone,
        "school_email": sender.contact_email,
        "sender": "office" if placement is None or round_.kind == RoundKind.VOVP else "school",
        "desk_name": region.desk_name or region.name,
        "desk_email": region.desk_email,
        "desk_phone": region.desk_phone,
        "round_code": round_.code,
        "letter_date": offered.isoformat() if offered else "",
        "respond_by": reply_deadline(offered, round_.reply_weeks).isoformat()
        if placement and offered
        else "",
        "preference_rank": placement.preference_rank if placement else 0,
        # Empty where the classes of the school decided and nobody drew a lot.
        "session_name": session.name if session is not None else "",
        "commitment_hash": session.commitment_hash if session is not None else "",
        "public_authority": sender.board.public_authority,
    }


def _school_messages(session: DrawSession, round_: Round) -> Iterator[Message]:
    """M07 after an ALM; M13 and M14 after a VOVP (DH-098, DH-140, DH-143)."""
    placements = Placement.objects.filter(school_round__round=round_).select_related(
        "application", "school_round__programme__school", "supersedes__school_round__programme__school"
    )
    gained: defaultdict[School, list[str]] = defaultdict(list)
    lost: defaultdict[School, list[str]] = defaultdict(list)
    for placement in placements.iterator(chunk_size=2000):
        number = placement.application.registration_number
        if round_.kind == RoundKind.VOVP or placement.preference_rank > 1:
            gained[placement.school_round.programme.school].append(number)
        if placement.supersedes is not None:
            lost[placement.supersedes.school_round.programme.school].append(number)
    in_vovp = round_.kind == RoundKind.VOVP
    assert round_.central_matching_on is not None
    gained_at = sending_moment(round_) if in_vovp else local_moment(round_.central_matching_on)
    for school, numbers in gained.items():
        yield _to_school(
            MessageKind.M13 if in_vovp else MessageKind.M07, round_, school, numbers, not_before=gained_at
        )
    for school, numbers in lost.items():
        yield _to_school(
            MessageKind.M14, round_, school, numbers, not_before=round_.visible_to_schools_at or gained_at
        )


def _to_school(
    kind: MessageKind, round_: Round, school: School, numbers: list[str], *, not_before: datetime
) -> Message:
    return Message(
        year=round_.year,
        round=round_,
        kind=kind,
        case_key=f"{school.brin}/{round_.code}",
        school=school,
        recipient_name=school.name,
        recipient_email=school.contact_email,
        merge={
            "school_name": school.name,
            "round_code": round_.code,
            "registration_numbers": sorted(numbers),
        },
        not_before=not_before,
    )


def send_confirmation(
    application: Application,
    *,
    version: int,
    again: bool = False,
    written: Written | None = None,
    rules: Sequence[PriorityRule] | None = None,
) -> Message:
    """M01: every time a form becomes final the parents get what was entered, at once (DH-051, DH-054).

    ``again``: the contents are the same and something beside them changed, such as a claim that was checked (DH-061).
    ``written``, ``rules``: the rows of the form and the rules of the year, when the caller has them already.
    """
    year, form, at = application.year, application.form, now(application.year)
    school = application.first_choice.programme.school
    rows = written or rows_of(application)
    parents = to_parents(application, guardians=rows.guardians)
    claims = {claim.kind: claim.state for claim in rows.claims}
    key = f"{application.registration_number}/v{version}"
    if again:
        # Told more than once about one version: v2, v2.1, v2.2.
        told = Message.objects.filter(year=year, kind=MessageKind.M01, case_key__startswith=f"{key}.").count()
        key = f"{key}.{told + 1}"
    message = Message(
        year=year,
        round=application.first_choice.round,
        kind=MessageKind.M01,
        case_key=key,
        registration_number=application.registration_number,
        school=school,
        **parents,
        merge={
            "child_name": application.child.full_name,
            "child_birth_date": application.child.date_of_birth.isoformat(),
            "registration_number": application.registration_number,
            "guardian_name": parents["recipient_name"],
            "address_lines": address_lines(form),
            "school_name": school.name,
            "school_address": school_address(school),
            "school_phone": school.contact_phone,
            "school_email": school.contact_email,
            "sender": "school",
            "desk_name": year.region.desk_name or year.region.name,
            "desk_email": year.region.desk_email,
            "desk_phone": year.region.desk_phone,
            "round_code": application.first_choice.round.code,
            "letter_date": at.astimezone(AMSTERDAM).date().isoformat(),
            "respond_by": "",
            "preferences": [
                {"rank": preference.rank, "school_name": preference.programme.name, "reason": ""}
                for preference in rows.preferences
            ],
            "claims": claims,
            "priority": priority_lines(application, claims, rules=rules),
            "version": version,
        },
        not_before=at,
    )
    send_now([message], now=at)
    return message


def priority_lines(
    application: Application, claims: Mapping[str, str], *, rules: Sequence[PriorityRule] | None = None
) -> list[dict[str, str]]:
    """What became of every claimed rule, and the neighbourhood as it follows from the address (DH-061)."""
    with translation.override(LETTER_LANGUAGE):
        words = {
            ClaimState.CLAIMED: _("you asked for it, the school still checks it"),
            ClaimState.CONFIRMED: _("the school has checked it: it counts"),
            ClaimState.REJECTED: _("the school has checked it: it does not count"),
        }
        lines = [
            {"label": str(PriorityKind(kind).label), "result": words[ClaimState(state)]}
            for kind, state in claims.items()
        ]
        programme_id = application.first_choice.programme_id
        if rules is None:
            rules = list(PriorityRule.objects.filter(year=application.year, programme_id=programme_id))
        own = [rule for rule in rules if rule.programme_id == programme_id]
        area = next((rule for rule in own if rule.kind == PriorityKind.NEIGHBOURHOOD), None)
        if area is not None:
            inside = application.form.postcode[:4] in area.area_postcodes.split()
            result = (
                _("your address lies in the area: it counts")
                if inside
                else _("your address lies outside the area")
            )
            lines.append({"label": str(PriorityKind.NEIGHBOURHOOD.label), "result": result})
        if application.form.is_twin:  # told beforehand
            lines.append(
                {
                    "label": _("Twin"),
                    "result": _(
                        "each child has its own number in the draw; one that wins gives the other no priority"
                    ),
                }
            )
    return lines

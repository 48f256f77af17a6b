"""Who may do what, as data (den-haag.md section 5): the one table that rules, menus and the generated test read.

``MATRIX`` gives each permission the kinds of people that have it; ``PAGES`` gives each address of the site the
permission that opens it. What is not listed is denied, and a test fails for an address without a row.
"""

from dataclasses import dataclass

from schools.enums import Role

ADMIN, DIRECTOR, CARE = Role.SCHOOL_ADMIN.value, Role.SCHOOL_DIRECTOR.value, Role.CARE_COORDINATOR.value
MANAGER, OFFICE, NOTARY = Role.PROGRAMME_MANAGER.value, Role.CENTRAL_OFFICE.value, Role.NOTARY.value
SCHOOL_DESK, PARENT_DESK = Role.SCHOOL_DESK.value, Role.PARENT_DESK.value
# Central office staff whom the programme manager named for care (DH-180): no role of its own, a mark on it.
NAMED_FOR_CARE = "named_for_care"

STAFF = frozenset({ADMIN, DIRECTOR})
BOTH_OFFICES = frozenset({MANAGER, OFFICE})


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission: ``on`` says whether it is asked with a school or with a region, ``who`` has it there."""

    on: str
    who: frozenset[str]


def at_school(*who: str | frozenset[str]) -> Grant:
    return Grant("school", _flat(who))


def in_region(*who: str | frozenset[str]) -> Grant:
    return Grant("region", _flat(who))


def _flat(who: tuple[str | frozenset[str], ...]) -> frozenset[str]:
    return frozenset().union(*({one} if isinstance(one, str) else one for one in who))


MATRIX: dict[str, Grant] = {
    # One school and its applications. People of the region have them at every school of the region.
    "admissions.view_school": at_school(STAFF, CARE, BOTH_OFFICES, SCHOOL_DESK),
    "admissions.view_all_applications": at_school(
        STAFF, BOTH_OFFICES, SCHOOL_DESK
    ),  # others: care-marked only
    "admissions.view_care": at_school(STAFF, CARE, MANAGER, NAMED_FOR_CARE),  # DH-180
    "admissions.work_on_care": at_school(STAFF, CARE),
    "admissions.write_care_letter": at_school(STAFF),
    "admissions.view_school_settings": at_school(STAFF, BOTH_OFFICES, SCHOOL_DESK),
    "admissions.view_letters": at_school(
        STAFF, BOTH_OFFICES, SCHOOL_DESK
    ),  # texts of the letters (section 5)
    "admissions.change_letters": at_school(STAFF, MANAGER),
    "admissions.approve_letters": at_school(DIRECTOR, MANAGER),  # what the administrator proposes (section 1)
    "admissions.change_school": at_school(STAFF, MANAGER),  # contact, hand-in, transition date, partners
    "admissions.change_draw_mode": at_school(STAFF, MANAGER),
    "admissions.change_rules": at_school(DIRECTOR, MANAGER),  # rules, their order, the area
    "admissions.change_ceiling": at_school(DIRECTOR, MANAGER),
    "admissions.view_decisions": at_school(STAFF, BOTH_OFFICES, SCHOOL_DESK),
    "admissions.confirm_rules": at_school(STAFF),  # DH-012
    "admissions.draw_by_hand": at_school(STAFF),  # decisions and draw by hand: the school itself
    "admissions.enter_form": at_school(STAFF, MANAGER),  # type, release, finalise, check claims, contact data
    "admissions.process_reply": at_school(STAFF, MANAGER),
    "admissions.export_enrolled": at_school(STAFF, MANAGER),
    "admissions.report_birth_date": at_school(STAFF),
    "admissions.ask_desk": at_school(STAFF, CARE),  # questions and training (DH-190, DH-194)
    "admissions.request_move": at_school(STAFF, MANAGER),
    "admissions.look_along": at_school(BOTH_OFFICES, SCHOOL_DESK),  # read only, for an hour, with a reason
    "admissions.view_lookers": at_school(STAFF, BOTH_OFFICES),
    # The programme office.
    "admissions.view_office": in_region(BOTH_OFFICES),
    "admissions.run_rounds": in_region(BOTH_OFFICES),  # a draw itself: with the notary
    "admissions.manage_rehearsal": in_region(MANAGER),  # clock and reset of a rehearsal year
    "admissions.find_child": in_region(BOTH_OFFICES),
    "admissions.plan_year": in_region(BOTH_OFFICES),  # dates of the year
    "admissions.manage_people": in_region(MANAGER),  # users and roles
    "admissions.manage_schools": in_region(BOTH_OFFICES),  # schools and boards
    "admissions.manage_region": in_region(MANAGER),  # name, desk and settings; a further region
    "admissions.view_trail": in_region(BOTH_OFFICES),  # the event log (DH-200)
    "admissions.change_central_letters": in_region(BOTH_OFFICES),  # DH-156
    "admissions.change_directors": in_region(
        BOTH_OFFICES
    ),  # the central list that letters are checked against
    "admissions.view_outbox": in_region(BOTH_OFFICES),
    "admissions.view_care_in_region": in_region(MANAGER, NAMED_FOR_CARE),
    "admissions.review_care": in_region(MANAGER),
    "admissions.work_on_cases": in_region(BOTH_OFFICES),  # take, hand over, note
    "admissions.settle_cases": in_region(MANAGER),  # section 1: what only the programme manager settles
    "admissions.view_moves": in_region(BOTH_OFFICES),
    "admissions.decide_move": in_region(MANAGER),
    "admissions.edit_questions": in_region(BOTH_OFFICES),  # the public questions and answers (DH-196)
    # Who takes part in a VOVP: never a school (DH-135); the manager reads.
    "admissions.view_opt_ins": in_region(BOTH_OFFICES, PARENT_DESK),
    "admissions.register_opt_ins": in_region(OFFICE, PARENT_DESK),
    # The two support desks.
    "admissions.view_desk": in_region(BOTH_OFFICES, SCHOOL_DESK, PARENT_DESK),
    "admissions.work_on_tickets": in_region(SCHOOL_DESK, PARENT_DESK),
    "admissions.find_school": in_region(SCHOOL_DESK),
    "admissions.view_case_limited": in_region(PARENT_DESK),
    "admissions.request_move_for_parents": in_region(PARENT_DESK),
    # Draw sessions: schools never, the files show more than their own.
    "lottery.view_sessions": in_region(BOTH_OFFICES, NOTARY),
}


# Instead of a permission: a page for everybody, or for whoever has an account.
PUBLIC, ACCOUNT = "public", "account"
# For a system with a token, and for no person, whoever is logged in.
TOKEN = "token"  # noqa: S105 - a word of this table


@dataclass(frozen=True, slots=True)
class Page:
    """One address: who may ``GET`` it and who may ``POST`` to it (empty: nobody, or the same as GET).

    ``about`` is the kind of row the address names besides its school or region; the test knows one of our own and
    one of somebody else for each kind, and a foreign one must answer 404.
    """

    get: str = ""
    post: str = ""
    about: str = ""
    inside: bool = False  # a finer rule inside, or the state of the row, may still answer 403 or 404


PAGES: dict[str, Page] = {
    "home": Page(ACCOUNT),
    "set_language": Page(PUBLIC, PUBLIC),
    "own-sessions": Page(ACCOUNT, ACCOUNT),
    "own-places": Page(ACCOUNT, ACCOUNT),
    "help:index": Page(PUBLIC),
    "help:topic": Page(PUBLIC, about="topic"),
    "check:page": Page(PUBLIC),
    "check:take-home": Page(PUBLIC),
    "admissions:sheet-start": Page(PUBLIC, PUBLIC),
    "admissions:sheet": Page(PUBLIC, about="code"),
    "admissions:sheet-pdf": Page(PUBLIC, about="code"),
    "api:job": Page("admissions.view_office", about="job"),
    # A school.
    "admissions:school-today": Page("admissions.view_school"),
    "admissions:application-list": Page("admissions.view_school"),
    "admissions:application-detail": Page("admissions.view_school", about="child"),
    "admissions:school-sheet": Page("admissions.process_reply", about="child", inside=True),
    "admissions:entry-start": Page("admissions.enter_form"),
    "admissions:entry": Page("admissions.enter_form", "admissions.enter_form", about="entry"),
    "admissions:entry-keep": Page("", "admissions.enter_form", about="entry"),
    "admissions:entry-scan": Page("", "admissions.enter_form", about="entry"),
    "admissions:entry-compare": Page("admissions.enter_form", "admissions.enter_form", about="entry"),
    "admissions:entry-discard": Page("", "admissions.enter_form", about="entry"),
    "admissions:form-edit": Page("admissions.enter_form", about="child"),
    "admissions:form-release": Page("", "admissions.enter_form", about="child"),
    "admissions:form-void": Page("admissions.enter_form", "admissions.enter_form", about="child"),
    "admissions:form-withdraw": Page("admissions.process_reply", "admissions.process_reply", about="child"),
    "admissions:form-claims": Page("admissions.enter_form", "admissions.enter_form", about="child"),
    "admissions:form-contact": Page("admissions.enter_form", "admissions.enter_form", about="child"),
    "admissions:form-birth-date": Page(
        "admissions.report_birth_date", "admissions.report_birth_date", about="child"
    ),
    "admissions:form-versions": Page("admissions.view_school", about="child"),
    "admissions:form-letter": Page("admissions.enter_form", about="child", inside=True),
    "admissions:form-import": Page("admissions.enter_form", "admissions.enter_form"),
    "admissions:form-import-batch": Page("admissions.enter_form", "admissions.enter_form", about="batch"),
    "admissions:admitted-list": Page("admissions.view_school"),
    "admissions:drawn-out-list": Page("admissions.view_school"),
    "admissions:enrolled-export": Page("admissions.export_enrolled"),
    "admissions:bulk-enrol": Page("", "admissions.process_reply"),
    "admissions:reply": Page("admissions.process_reply", "admissions.process_reply", about="placement"),
    "admissions:confirm-rules": Page("", "admissions.confirm_rules"),
    "admissions:school-decisions": Page("admissions.view_decisions"),
    "admissions:decide-automatically": Page("", "admissions.draw_by_hand", inside=True),
    "admissions:decide-by-hand": Page("admissions.draw_by_hand", "admissions.draw_by_hand", inside=True),
    "admissions:decisions-ready": Page("", "admissions.draw_by_hand", inside=True),
    "admissions:hand-draw-open": Page("", "admissions.draw_by_hand", inside=True),
    "admissions:hand-draw": Page("admissions.draw_by_hand", "admissions.draw_by_hand", inside=True),
    "admissions:school-letters": Page("admissions.process_reply"),
    "admissions:letters-ready": Page("", "admissions.process_reply", about="round"),
    "admissions:letters-not-ready": Page("", "admissions.process_reply", about="round"),
    "admissions:letters-send": Page("", "admissions.process_reply", about="round"),
    "admissions:letters-reminders": Page("", "admissions.process_reply", about="round"),
    "admissions:school-messages": Page("admissions.view_school"),
    "admissions:reach": Page("admissions.process_reply", about="child"),
    "admissions:reach-contact": Page("", "admissions.process_reply", about="child"),
    "admissions:reach-reminder": Page("", "admissions.process_reply", about="child", inside=True),
    "admissions:reach-resend": Page("", "admissions.process_reply", about="failed_delivery"),
    "admissions:reach-phoned": Page("", "admissions.process_reply", about="failed_delivery"),
    "admissions:school-places": Page("admissions.view_school_settings"),
    "admissions:school-settings": Page("admissions.view_school_settings"),
    "admissions:helper-start": Page("admissions.look_along", "admissions.look_along"),
    "admissions:helper-end": Page("", "admissions.look_along"),
    "admissions:helper-list": Page("admissions.view_lookers"),
    "admissions:letter-list": Page("admissions.view_letters"),
    "admissions:letter-select": Page("", "admissions.change_letters"),
    "admissions:letter-edit": Page("admissions.change_letters", "admissions.change_letters"),
    "admissions:letter-mend": Page("", "admissions.change_letters"),
    "admissions:letter-approve": Page("", "admissions.approve_letters"),
    "admissions:letter-preview": Page("admissions.view_letters"),
    "admissions:school-logo": Page("admissions.view_letters"),
    "admissions:school-logo-change": Page("", "admissions.change_letters"),
    "admissions:school-edit": Page("admissions.change_school", "admissions.change_school"),
    "admissions:rules-edit": Page("admissions.change_rules", "admissions.change_rules"),
    "admissions:ceilings-edit": Page("admissions.change_ceiling", "admissions.change_ceiling"),
    "admissions:draw-mode-edit": Page("admissions.change_draw_mode", "admissions.change_draw_mode"),
    "admissions:capped-or-not": Page("admissions.view_school_settings"),
    "admissions:answer-card": Page("admissions.view_school_settings"),
    "admissions:move-ask": Page("admissions.request_move", "admissions.request_move", about="placed"),
    "admissions:school-ask": Page("admissions.ask_desk", "admissions.ask_desk"),
    "admissions:care-list": Page("admissions.view_care"),
    "admissions:care-signal": Page("admissions.work_on_care", "admissions.work_on_care"),
    "admissions:care-days": Page("", "admissions.work_on_care"),
    "admissions:care-detail": Page("admissions.view_care", "admissions.work_on_care", about="care"),
    # The programme office.
    "admissions:office-today": Page("admissions.view_office"),
    "admissions:round-list": Page("admissions.view_office"),
    "admissions:round-detail": Page("admissions.view_office", about="round"),
    "admissions:round-board": Page("admissions.view_office", about="round"),
    "admissions:round-board-screen": Page("admissions.view_office", about="round"),
    "admissions:round-board-remind": Page("admissions.run_rounds", "admissions.run_rounds", about="round"),
    "admissions:round-play": Page("admissions.run_rounds", "admissions.run_rounds", about="round"),
    "admissions:round-letters": Page("", "admissions.run_rounds", about="round"),
    "admissions:round-results": Page("admissions.view_office", about="round"),
    "admissions:round-report": Page("admissions.view_office", about="round", inside=True),
    "admissions:round-report-pdf": Page("admissions.view_office", about="round", inside=True),
    "admissions:round-report-csv": Page("admissions.view_office", about="round", inside=True),
    "admissions:job": Page("admissions.view_office", about="job"),
    "admissions:job-restart": Page("", "admissions.run_rounds", about="job"),
    "admissions:draw-room": Page("admissions.view_office"),
    "admissions:draw-room-round": Page("admissions.view_office", about="round"),
    "admissions:draw-freeze": Page("", "admissions.run_rounds", about="round"),
    "admissions:draw-confirm": Page("", "admissions.run_rounds", about="round"),
    "admissions:draw-compute": Page("", "admissions.run_rounds", about="round"),
    "admissions:draw-care": Page("", "admissions.run_rounds", about="round"),
    "admissions:draw-rules": Page("", "admissions.run_rounds", about="round"),
    "admissions:places-check": Page("admissions.view_office"),
    "admissions:ledger": Page("admissions.view_office"),
    "admissions:ledger-school": Page("admissions.view_office"),
    "admissions:board-mail": Page("admissions.run_rounds", "admissions.run_rounds"),
    "admissions:places-confirm": Page("", "admissions.run_rounds", inside=True),
    "admissions:places-last-year": Page("", "admissions.run_rounds"),
    "admissions:school-draws": Page("admissions.view_office", about="round"),
    "admissions:school-draw-void": Page("", "admissions.run_rounds", about="round", inside=True),
    "admissions:repair-list": Page("admissions.view_office", about="round"),
    "admissions:repair-propose": Page("admissions.run_rounds", "admissions.run_rounds", about="round"),
    "admissions:late-withdrawal-back": Page("", "admissions.run_rounds", about="late"),
    "admissions:repair": Page("lottery.view_sessions", "lottery.view_sessions", about="repair", inside=True),
    "admissions:draw-void": Page("", "lottery.view_sessions", about="session", inside=True),
    "admissions:clock": Page("admissions.manage_rehearsal", "admissions.manage_rehearsal"),
    "admissions:reset-year": Page("admissions.manage_rehearsal", "admissions.manage_rehearsal"),
    "admissions:child-search": Page("admissions.find_child"),
    "admissions:child-detail": Page("admissions.find_child", about="child"),
    "admissions:office-sheet": Page("admissions.find_child", about="child", inside=True),
    "admissions:sheet-link": Page("", "admissions.find_child", about="child"),
    "api:docs": Page(PUBLIC),
    "api:swagger": Page(PUBLIC),
    "api:schema": Page(PUBLIC),
    "api:statistics": Page(PUBLIC),
    "api:statistics-round": Page(PUBLIC, about="published"),
    "api:rounds": Page(TOKEN),
    "api:round": Page(TOKEN),
    "api:outcomes": Page(TOKEN),
    "api:nothing": Page(PUBLIC),
    "admissions:api-client-list": Page("admissions.manage_people", "admissions.manage_people"),
    "admissions:api-client-withdraw": Page("", "admissions.manage_people", about="api_client"),
    "admissions:public-figures": Page(PUBLIC),
    "admissions:school-finder": Page(PUBLIC),
    "admissions:paper-form": Page(PUBLIC),
    "admissions:paper-form-pdf": Page(PUBLIC),
    "admissions:figures": Page("admissions.view_office"),
    "admissions:figures-file": Page("admissions.plan_year", "admissions.plan_year"),
    "admissions:equity": Page("admissions.view_office"),
    "admissions:simulation-list": Page("admissions.view_office", "admissions.view_office"),
    "admissions:simulation": Page("admissions.view_office", about="simulation"),
    "admissions:simulation-cancel": Page("", "admissions.view_office", about="simulation"),
    "admissions:simulation-memo": Page("admissions.view_office", about="simulation"),
    "agenda": Page(PUBLIC, about="audience"),
    "admissions:planner": Page("admissions.view_office"),
    "admissions:planner-file": Page("admissions.plan_year", "admissions.plan_year"),
    "admissions:planner-round": Page(
        "admissions.plan_year", "admissions.plan_year", about="round", inside=True
    ),
    "admissions:planner-copy": Page("admissions.plan_year", "admissions.plan_year"),
    "admissions:planner-copy-school": Page("admissions.plan_year", "admissions.plan_year", inside=True),
    "admissions:planner-copy-round": Page(
        "admissions.plan_year", "admissions.plan_year", about="round", inside=True
    ),
    "admissions:school-add": Page("admissions.manage_schools", "admissions.manage_schools"),
    "admissions:school-import": Page("admissions.manage_schools", "admissions.manage_schools"),
    "admissions:school-change": Page("admissions.manage_schools", "admissions.manage_schools"),
    "admissions:programme-list": Page("admissions.manage_schools", "admissions.manage_schools"),
    "admissions:programme": Page("admissions.manage_schools", "admissions.manage_schools", about="programme"),
    "admissions:board-list": Page("admissions.manage_schools", "admissions.manage_schools"),
    "admissions:region-edit": Page("admissions.manage_region", "admissions.manage_region"),
    "admissions:region-add": Page("admissions.manage_region", "admissions.manage_region"),
    "admissions:member-list": Page("admissions.manage_people"),
    "admissions:member-add": Page("admissions.manage_people", "admissions.manage_people"),
    "admissions:member-import": Page("admissions.manage_people", "admissions.manage_people"),
    "admissions:member": Page("admissions.manage_people", "admissions.manage_people", about="member"),
    "admissions:event-list": Page("admissions.view_trail"),
    "admissions:event-check": Page("", "admissions.view_trail"),
    "admissions:outbox": Page("admissions.view_outbox"),
    "admissions:message": Page("admissions.view_outbox", about="message"),
    "admissions:letter": Page("admissions.view_outbox", about="message"),
    "admissions:post": Page("admissions.view_outbox"),
    "admissions:post-make": Page("", "admissions.run_rounds"),
    "admissions:post-posted": Page("", "admissions.run_rounds", about="print_batch"),
    "admissions:post-pdf": Page("admissions.view_outbox", about="print_batch"),
    "admissions:release": Page("admissions.view_outbox", about="round"),
    "admissions:release-look": Page("", "admissions.run_rounds", about="round"),
    "admissions:release-check": Page("", "admissions.run_rounds", about="round"),
    "admissions:release-confirm": Page("", "admissions.run_rounds", about="round"),
    "admissions:release-back": Page("", "admissions.run_rounds", about="round"),
    "admissions:release-read": Page("admissions.view_outbox", about="held_message"),
    "admissions:office-letters": Page("admissions.change_central_letters"),
    "admissions:office-letter-edit": Page(
        "admissions.change_central_letters", "admissions.change_central_letters"
    ),
    "admissions:office-letter-preview": Page("admissions.change_central_letters"),
    "admissions:case-list": Page("admissions.view_office"),
    "admissions:exception-list": Page("admissions.view_office"),
    "admissions:exception-new": Page("admissions.work_on_cases", "admissions.work_on_cases", inside=True),
    "admissions:exception": Page(
        "admissions.view_office", "admissions.work_on_cases", about="exception", inside=True
    ),
    "admissions:public-exceptions": Page(PUBLIC),
    "admissions:case-dispute": Page("admissions.work_on_cases", "admissions.work_on_cases"),
    "admissions:case": Page("admissions.view_office", "admissions.work_on_cases", about="case", inside=True),
    "admissions:school-list": Page("admissions.view_office"),
    "admissions:director-list": Page("admissions.change_directors"),
    "admissions:director": Page(
        "admissions.change_directors", "admissions.change_directors", about="listed_school"
    ),
    "admissions:move-list": Page("admissions.view_moves"),
    "admissions:move": Page("admissions.view_moves", "admissions.decide_move", about="move"),
    "admissions:question-list": Page("admissions.edit_questions"),
    "admissions:question-new": Page("admissions.edit_questions", "admissions.edit_questions"),
    "admissions:question-edit": Page(
        "admissions.edit_questions", "admissions.edit_questions", about="question"
    ),
    # VOVP: the office, and the parents' desk for opt-ins.
    "admissions:vovp": Page("admissions.view_opt_ins"),
    "admissions:vovp-round": Page("admissions.view_opt_ins", about="vovp_round"),
    "admissions:vovp-invite": Page("", "admissions.run_rounds", about="vovp_round"),
    "admissions:vovp-find": Page("admissions.register_opt_ins", about="vovp_round"),
    "admissions:vovp-places": Page("admissions.view_office", about="vovp_round"),
    "admissions:vovp-family": Page(
        "admissions.view_opt_ins", "admissions.register_opt_ins", about="participation"
    ),
    # The support desks.
    "admissions:ticket-list": Page("admissions.view_desk"),
    "admissions:ticket": Page(
        "admissions.view_desk", "admissions.work_on_tickets", about="ticket", inside=True
    ),
    "admissions:desk-case": Page("admissions.view_case_limited", "admissions.request_move_for_parents"),
    "admissions:desk-schools": Page("admissions.find_school"),
    "admissions:questions": Page(PUBLIC),
    "admissions:ask": Page(PUBLIC, PUBLIC),
    "admissions:office-care-list": Page("admissions.view_care_in_region"),
    "admissions:office-care": Page("admissions.view_care_in_region", "admissions.review_care", about="care"),
    # The notary's desk, and what the public downloads.
    "lottery:session-list": Page("lottery.view_sessions"),
    "lottery:session-detail": Page("lottery.view_sessions", about="session"),
    "lottery:session-step": Page("", "lottery.view_sessions", about="session", inside=True),
    "lottery:signed-copy": Page(
        "lottery.view_sessions", "lottery.view_sessions", about="session", inside=True
    ),
    "lottery:build-record": Page("", "lottery.view_sessions", about="session"),
    "lottery:session-file": Page("lottery.view_sessions", about="session"),
    "notifications:letter-link": Page(PUBLIC, about="letter_link"),
    "notifications:tracking": Page("", PUBLIC, about="mail_provider"),
    "lottery:public-sessions": Page(PUBLIC),
    "admissions:public-report": Page(PUBLIC, about="session"),
    "admissions:public-report-pdf": Page(PUBLIC, about="session"),
    "admissions:public-report-csv": Page(PUBLIC, about="session"),
    "lottery:verifier": Page(PUBLIC),
    "lottery:public-file": Page(PUBLIC, about="session"),
}


def opens(url_name: str) -> str:
    """The permission that opens this page; empty when everybody with its link may, or it is not known here."""
    page = PAGES.get(url_name, Page())
    return "" if page.get in (PUBLIC, ACCOUNT, TOKEN) else page.get

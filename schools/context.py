"""What every page shows around its content: menu of the role, round strip, banner of a rehearsal year, help.

``nav`` is lazy: a page that does not extend base.html costs no query. The school whose pages are shown follows from
the address (``/school/<brin>/``), so that somebody with two schools can have both open.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext, pgettext, pgettext_lazy

from schools import clock
from schools.access import may_open, memberships_of
from schools.enums import DESK_ROLES, SCHOOL_ROLES, Role, RoundKind
from schools.models import AMSTERDAM, AdmissionYear, Membership, Region, Round, School
from schools.workplaces import office_membership

# (label, name of the address); an entry shows to whom ``schools/matrix.py`` lets open its page.
SCHOOL_MENU = [
    (pgettext_lazy("menu", "Today"), "admissions:school-today"),
    (pgettext_lazy("menu", "Forms"), "admissions:application-list"),
    (pgettext_lazy("menu", "Decisions"), "admissions:school-decisions"),
    (pgettext_lazy("menu", "Care"), "admissions:care-list"),
    (pgettext_lazy("menu", "Admitted"), "admissions:admitted-list"),
    (pgettext_lazy("menu", "Drawn out"), "admissions:drawn-out-list"),
    (pgettext_lazy("menu", "Messages"), "admissions:school-messages"),
    (pgettext_lazy("menu", "Places"), "admissions:school-places"),
    (pgettext_lazy("menu", "Letter texts"), "admissions:letter-list"),
    (pgettext_lazy("menu", "Settings"), "admissions:school-settings"),
]
# A line without an address begins a group; a page joins the menu with one line in its group.
OFFICE_MENU = [
    (pgettext_lazy("menu group", "Today"), ""),
    (pgettext_lazy("menu", "Today"), "admissions:office-today"),
    (pgettext_lazy("menu", "Cases"), "admissions:case-list"),
    (pgettext_lazy("menu", "Questions"), "admissions:ticket-list"),
    (pgettext_lazy("menu group", "Rounds"), ""),
    (pgettext_lazy("menu", "Round board"), "admissions:round-list"),
    (pgettext_lazy("menu", "Draw room"), "admissions:draw-room"),
    (pgettext_lazy("menu", "Sessions"), "lottery:session-list"),
    (pgettext_lazy("menu", "VOVP"), "admissions:vovp"),
    (pgettext_lazy("menu", "Place ledger"), "admissions:ledger"),
    (pgettext_lazy("menu", "Figures"), "admissions:figures"),
    (pgettext_lazy("menu", "Connections"), "admissions:api-client-list"),
    (pgettext_lazy("menu", "What if"), "admissions:simulation-list"),
    (pgettext_lazy("menu group", "Children"), ""),
    (pgettext_lazy("menu", "Find a child"), "admissions:child-search"),
    (pgettext_lazy("menu", "Care"), "admissions:office-care-list"),
    (pgettext_lazy("menu", "Moving house"), "admissions:move-list"),
    (pgettext_lazy("menu group", "Letters"), ""),
    (pgettext_lazy("menu", "Sending"), "admissions:outbox"),
    (pgettext_lazy("menu", "Letter texts"), "admissions:office-letters"),
    (pgettext_lazy("menu group", "Schools and people"), ""),
    (pgettext_lazy("menu", "Schools"), "admissions:school-list"),
    (pgettext_lazy("menu", "People"), "admissions:member-list"),
    (pgettext_lazy("menu group", "Year"), ""),
    (pgettext_lazy("menu", "Year planner"), "admissions:planner"),
    (pgettext_lazy("menu", "Questions and answers"), "admissions:question-list"),
    (pgettext_lazy("menu", "Events"), "admissions:event-list"),
]
NOTARY_MENU = [
    (pgettext_lazy("menu", "Sessions"), "lottery:session-list"),
]
DESK_MENU = [
    (pgettext_lazy("menu", "Questions"), "admissions:ticket-list"),
    (pgettext_lazy("menu", "Find a case"), "admissions:desk-case"),
    (pgettext_lazy("menu", "VOVP"), "admissions:vovp"),
    (pgettext_lazy("menu", "Schools"), "admissions:desk-schools"),
]


@dataclass
class Entry:
    label: str
    url: str
    current: bool = False
    count: int | None = None
    group: str = ""


@dataclass
class Group:
    """Entries of the menu under one heading."""

    label: str
    items: list[Entry]

    @property
    def current(self) -> bool:
        return any(entry.current for entry in self.items)


@dataclass
class Step:
    label: str
    when: str
    state: str  # done, now or later


@dataclass
class Strip:
    """The fixed days of one round, and where we are."""

    name: str
    now: str
    steps: list[Step]


@dataclass
class Navigation:
    items: list[Entry] = field(default_factory=list)
    footer: list[Entry] = field(default_factory=list)
    place: str = ""
    region: str = ""
    theme: str = ""
    person: str = ""
    home: str = "/"
    help: str = ""
    account: str = ""
    switch: str = ""  # where somebody with more than one place chooses
    ask: str = ""  # where somebody of a school asks the desk
    questions: str = ""  # the public questions and answers
    rehearsal: bool = False
    now: datetime | None = None
    strip: Strip | None = None
    desk: dict[str, str] = field(default_factory=dict)
    helper: Any = None  # the HelperView of somebody who looks along
    parents: list[Entry] = field(default_factory=list)

    @property
    def current(self) -> str:
        return next((entry.label for entry in self.items if entry.current), "")

    @property
    def groups(self) -> list[Group]:
        """The entries under their headings; empty for a menu without any."""
        if not any(entry.group for entry in self.items):
            return []
        return [Group(label, list(own)) for label, own in groupby(self.items, key=lambda e: e.group)]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``nav`` for base.html."""
    return {"nav": SimpleLazyObject(lambda: build(request))}


# Asked once per request, also when the view asked before.


def year_of(request: HttpRequest, region: Region) -> AdmissionYear | None:
    if not hasattr(request, "oa_year"):
        year = (
            AdmissionYear.objects.filter(region=region, is_planned=False)
            .annotate(read_at=clock.DatabaseNow())
            .order_by("-starts_on", "-pk")
            .first()
        )
        request.oa_year = year  # type: ignore[attr-defined]
        if year is not None:
            request.oa_now = clock.now(year, read=year.read_at)  # type: ignore[attr-defined]
    return request.oa_year  # type: ignore[attr-defined]


def now_of(request: HttpRequest, year: AdmissionYear) -> datetime:
    if not hasattr(request, "oa_now"):
        request.oa_now = clock.now(year)  # type: ignore[attr-defined]
    return request.oa_now  # type: ignore[attr-defined]


def rounds_of(request: HttpRequest, year: AdmissionYear) -> list[Round]:
    if not hasattr(request, "oa_rounds"):
        request.oa_rounds = list(year.rounds.order_by("position"))  # type: ignore[attr-defined]
    return request.oa_rounds  # type: ignore[attr-defined]


def build(request: HttpRequest) -> Navigation:
    nav = Navigation(help=help_for(request), account=_address("mfa_index"))
    nav.helper = getattr(request, "oa_helper", None)
    memberships = memberships_of(getattr(request, "user", None))
    if getattr(request, "user", None) is not None and request.user.is_authenticated:
        nav.person = str(request.user)
    if len({m.region or m.school for m in memberships}) > 1 and nav.helper is None:
        nav.switch = _address("own-places")
    school: School | None = getattr(request, "oa_school", None)
    # A page of the office says for which region it works; somebody may be more than one thing.
    office = getattr(request, "oa_office", None) or (office_membership(request) if memberships else None)
    if school is not None and office is not None and office.region_id != school.region_id:
        office = next((m for m in memberships if m.region_id == school.region_id), None)
    at_school = next((m for m in memberships if m.role in SCHOOL_ROLES), None)
    if school is None and office is None and at_school is not None:
        school = at_school.school
    region = _region(school, office)
    if school is not None:
        nav.place = school.name
        if may_open(request.user, "admissions:school-ask", school):
            nav.ask = _address("admissions:school-ask", brin=school.brin)
        nav.items = _entries(_open(SCHOOL_MENU, request, school), request, brin=school.brin)
        if office is not None and getattr(request, "oa_helper", None) is None:
            back = _entries(_open(_menu_of(office.role), request, region), request)
            if back:
                at_desk = office.role in DESK_ROLES
                word = gettext("Back to the desk") if at_desk else gettext("Back to the programme office")
                nav.items.insert(0, Entry(word, back[0].url))
    elif office is not None:
        nav.place = place_word(office.role)
        nav.items = _entries(_open(_menu_of(office.role), request, region), request)
    nav.home = nav.items[0].url if nav.items else "/"
    if region is None:
        return nav
    nav.region = region.name
    nav.questions = _address("admissions:questions", region=region.slug)
    nav.theme = "" if region.theme == "duin" else region.theme
    nav.desk = region.schools_desk._asdict()
    draws = _address("lottery:public-sessions", region=region.slug)
    if draws:
        nav.footer = nav.parents = [
            Entry(gettext("Find a school"), _address("admissions:school-finder", region=region.slug)),
            Entry(gettext("Application form"), _address("admissions:paper-form", region=region.slug)),
            Entry(
                gettext("Figures of earlier rounds"),
                _address("admissions:public-figures", region=region.slug),
            ),
            Entry(gettext("Check the draw yourself"), draws),
        ]
    year = year_of(request, region)
    if year is not None:
        nav.now = now_of(request, year)
        nav.rehearsal = year.clock_at is not None
        if memberships:
            nav.strip = round_strip(rounds_of(request, year), nav.now)
    return nav


# The question mark of a page opens this section; the beginning of the address name decides, the longest wins.
HELP_OF = {
    "admissions:school-today": "dag-van-de-school",
    "admissions:application": "formulieren",
    "admissions:entry": "formulieren",
    "admissions:form-": "formulieren",
    "admissions:decide": "besluiten",
    "admissions:decisions": "besluiten",
    "admissions:school-decisions": "besluiten",
    "admissions:hand-draw": "besluiten",
    "admissions:care": "zorg",
    "admissions:office-care": "zorg",
    "admissions:admitted": "toegelaten",
    "admissions:bulk": "toegelaten",
    "admissions:reply": "toegelaten",
    "admissions:drawn-out": "toegelaten",
    "admissions:enrolled": "toegelaten",
    "admissions:school-letters": "toegelaten",
    "admissions:letters-": "toegelaten",
    "admissions:school-messages": "toegelaten",
    "admissions:school-sheet": "toegelaten",
    "admissions:reach": "toegelaten",
    "admissions:move": "verhuizen",
    "admissions:case": "zaken",
    "admissions:exception": "zaken",
    "admissions:school-places": "plaatsen",
    "admissions:school-settings": "instellingen",
    "admissions:school-edit": "instellingen",
    "admissions:rules-edit": "instellingen",
    "admissions:ceilings-edit": "instellingen",
    "admissions:draw-mode": "instellingen",
    "admissions:capped": "instellingen",
    "admissions:answer-card": "instellingen",
    "admissions:confirm-rules": "instellingen",
    "admissions:letter-": "instellingen",
    "admissions:school-logo": "instellingen",
    "admissions:helper": "dag-van-de-school",
    # For families, without an account.
    "admissions:sheet": "loting",
    "admissions:public-": "loting",
    "admissions:school-finder": "loting",
    "admissions:paper-form": "loting",
    "admissions:ticket": "loketten",
    "admissions:desk": "loketten",
    "admissions:question": "loketten",
    "admissions:school-ask": "loketten",
    "admissions:ask": "loketten",
    "admissions:vovp": "vovp",
    "admissions:office": "programmabureau",
    "admissions:round": "programmabureau",
    "admissions:draw": "programmabureau",
    "admissions:": "programmabureau",
    "lottery:": "notaris",
    "check:": "loting",
    "account_": "inloggen",
    "own-": "inloggen",
    "mfa_": "inloggen",
}


def help_for(request: HttpRequest) -> str:
    """The section of the manual that belongs to this page (DH-193)."""
    match = getattr(request, "resolver_match", None)
    name = match.view_name if match else ""
    found = max((start for start in HELP_OF if name.startswith(start)), key=len, default="")
    return _address("help:topic", topic=HELP_OF[found]) if found else _address("help:index")


def _menu_of(role: str) -> list[tuple[Any, str]]:
    if role in DESK_ROLES:
        return DESK_MENU
    return NOTARY_MENU if role == Role.NOTARY else OFFICE_MENU


def place_word(role: str) -> str:
    """Where somebody with a role in the region sits."""
    if role in DESK_ROLES:
        return str(Role(role).label)
    return gettext("Notary") if role == Role.NOTARY else gettext("Programme office")


def _open(menu: list[tuple[Any, str]], request: HttpRequest, place: Any) -> list[tuple[Any, str]]:
    """The entries this user may open there, with the headings of their groups."""
    return [entry for entry in menu if not entry[1] or may_open(request.user, entry[1], place)]


def _region(school: School | None, office: Membership | None) -> Region | None:
    if school is not None:
        return school.region
    if office is not None:
        return office.region
    regions = list(Region.objects.all()[:2])  # nobody logged in: the name of the house, if there is only one
    return regions[0] if len(regions) == 1 else None


def _address(name: str, **kwargs: str) -> str:
    try:
        return reverse(name, kwargs=kwargs or None)
    except NoReverseMatch:
        return ""


def _entries(menu: list[tuple[Any, str]], request: HttpRequest, **kwargs: str) -> list[Entry]:
    section = getattr(request, "oa_section", "")  # a view may say to which entry its page belongs
    found: list[tuple[str, Entry]] = []
    group = ""
    for label, name in menu:
        if not name:
            group = str(label)
        elif url := _address(name, **kwargs):
            found.append((name, Entry(str(label), url, group=group)))
    inside = [(name, entry) for name, entry in found if name == section or request.path.startswith(entry.url)]
    if inside:
        # Otherwise the entry with the longest address that begins this one.
        max(inside, key=lambda pair: (pair[0] == section, len(pair[1].url)))[1].current = True
    return [entry for _name, entry in found]


# The round strip


def current_round(rounds: list[Round], today: date) -> Round | None:
    """The round that began last; before the first one begins, the first."""
    begun = [r for r in rounds if (start := _start(r)) is not None and start <= today]
    return begun[-1] if begun else (rounds[0] if rounds else None)


def _start(round_: Round) -> date | None:
    return round_.parents_from if round_.kind == RoundKind.ALM else round_.opt_in_from


def reply_until(round_: Round) -> date | None:
    return round_.offers_on + timedelta(weeks=round_.reply_weeks) if round_.offers_on else None


def round_strip(rounds: list[Round], now: datetime) -> Strip | None:
    today = local_day(now)
    round_ = current_round(rounds, today)
    if round_ is None:
        return None
    plan = [(label, first, last) for label, first, last in _plan(round_) if last is not None]
    if not plan:  # a round without any day is not over: nobody has planned it yet
        return Strip(round_name(round_), gettext("There are no dates yet"), [])
    current = next((i for i, (_label, _first, last) in enumerate(plan) if last >= today), None)
    steps = [
        Step(
            label,
            _when(first, last),
            "done" if current is None or i < current else "now" if i == current else "later",
        )
        for i, (label, first, last) in enumerate(plan)
    ]
    word = gettext("finished") if current is None else steps[current].label
    return Strip(round_name(round_), gettext("Now: %(step)s") % {"step": word[:1].lower() + word[1:]}, steps)


def local_day(now: datetime) -> date:
    return now.astimezone(AMSTERDAM).date()


def _plan(round_: Round) -> list[tuple[str, date | None, date | None]]:
    """The steps of a round with their first and last day; the first day may be open."""
    draw = round_.central_matching_on
    frozen = draw - timedelta(days=1) if draw else None
    ending: list[tuple[str, date | None, date | None]] = [
        (pgettext("step", "Freeze"), frozen, frozen),
        (pgettext("step", "Draw with the notary"), draw, draw),
    ]
    if round_.kind == RoundKind.ALM:
        checks_from = round_.processing_until + timedelta(days=1) if round_.processing_until else None
        checks_until = frozen - timedelta(days=1) if frozen else None
        beginning = [
            (pgettext("step", "Parents apply"), round_.parents_from, round_.parents_until),
            (pgettext("step", "School processes"), None, round_.processing_until),
            (pgettext("step", "Care and checks"), checks_from, checks_until),
        ]
    else:
        beginning = [(pgettext("step", "Parents opt in"), round_.opt_in_from, round_.opt_in_until)]
        if round_.visible_to_schools_at:
            seen = local_day(round_.visible_to_schools_at)
            ending.append((pgettext("step", "Schools see the result"), seen, seen))
    return [
        *beginning,
        *ending,
        (pgettext("step", "Letters"), round_.offers_on, round_.offers_on),
        (pgettext("step", "Parents reply"), None, reply_until(round_)),
    ]


def _when(first: date | None, last: date) -> str:
    day = pgettext("date format", "j F")
    if first is None:
        return gettext("until %(day)s") % {"day": date_format(last, day)}
    if first == last:
        return date_format(last, day)
    begin = pgettext("date format", "j") if (first.year, first.month) == (last.year, last.month) else day
    return gettext("%(first)s to %(last)s") % {
        "first": date_format(first, begin),
        "last": date_format(last, day),
    }


def round_name(round_: Round) -> str:
    """Aanmeldperiode 2, VOVP 1: what people call the round."""
    number = "".join(c for c in round_.code if c.isdigit())
    if round_.kind == RoundKind.ALM:
        return gettext("Application period %(number)s") % {"number": number}
    return gettext("VOVP %(number)s") % {"number": number}


def short_round_name(round_: Round) -> str:
    """Periode 1, VOVP 1: for columns."""
    if round_.kind == RoundKind.ALM:
        return gettext("Period %(number)s") % {"number": "".join(c for c in round_.code if c.isdigit())}
    return round_name(round_)

"""The demo: a full-sized year with ALM1 played, and one account for every role. Never in production."""

import time
from dataclasses import dataclass
from pathlib import Path

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from admissions.services.figures.earlier_years import import_figures, read_figures
from admissions.services.year.import_applications import import_applications
from admissions.services.year.import_schools import read_calendar_json, region_for_import, set_up_year
from schools.enums import SCHOOL_ROLES, SECOND_FACTOR_ROLES, DrawMode, Role
from schools.errors import RefusedError
from schools.models import AdmissionYear, Membership, Region, School, SchoolRound, User

# The one year that comes with the project; its folder is named after its city.
DEMO_DIRECTORY = min(path for path in (Path(settings.BASE_DIR) / "demo").iterdir() if path.is_dir())
DEMO_DICE = "234226112252461444445241421635444616311454161326146525251514"
PASSWORD = "oefenen-met-loten"  # noqa: S105  printed by `make run`; production refuses the demo
TOTP_PERIOD = 30


class DemoRefused(RefusedError):
    """A demo belongs on a laptop, not in production."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    email: str
    name: str
    role: str
    totp_secret: str = ""  # base32; only for roles that need a second factor


# Invented people. The second manager is there because some steps need two.
ACCOUNTS = (
    DemoAccount("school@example.org", "Sanne Schoolman", Role.SCHOOL_ADMIN),
    DemoAccount("directeur@example.org", "Dirk Directeur", Role.SCHOOL_DIRECTOR),
    DemoAccount("hand@example.org", "Hanna Hand", Role.SCHOOL_ADMIN),
    DemoAccount(
        "manager@example.org", "Pien Manager", Role.PROGRAMME_MANAGER, "MANAGEROEFENING7MANAGEROEFENING7"
    ),
    DemoAccount(
        "manager2@example.org", "Karim Manager", Role.PROGRAMME_MANAGER, "TWEEDEMANAGER237TWEEDEMANAGER237"
    ),
    DemoAccount("kantoor@example.org", "Bo Kantoor", Role.CENTRAL_OFFICE, "KANTOOROEFENING2KANTOOROEFENING2"),
    DemoAccount("notaris@example.org", "Nora Notaris", Role.NOTARY, "NOTARISOEFENING3NOTARISOEFENING3"),
    DemoAccount("ib@example.org", "Ilse Begeleider", Role.CARE_COORDINATOR),
    DemoAccount(
        "scholen@example.org", "Wim Scholenloket", Role.SCHOOL_DESK, "SCHOLENOEFENING4SCHOLENOEFENING4"
    ),
    DemoAccount(
        "loket@example.org", "Lotte Ouderloket", Role.PARENT_DESK, "OUDERLOEFENING25OUDERLOEFENING25"
    ),
)
BY_HAND = "hand@example.org"  # at a school that draws by hand


# Made up, as everything in the demo: a letter is signed by the director of the central list (DH-153).
DIRECTORS = ("M. Voorbeeld", "A. el Proef", "J. van der Oefening", "S. Testema", "F. Nagespeeld")


def check_allowed() -> None:
    if not settings.REHEARSAL_ALLOWED:
        raise DemoRefused(_("This is a production installation: no demo is loaded here."))


def demo_year_code() -> str:
    calendar = read_calendar_json((DEMO_DIRECTORY / "calendar.json").read_bytes())
    return str(calendar["year"]["code"])


@transaction.atomic
def import_demo_year() -> AdmissionYear:
    """Import the demo directory as one transaction; the year is a rehearsal year."""
    check_allowed()
    region = region_for_import(None)
    calendar = read_calendar_json((DEMO_DIRECTORY / "calendar.json").read_bytes())
    year, _is_new, _unknown = set_up_year(
        region=region,
        calendar=calendar,
        schools_csv=(DEMO_DIRECTORY / "schools.csv").read_bytes(),
        actor=None,
    )
    for round_ in year.rounds.all():
        path = DEMO_DIRECTORY / f"applications-{round_.code}.csv"
        if path.exists():
            import_applications(round_=round_, content=path.read_bytes(), name=path.name, actor=None)
    earlier = (DEMO_DIRECTORY / "earlier-figures.csv").read_bytes()  # two years before, invented (DH-160)
    import_figures(read_figures(earlier, region=region, name="earlier-figures.csv"), year=year, actor=None)
    Region.objects.filter(pk=region.pk, desk_email="").update(
        desk_name=_("Parents' desk"),
        desk_email="ouders@example.org",
        desk_phone="070 000 0000",
        school_desk_name=pgettext("role", "Support desk for schools"),
        school_desk_email="scholen@example.org",
        school_desk_phone="070 000 0002",
    )
    schools = list(School.objects.filter(region=region))
    for school in schools:
        school.contact_email = school.contact_email or f"{school.brin.lower()}@example.org"
        school.contact_phone = school.contact_phone or "070 000 0001"
        school.director_name = school.director_name or DIRECTORS[school.pk % len(DIRECTORS)]
    fields = ["contact_email", "contact_phone", "director_name"]
    School.objects.bulk_update(schools, fields, batch_size=200)
    return year


def busiest_school(year: AdmissionYear, mode: str) -> School:
    """The capped school with this draw mode that most children put first in the first round."""
    rounds = SchoolRound.objects.filter(round__year=year, ceiling__gt=0, draw_mode=mode).order_by(
        "round__position"
    )
    found = rounds.annotate(count=Count("applications")).order_by("round__position", "-count", "pk").first()
    assert found is not None
    return found.programme.school


@transaction.atomic
def make_accounts(year: AdmissionYear) -> None:
    """One account for every role, with its second factor where the role needs one; may run twice."""
    check_allowed()
    digital, by_hand = busiest_school(year, DrawMode.DIGITAL), busiest_school(year, DrawMode.MANUAL)
    for account in ACCOUNTS:
        user = User.objects.filter(email=account.email).first()
        if user is None:
            user = User.objects.create_user(account.email, PASSWORD, name=account.name)
        if account.role in SCHOOL_ROLES:
            school = by_hand if account.email == BY_HAND else digital
            Membership.objects.get_or_create(user=user, role=account.role, school=school, region=None)
        else:
            Membership.objects.get_or_create(
                user=user,
                role=account.role,
                school=None,
                region=year.region,
                defaults={"may_see_care": account.role == Role.CENTRAL_OFFICE},
            )
        if account.totp_secret and not Authenticator.objects.filter(user=user).exists():
            TOTP.activate(user, account.totp_secret)


def login_lines() -> list[str]:
    """What somebody needs to log in, one line an account; the code is the one of this moment."""
    lines = []
    for account in ACCOUNTS:
        user = User.objects.filter(email=account.email).first()
        if user is None:
            continue
        membership = user.memberships.select_related("school", "region").first()
        where = (membership.school or membership.region) if membership else ""
        line = f"{account.email:24} {PASSWORD:20} {Role(account.role).label}, {where}"
        if account.role in SECOND_FACTOR_ROLES:
            code = format_hotp_value(hotp_value(account.totp_secret, int(time.time()) // TOTP_PERIOD))
            line += " · " + _("TOTP secret %(secret)s, code now %(code)s") % {
                "secret": account.totp_secret,
                "code": code,
            }
        lines.append(line)
    return lines

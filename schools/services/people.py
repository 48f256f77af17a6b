"""Who works with the system: inviting somebody to a role, and taking a role away at once (den-haag.md section 5)."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from schools.enums import SCHOOL_ROLES, Role
from schools.errors import RefusedError
from schools.models import AdmissionYear, Membership, Region, School, User
from schools.services.events import Fact, record_event


class PeopleRefused(RefusedError):
    """This person or role cannot be so; ``field`` names the field to blame."""


@transaction.atomic
def add_member(
    region: Region,
    *,
    email: str,
    name: str,
    role: str,
    school: School | None,
    actor: User,
    site: str,
    may_see_care: bool = False,
    invite: bool = True,
) -> Membership:
    """Give somebody a role; whoever has no account yet gets one, and a mail with a link to choose a password.

    Shapes: ``site`` the address of the installation, without a slash at the end. ``school`` for a role at a school.
    ``invite`` is False for a second role in the same breath: one mail is enough.
    Errors: PeopleRefused with the field.
    """
    at_school = role in SCHOOL_ROLES
    if at_school and school is None:
        raise PeopleRefused(_("Choose the school where this person works."), field="school")
    if not at_school and school is not None:
        raise PeopleRefused(_("This role is for the whole region: leave the school empty."), field="school")
    if school is not None and school.region_id != region.pk:
        raise PeopleRefused(_("This school is not in your region."), field="school")
    if may_see_care and role != Role.CENTRAL_OFFICE:
        raise PeopleRefused(
            _("Only people of the central office are named for care apart; other roles have it or not."),
            field="may_see_care",
        )
    user = User.objects.filter(email=email.lower()).first()
    if user is None:
        user = User.objects.create_user(email, name=name)
    elif not user.is_active:
        User.objects.filter(pk=user.pk).update(is_active=True)
        user.is_active = True
    try:
        with transaction.atomic():
            member = Membership.objects.create(
                user=user,
                role=role,
                school=school,
                region=None if at_school else region,
                may_see_care=may_see_care,
            )
    except IntegrityError as exc:
        raise PeopleRefused(_("This person has that role already."), field="email") from exc
    _tell(region, "member_added", member, actor=actor)
    if invite and not user.has_usable_password():
        transaction.on_commit(lambda: send_invitation(user, region=region, site=site))
    return member


@transaction.atomic
def change_person(user: User, *, region: Region, name: str, email: str, actor: User, site: str) -> list[str]:
    """Another name or address for an account; answers which of the two changed.

    Another address logs the person out everywhere and is told to the old one: it is a key of the account, and two
    people must stay two people. Who has not chosen a password yet is invited at the new address.
    Errors: PeopleRefused for an address that is taken, for the own address, and for somebody with a role in a region
    that ``actor`` does not manage.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    before = user.email
    wanted = {"name": " ".join(name.split()), "email": email.strip().lower()}
    changed = [field for field, value in wanted.items() if getattr(user, field) != value]
    if not changed:
        return []
    _check_holds_account(user, actor)
    if "email" in changed:
        if user.pk == actor.pk:
            raise PeopleRefused(
                _("You cannot change your own address. Ask the other programme manager."), field="email"
            )
        if User.objects.filter(email=wanted["email"]).exists():
            raise PeopleRefused(_("Somebody else has this address."), field="email")
    User.objects.filter(pk=user.pk).update(**wanted)
    user.refresh_from_db()
    fact = Fact("member_changed", "user", str(user.pk), new=" ".join(changed))  # which, never what
    record_event(_year(region), fact, actor=actor)
    if "email" in changed:
        end_sessions(user)
        if user.has_usable_password():
            transaction.on_commit(
                lambda: send_warning(user, "address", to=before, region=region, actor=actor)
            )
        else:
            transaction.on_commit(lambda: send_invitation(user, region=region, site=site))
    return changed


@transaction.atomic
def remove_member(member: Membership, *, region: Region, actor: User) -> None:
    """Take a role away. It counts from the next click on; without any role left the account is closed too.

    Errors: PeopleRefused for the own role, and for the last programme manager of a region.
    """
    if member.user_id == actor.pk:
        raise PeopleRefused(_("You cannot take your own role away. Ask the other programme manager."))
    if member.role == Role.PROGRAMME_MANAGER:
        others = Membership.objects.select_for_update().filter(
            region=region, role=Role.PROGRAMME_MANAGER, user__is_active=True
        )
        if not [other for other in others if other.pk != member.pk]:
            raise PeopleRefused(_("A region keeps at least one programme manager. Add another first."))
    _tell(region, "member_removed", member, actor=actor)
    user = member.user
    member.delete()
    if not user.memberships.exists() and not user.is_superuser:
        User.objects.filter(pk=user.pk).update(is_active=False)
    end_sessions(user)


@transaction.atomic
def reset_second_factor(user: User, *, region: Region, actor: User, reason: str) -> None:
    """Somebody lost the phone: forget the codes, so that the next login sets them up again. The person is told.

    Errors: PeopleRefused without a reason, for oneself (whoever can log in needs no reset), and for somebody with
    a role in a region that ``actor`` does not manage.
    """
    if user.pk == actor.pk:
        raise PeopleRefused(_("Change your own second factor under your account."))
    if not reason.strip():
        raise PeopleRefused(_("Write down how you know that it is really this person."), field="reason")
    _check_holds_account(user, actor)
    Authenticator.objects.filter(user=user).delete()
    record_event(
        _year(region), Fact("second_factor_reset", "user", str(user.pk), reason=reason.strip()), actor=actor
    )
    end_sessions(user)
    transaction.on_commit(
        lambda: send_warning(user, "second factor", to=user.email, region=region, actor=actor)
    )


def _check_holds_account(user: User, actor: User) -> None:
    """An address and a second factor are keys to every place of an account: who changes them manages all of those."""
    mine = actor.memberships.filter(role=Role.PROGRAMME_MANAGER).values("region")
    if user.memberships.exclude(Q(region__in=mine) | Q(school__region__in=mine)).exists():
        raise PeopleRefused(
            _("This person works for another region too. Ask somebody who is programme manager of both.")
        )


def end_sessions(user: User) -> None:
    """Log somebody out everywhere."""
    for session in Session.objects.iterator(chunk_size=500):
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()


def send_invitation(user: User, *, region: Region, site: str) -> None:
    """A mail with a link to choose a password; it works for the days of ``PASSWORD_RESET_TIMEOUT``, and once."""
    key = default_token_generator.make_token(user)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})
    context = {
        "person": user,
        "region": region,
        "link": f"{site}{path}",
        "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
        "again": f"{site}{reverse('account_reset_password')}",
    }
    with translation.override(user.language):
        text = render_to_string("account/email/invitation.txt", context)
        subject = _("Your account for %(region)s") % {"region": " ".join(region.name.split())}
    EmailMessage(subject, text, to=[user.email]).send()


def send_warning(user: User, what: str, *, to: str, region: Region, actor: User) -> None:
    """Tell somebody that another person changed a key of the account: its ``address`` or its ``second factor``."""
    with translation.override(user.language):
        context = {"person": user, "what": what, "region": region, "actor": actor}
        text = render_to_string("account/email/account_changed.txt", context)
        subject = _("Your account for %(region)s was changed") % {"region": " ".join(region.name.split())}
    EmailMessage(subject, text, to=[to]).send()


def _tell(region: Region, kind: str, member: Membership, *, actor: User) -> None:
    place = member.school.brin if member.school else region.slug
    record_event(
        _year(region), Fact(kind, "user", str(member.user_id), new=f"{member.role} {place}"), actor=actor
    )


def _year(region: Region) -> AdmissionYear:
    year = AdmissionYear.objects.filter(region=region, is_planned=False).order_by("-starts_on", "-pk").first()
    if year is None:
        raise PeopleRefused(_("This region has no admission year yet. Import one first."))
    return year

"""Somebody loses a role: what that person still works on goes to a colleague first, in one step."""

from django.db import transaction

from admissions.services.cases.working import hand_over_everything, held_by
from schools.enums import Role
from schools.models import Membership, Region, User
from schools.services.people import remove_member

OFFICE_ROLES = (Role.PROGRAMME_MANAGER, Role.CENTRAL_OFFICE)


def cases_left(member: Membership, region: Region) -> int:
    """How many cases would be without an owner who may see them, if this role were taken away."""
    others = member.user.memberships.filter(region=region, role__in=OFFICE_ROLES).exclude(pk=member.pk)
    if member.role not in OFFICE_ROLES or others.exists():
        return 0
    return held_by(member.user, region).count()


@transaction.atomic
def take_role_away(member: Membership, *, region: Region, to: User | None, actor: User) -> int:
    """Take a role away, after handing over the open cases; answers how many those were.

    Errors: CaseError when there are open cases and nobody to take them over, or a colleague who may not see one of
    them; PeopleRefused as ``remove_member``. Then nothing has changed.
    """
    count = 0
    if cases_left(member, region):
        count = hand_over_everything(member.user, region=region, to=to, actor=actor)
    remove_member(member, region=region, actor=actor)
    return count

"""Where somebody works now, when an account has roles in more than one place.

The choice only says which region the pages of the office, the desks and the notary are about. It gives nothing: each
page asks the permission of that region again, with the roles that the person has there.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.http import HttpRequest

from schools.access import memberships_of
from schools.enums import DESK_ROLES, REGION_ROLES
from schools.models import Membership, Region, School

SESSION_KEY = "oa_region"
FOR_REGION = REGION_ROLES | DESK_ROLES


@dataclass(frozen=True, slots=True)
class Workplace:
    """A region with the roles somebody has in it, or a school."""

    place: Region | School
    roles: tuple[str, ...]
    is_here: bool = False


def office_membership(request: HttpRequest, roles: Collection[str] = FOR_REGION) -> Membership | None:
    """The membership with one of ``roles`` in the region chosen, or without a choice the first there is."""
    mine = [m for m in memberships_of(request.user) if m.role in FOR_REGION and m.region_id is not None]
    chosen = request.session.get(SESSION_KEY) if len(mine) > 1 else None
    # A role that was taken away meanwhile leaves a choice of nothing: then it counts as no choice.
    if any(m.region_id == chosen for m in mine):
        mine = [m for m in mine if m.region_id == chosen]
    return next((m for m in mine if m.role in roles), None)


def choose_region(request: HttpRequest, slug: str) -> bool:
    """Work for this region from now on, until another choice or the end of the session; False for a foreign one."""
    own = {m.region.slug: m.region_id for m in memberships_of(request.user) if m.region is not None}
    if slug not in own:
        return False
    request.session[SESSION_KEY] = own[slug]
    return True


def workplaces_of(request: HttpRequest) -> list[Workplace]:
    """Every place of this account: regions by name, then schools by name."""
    here = office_membership(request)
    found: dict[Region | School, list[str]] = {}
    for membership in memberships_of(request.user):
        place = membership.region or membership.school
        if place is not None:
            found.setdefault(place, []).append(str(membership.get_role_display()))
    return [
        Workplace(place, tuple(roles), here is not None and place == here.region)
        for place, roles in sorted(found.items(), key=lambda one: (isinstance(one[0], School), one[0].name))
    ]

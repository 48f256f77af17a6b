"""Which roles somebody has at a school or in a region; the permissions of the apps are built from these."""

from typing import Any

import rules

from schools.enums import Role
from schools.matrix import MATRIX, NAMED_FOR_CARE, PAGES, Grant
from schools.models import Membership, Region, School


def memberships_of(user: Any) -> list[Membership]:
    """The memberships of ``user``; kept on the object, which lives as long as one request."""
    if not getattr(user, "is_authenticated", False):
        return []
    if not hasattr(user, "known_memberships"):
        query = Membership.objects.filter(user_id=user.pk).select_related("school__region", "region")
        user.known_memberships = list(query.order_by("pk"))
    memberships: list[Membership] = user.known_memberships
    return memberships


def roles_at(user: Any, school: School) -> frozenset[str]:
    """Roles at ``school`` itself, and those in the region that it belongs to."""
    return frozenset(
        membership.role
        for membership in memberships_of(user)
        if membership.school_id == school.pk or membership.region_id == school.region_id
    )


def roles_in(user: Any, region: Region) -> frozenset[str]:
    return frozenset(m.role for m in memberships_of(user) if m.region_id == region.pk)


def is_named_for_care(user: Any, school: School) -> bool:
    """Central office staff who may see care data (DH-180)."""
    return any(
        m.role == Role.CENTRAL_OFFICE and m.region_id == school.region_id and m.may_see_care
        for m in memberships_of(user)
    )


def kinds_of(user: Any, place: School | Region) -> frozenset[str]:
    """What ``user`` is at a school or in a region, in the words of the matrix: roles, and named for care."""
    if isinstance(place, School):
        kinds, region_id = roles_at(user, place), place.region_id
    else:
        kinds, region_id = roles_in(user, place), place.pk
    named = any(
        m.role == Role.CENTRAL_OFFICE and m.region_id == region_id and m.may_see_care
        for m in memberships_of(user)
    )
    return kinds | {NAMED_FOR_CARE} if named else kinds


def has_grant(grant: Grant) -> Any:
    """The predicate of one row of the matrix; asked with nothing, or with the wrong kind of place, it says no."""
    kind = School if grant.on == "school" else Region

    @rules.predicate
    def holds(user: Any, place: School | Region | None) -> bool:
        return isinstance(place, kind) and not grant.who.isdisjoint(kinds_of(user, place))

    return holds


def register_permissions(app: str) -> None:
    """Make the permissions of one app known to ``user.has_perm``; its ``rules.py`` calls this."""
    for name, grant in MATRIX.items():
        if name.startswith(f"{app}."):
            rules.set_perm(name, has_grant(grant))


def may_open(user: Any, url_name: str, place: School | Region) -> bool:
    """Whether a menu may show this page to ``user``; the page itself asks again."""
    page = PAGES.get(url_name)
    if page is None or page.get not in MATRIX:
        return page is not None
    kind = School if MATRIX[page.get].on == "school" else Region
    return isinstance(place, kind) and bool(user.has_perm(page.get, place))

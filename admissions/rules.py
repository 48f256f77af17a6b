"""Makes the permissions of this app known; who has which stands in ``schools/matrix.py`` and nowhere else."""

from schools.access import register_permissions
from schools.enums import DESK_ROLES, Role

SCHOOL_STAFF = frozenset({Role.SCHOOL_ADMIN, Role.SCHOOL_DIRECTOR})
OFFICE = frozenset({Role.PROGRAMME_MANAGER, Role.CENTRAL_OFFICE})
OFFICE_AND_DESKS = OFFICE | DESK_ROLES

register_permissions("admissions")

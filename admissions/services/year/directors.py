"""The central list of directors: the name that must stand under a school's letters (DH-153d).

The list belongs to the programme office. A school reads it and asks for a change; if it could change the name itself
the check would compare a letter with its own words.
"""

from django.db import transaction

from schools.models import AdmissionYear, School, User
from schools.services.events import Fact, record_event


@transaction.atomic
def set_director(year: AdmissionYear, school: School, name: str, *, actor: User) -> bool:
    """Put ``name`` on the central list for this school; answers whether that changed anything.

    The trail says that the name of this school changed and who did it, never the name. Letters that were not sent
    are checked against the new name from now on.
    """
    locked = School.objects.select_for_update().get(pk=school.pk)
    if locked.director_name == name:
        return False
    locked.director_name = name
    locked.save(update_fields=["director_name"])
    record_event(year, Fact("director_set", "school", locked.brin), actor=actor)
    return True

"""The procedures this installation knows, by key."""

from django.utils.translation import gettext as _

from admissions.procedures.base import Parameters, Procedure
from admissions.procedures.den_haag import DenHaag
from schools.errors import RefusedError
from schools.models import Region

PROCEDURES: dict[str, type[Procedure]] = {procedure.key: procedure for procedure in (DenHaag,)}
DEFAULT: type[Procedure] = DenHaag


class UnknownProcedure(RefusedError):
    """The region names a procedure that this installation does not have."""


def procedure_of(region: Region) -> Procedure:
    try:
        procedure = PROCEDURES[region.procedure_key]
    except KeyError as exc:
        raise UnknownProcedure(
            _("The procedure “%(key)s” of this region does not exist here.") % {"key": region.procedure_key}
        ) from exc
    return procedure(Parameters.read(region.parameters))

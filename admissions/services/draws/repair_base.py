"""What every kind of repair has: a preview for both people, the mend itself, and the public sentence."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from admissions.enums import RepairState
from admissions.models import Repair
from lottery.enums import SessionKind
from lottery.models import DrawSession
from schools.errors import RefusedError
from schools.models import User


class RepairError(RefusedError):
    """This cannot be mended like that."""


class Kind(ABC):
    """One kind of repair."""

    needs_document: ClassVar[bool] = True

    @abstractmethod
    def preview(self, repair: Repair) -> dict[str, Any]:
        """What it would do, for both people to read; RepairError when it cannot be done."""

    @abstractmethod
    def carry_out(self, repair: Repair, actor: User) -> RepairState:
        """Do it; the caller holds the transaction and the row."""

    @abstractmethod
    def notice(self, repair: Repair) -> str:
        """One sentence for the record and the public page: no name, no number, no school."""


def official_alm(repair: Repair) -> DrawSession:
    session = repair.session
    if session.kind != SessionKind.ROUND or not session.is_official:
        raise RepairError(_("Only an official result can be mended: this session has none yet."))
    return session

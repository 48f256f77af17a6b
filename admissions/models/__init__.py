"""Children, applications and seats."""

from admissions.models.api_clients import ApiClient
from admissions.models.applications import (
    Application,
    ApplicationForm,
    CareCase,
    FormVersion,
    Preference,
    PriorityClaim,
)
from admissions.models.care import CareDay, CareLetter
from admissions.models.cases import Case, CaseEntry
from admissions.models.children import Child, Guardian
from admissions.models.contacts import ContactAttempt, ReminderStop
from admissions.models.entries import FormEntry
from admissions.models.exceptions import PlaceException
from admissions.models.figures import PublishedRound, PublishedSchool
from admissions.models.links import SheetLink
from admissions.models.openings import FileOpening
from admissions.models.opt_ins import OptInMessage
from admissions.models.places import LedgerEntry, MoveRequest, Participation, Placement, Withdrawal
from admissions.models.repairs import LateWithdrawal, Repair
from admissions.models.simulations import Simulation

__all__ = [
    "ApiClient",
    "Application",
    "ApplicationForm",
    "CareCase",
    "CareDay",
    "CareLetter",
    "Case",
    "CaseEntry",
    "Child",
    "ContactAttempt",
    "FileOpening",
    "FormEntry",
    "FormVersion",
    "Guardian",
    "LateWithdrawal",
    "LedgerEntry",
    "MoveRequest",
    "OptInMessage",
    "Participation",
    "PlaceException",
    "Placement",
    "Preference",
    "PriorityClaim",
    "PublishedRound",
    "PublishedSchool",
    "ReminderStop",
    "Repair",
    "SheetLink",
    "Simulation",
    "Withdrawal",
]

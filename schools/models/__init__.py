"""Schools, people, years and rounds; the trail of events and jobs."""

from schools.models.desk import Question, Ticket
from schools.models.helping import HelperView, HelperVisit
from schools.models.people import Membership, User
from schools.models.region import Board, Desk, Region
from schools.models.school import PriorityRule, Programme, School
from schools.models.setup import SetupConfirmation
from schools.models.trail import Event, EventHead, Job
from schools.models.year import (
    AMSTERDAM,
    AdmissionYear,
    ProgrammeYear,
    Round,
    SchoolRound,
    end_of_day,
    local_moment,
)

__all__ = [
    "AMSTERDAM",
    "AdmissionYear",
    "Board",
    "Desk",
    "Event",
    "EventHead",
    "HelperView",
    "HelperVisit",
    "Job",
    "Membership",
    "PriorityRule",
    "Programme",
    "ProgrammeYear",
    "Question",
    "Region",
    "Round",
    "School",
    "SchoolRound",
    "SetupConfirmation",
    "Ticket",
    "User",
    "end_of_day",
    "local_moment",
]

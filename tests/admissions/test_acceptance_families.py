"""The worked examples of den-haag.md section 7: corrections, withdrawals and moving house (AE-12, AE-19, AE-22)."""

from datetime import date

import pytest

from admissions.enums import Decision, FormState, MoveState, PlacementState
from admissions.models import ApplicationForm, Case, Withdrawal
from admissions.services.forms.application_forms import (
    FormError,
    FormProblems,
    Typed,
    create_draft,
    finalise_form,
    release_form,
    save_draft,
)
from admissions.services.forms.corrections import correct_birth_date, report_wrong_birth_date
from admissions.services.replies.answers import ReplyError
from admissions.services.replies.moves import decide_move, request_move, see_proof
from admissions.services.replies.withdrawal_reasons import Reason, ReasonError, checked_reason
from admissions.services.year.states import StateError
from lottery.models import DrawSession
from lottery.services.sessions import outcome_of
from notifications.models import Message
from tests.factories.city import City, Form, School, make_city
from tests.factories.schools import UserFactory, region_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kind", "detail", "is_reported", "accepted"),
    [
        ("other_school", "", False, False),
        ("other_school", "De Parel", False, True),
        ("other_school", "De Parel", True, True),
        ("uncapped_school", "", False, True),
        ("moved", "", False, False),  # inside or outside the city must be said
        ("moved_outside", "", False, True),
        ("moved_inside", "", False, False),
        ("moved_inside", "", True, True),
        ("no_reply", "2024-02-10", False, True),
        ("no_reply", "", False, False),
        ("", "", False, False),
        ("other_school", "andere school", False, False),  # too general
    ],
)
def test_withdrawal_needs_a_reason_that_says_enough(
    kind: str, detail: str, is_reported: bool, accepted: bool
):
    """AE-19, DH-124, DH-126"""
    if accepted:
        assert checked_reason(kind=kind, detail=detail, is_reported=is_reported) == Reason(
            kind, detail, is_reported
        )
    else:
        with pytest.raises(ReasonError):
            checked_reason(kind=kind, detail=detail, is_reported=is_reported)


def test_reported_withdrawal_reaches_the_programme_manager():
    """AE-19, M15"""
    city = make_city({"A": 2})
    city.apply("ALM1", a="A", b="A")
    city.play("ALM1")
    city.withdraw("a", on="2024-02-12", reason=Reason("moved_inside", "", True))
    city.withdraw("b", on="2024-02-12", reason=Reason("moved_outside"))
    assert list(Case.objects.values_list("kind", "application__form__form_reference")) == [
        ("withdrawal", "a")
    ]


def test_withdrawal_between_freeze_and_result_waits_for_the_result():
    """Q-10"""
    city = make_city({"A": 1})
    city.apply("ALM1", a="A")
    city.freeze("ALM1")
    city.withdraw("a", on="2024-01-10")  # stored: nothing of the list changes
    assert city.decisions() == {"a": Decision.UNDECIDED}
    assert not Withdrawal.objects.exists() and "VOVP1" not in city.ledger("A")
    with pytest.raises(ReplyError):
        city.withdraw("a", on="2024-01-18")
    city.play("ALM1")
    # The child was drawn and won its place; then it left, and the place goes to the next VOVP (DH-102).
    assert outcome_of(DrawSession.objects.get(round=city.round("ALM1"))).draws[0].children == 1
    assert city.decisions() == {"a": Decision.WITHDRAWN}
    assert Withdrawal.objects.get().effective_on == date(2024, 1, 10)
    assert Withdrawal.objects.get().placement is not None
    assert city.ledger("A")["VOVP1"] == {"freed_in": 1}


# --- AE-12 ----------------------------------------------------------------------------------------------------------


def typed(city: City, **cells: str) -> Typed:
    return Typed(
        city.row("ALM4", "a", Form("A", received_on="2024-09-20", cells=cells)), (1, 2, 3, 4, 5, 6, 7)
    )


def test_correction_of_a_form_until_the_processing_deadline():
    """AE-12, DH-051, DH-053 to DH-058"""
    city = make_city({"A": 1})
    city.play_until("ALM4")

    # (1) A typing error in the e-mail address.
    city.move_clock("2024-09-27T10:00")
    form = create_draft(city.school_round("A", "ALM4"), typed(city, email="ouder@exmaple.org"), actor=None)
    assert (form.state, city.decisions()["a"]) == (FormState.DRAFT, Decision.PENDING)
    form = finalise_form(form.pk, actor=None)
    assert (form.state, form.version, city.decisions()["a"]) == (FormState.FINAL, 1, Decision.UNDECIDED)

    # (2) Released, corrected, final again: a second confirmation.
    city.move_clock("2024-09-27T10:30")
    release_form(form.pk, actor=None)
    save_draft(form.pk, typed(city, email="ouder@example.org"), actor=None)
    form = finalise_form(form.pk, actor=None)
    assert (form.state, form.version) == (FormState.FINAL, 2)
    confirmations = Message.objects.filter(kind="M01").order_by("pk")
    assert list(confirmations.values_list("recipient_email", flat=True)) == [
        "ouder@exmaple.org",
        "ouder@example.org",
    ]

    # (3) A wrong family name on the extra processing day.
    city.move_clock("2024-10-01T16:00")
    release_form(form.pk, actor=None)
    save_draft(form.pk, typed(city, surname="Prof"), actor=None)
    form = finalise_form(form.pk, actor=None)
    assert (form.version, confirmations.count()) == (3, 3)
    assert [version.contents["surname"] for version in form.versions.all()] == ["Proef", "Proef", "Prof"]

    # (6) What parents hand in after their deadline is refused, although forms can still be entered.
    late = city.row("ALM4", "b", Form("A", received_on="2024-10-01"))
    with pytest.raises(FormProblems) as refused:
        create_draft(city.school_round("A", "ALM4"), Typed(late), actor=None)
    assert [problem.field for problem in refused.value.problems] == ["received_on"]

    # (4) After the deadline not even a name changes.
    city.move_clock("2024-10-02T00:00")
    with pytest.raises(FormError):
        release_form(form.pk, actor=None)
    with pytest.raises(FormError):
        save_draft(form.pk, typed(city), actor=None)

    # (5) A wrong birth date can only be reported; the programme manager corrects it.
    report_wrong_birth_date(city.application("a"), note="Paspoort: 6 oktober", actor=None)
    assert list(Case.objects.values_list("kind", "closed_at")) == [("birth_date", None)]
    manager = region_user(city.year.region)
    corrected = correct_birth_date(
        city.application("a").pk, born=date(2020, 10, 6), evidence="Paspoort gezien", actor=manager
    )
    assert corrected.decision == Decision.UNDECIDED
    child = city.application("a").child
    assert (child.date_of_birth, child.surname) == (date(2020, 10, 6), "Prof")
    assert Case.objects.get().closed_by == manager

    city.play("ALM4")
    assert city.outcomes("ALM4") == {"a": "A"}
    assert city.contradictions() == []


def test_birth_date_of_a_form_that_was_final_once_is_not_changed_by_the_school():
    """AE-12 (5), DH-058"""
    city = make_city({"A": 1})
    city.move_clock("2024-09-27T10:00")
    form = create_draft(city.school_round("A", "ALM4"), typed(city), actor=None)
    finalise_form(form.pk, actor=None)
    release_form(form.pk, actor=None)
    with pytest.raises(FormProblems) as refused:
        save_draft(form.pk, typed(city, date_of_birth="2020-10-06"), actor=None)
    assert [problem.field for problem in refused.value.problems] == ["date_of_birth"]


def test_corrected_birth_date_that_is_not_eligible_voids_the_application_and_frees_its_seat():
    """Q-11: other results stand, the seat goes to the next VOVP."""
    city = make_city({"A": 1})
    city.apply("ALM1", a="A", b="A")
    city.play("ALM1", {"A": "a b"})
    correct_birth_date(city.application("a").pk, born=date(2019, 10, 6), evidence="Paspoort", actor=None)
    assert city.decisions() == {"a": "void", "b": "unplaced"}
    assert city.ledger("A")["VOVP1"] == {"freed_in": 1}
    assert city.contradictions() == []


def test_form_released_at_the_deadline_falls_back_and_a_draft_does_not_take_part():
    """DH-059"""
    city = make_city({"A": 2})
    city.move_clock("2023-12-20T10:00")
    rows = {key: city.row("ALM1", key, "A") for key in "ab"}
    forms = {
        key: create_draft(city.school_round("A", "ALM1"), Typed(row, (1, 2, 3, 4, 5, 6, 7)), actor=None)
        for key, row in rows.items()
    }
    finalise_form(forms["a"].pk, actor=None)
    release_form(forms["a"].pk, actor=None)
    save_draft(forms["a"].pk, Typed(rows["a"] | {"surname": "Anders"}), actor=None)
    city.play("ALM1")
    assert city.outcomes("ALM1") == {"a": "A"}
    assert city.application("a").child.surname == "Proef"
    states = ApplicationForm.objects.order_by("form_reference").values_list("form_reference", "state")
    assert list(states) == [("a", FormState.LOCKED), ("b", FormState.EXPIRED)]
    assert Case.objects.filter(kind="not_final").count() == 2
    assert city.contradictions() == []


# --- AE-22 ----------------------------------------------------------------------------------------------------------


def city_with_a_child_enrolled_at_b() -> City:
    city = make_city({"A": 1, "B": School((1, 0, 0, 0))})
    city.apply("ALM1", first="B")
    city.play("ALM1")
    city.enrol("first", on="2024-01-25")
    city.move_clock("2024-03-05T09:00")
    return city


def same_child(schools: str) -> Form:
    return Form(schools, cells={"given_name": "Kind first"})


def refused_columns(city: City, round_code: str, **forms: Form) -> list[str]:
    return [row.error.partition(":")[0] for row in city.imported(round_code, **forms).refused]


def test_move_outside_the_catchment_area_gives_the_right_to_one_new_application():
    """AE-22, DH-125: seat freed to the VOVP, not to ALM2; a second form linked, a third refused."""
    city = city_with_a_child_enrolled_at_b()
    school, manager = UserFactory(), region_user(city.year.region)
    assert refused_columns(city, "ALM2", second=same_child("A")) == ["given_name"]

    request = request_move(city.application("first"), note="Verhuisd", actor=school)
    see_proof(request.pk, actor=manager)
    assert (
        decide_move(request.pk, outside_catchment=True, note="Ver van B", actor=manager).state
        == MoveState.APPROVED
    )
    assert city.placements() == [("first", "B", "ALM1", PlacementState.LAPSED)]
    assert refused_columns(city, "ALM2", second=same_child("A")) == ["given_name"]  # B withdraws first

    city.withdraw("first", on="2024-03-05", reason=Reason("moved_inside", "", True))
    assert city.ledger("B") == {
        "ALM1": {"ceiling": 1, "placed": -1, "withdrawn": 1, "freed_out": -1},
        "VOVP1": {"freed_in": 1},
    }
    city.apply("ALM2", second=same_child("A"))
    assert city.application("second").previous == city.application("first")
    assert city.application("second").child == city.application("first").child
    city.play("ALM2")
    assert city.seats() == {"second": "A"}
    assert refused_columns(city, "ALM3", third=same_child("A")) == ["given_name"]
    city.withdraw("second", on="2024-05-01")
    assert refused_columns(city, "ALM3", third=same_child("A")) == ["given_name"]
    assert city.contradictions() == []


def test_move_inside_the_catchment_area_changes_nothing():
    """AE-22, variant: rejected, the placement stays, a new form is refused by DH-034."""
    city = city_with_a_child_enrolled_at_b()
    manager = region_user(city.year.region)
    request = request_move(city.application("first"), note="Verhuisd", actor=UserFactory())
    see_proof(request.pk, actor=manager)
    decided = decide_move(request.pk, outside_catchment=False, note="Dichtbij", actor=manager)
    assert decided.state == MoveState.REJECTED
    assert city.seats() == {"first": "B"}
    assert refused_columns(city, "ALM2", second=same_child("A")) == ["given_name"]


def test_move_is_not_decided_before_the_proof_was_seen():
    """den-haag.md 4.5"""
    city = city_with_a_child_enrolled_at_b()
    request = request_move(city.application("first"), note="Verhuisd", actor=UserFactory())
    with pytest.raises(StateError):
        decide_move(request.pk, outside_catchment=True, note="Ver", actor=UserFactory())
    assert city.seats() == {"first": "B"}

"""The database keeps its own rules, also in tests that empty it."""

import pytest

from schools.triggers import missing_triggers, registered


@pytest.mark.django_db
def test_every_registered_trigger_is_there():
    assert registered() != []
    assert missing_triggers() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_triggers_are_back_after_the_database_was_emptied(turn: int):
    assert missing_triggers() == []

"""The database keeps its own rules, also in tests that empty it."""

import pytest
from django.apps import apps
from django.db import connection

from schools.triggers import install_triggers, make_way_before_migrate, missing_triggers, registered


@pytest.mark.django_db
def test_every_registered_trigger_is_there():
    assert registered() != []
    assert missing_triggers() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_triggers_are_back_after_the_database_was_emptied(turn: int):
    assert missing_triggers() == []


@pytest.mark.django_db
def test_triggers_make_way_for_a_migration_that_rebuilds_tables():
    """SQLite renames no table while a trigger of another table names it; without migrations nothing is touched."""
    schools = apps.get_app_config("schools")
    make_way_before_migrate(schools, "default", plan=[])
    assert missing_triggers() == []
    make_way_before_migrate(schools, "default", plan=["a migration"])
    assert (missing_triggers() == []) == (connection.vendor != "sqlite")
    install_triggers()
    assert missing_triggers() == []

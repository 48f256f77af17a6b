"""Rules that the database keeps by itself, also for raw SQL: the registry of triggers of all apps.

Apps register their triggers in ``triggers.py`` and ``post_migrate`` installs them again after every migrate, because
SQLite silently drops the triggers of a table that a migration rebuilds. ``check_integrity`` counts them.
"""

from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig
from django.db import connections


@dataclass(frozen=True, slots=True)
class Rule:
    """Refuse an operation on a row when ``condition`` (SQL over NEW and OLD) is true.

    ``lock`` is SQL that PostgreSQL runs first, to queue writers who count the same thing; SQLite has one writer.
    ``vendor`` names the only database that needs the rule.
    """

    name: str
    table: str
    event: str  # INSERT, UPDATE, DELETE; or TRUNCATE, which has no rows
    condition: str
    message: str
    lock: str = ""
    vendor: str = ""


_RULES: dict[str, Rule] = {}


def register(*rules: Rule) -> None:
    for rule in rules:
        _RULES[rule.name] = rule


def registered(using: str = "default") -> list[Rule]:
    """The rules that belong in this database."""
    vendor = connections[using].vendor
    rules = [rule for rule in _RULES.values() if rule.vendor in ("", vendor)]
    if vendor == "postgresql":
        rules += _not_emptied({rule.table for rule in rules if rule.event == "DELETE"})
    return sorted(rules, key=lambda rule: rule.name)


def _not_emptied(tables: set[str]) -> list[Rule]:
    """TRUNCATE passes by the triggers of rows: where a DELETE is guarded it is refused."""
    return [
        Rule(f"{table}_no_truncate", table, "TRUNCATE", "1=1", f"{table}: TRUNCATE is refused")
        for table in sorted(tables)
    ]


def append_only(table: str, year_of_old: str) -> tuple[Rule, Rule]:
    """No UPDATE ever; DELETE only inside the transaction that resets a rehearsal year."""
    return (
        Rule(f"{table}_no_update", table, "UPDATE", "1=1", f"{table} is append-only: UPDATE is refused"),
        deletable_only_in_reset(table, year_of_old),
    )


def deletable_only_in_reset(table: str, year_of_old: str) -> Rule:
    return Rule(
        f"{table}_no_delete",
        table,
        "DELETE",
        f"(SELECT reset_started_at FROM schools_admissionyear WHERE id = ({year_of_old})) IS NULL",
        f"{table}: DELETE is refused",
    )


def never_replaced(table: str, *same: str) -> Rule:
    """Refuse an INSERT that would take the place of a row: by its id, or by what ``same`` says of row ``r`` and NEW.

    SQLite's INSERT OR REPLACE deletes the old row without asking the trigger that guards against DELETE. PostgreSQL
    has no such statement; there the question would only cost time at every row.
    """
    is_there = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} r WHERE {condition})" for condition in ("r.id = NEW.id", *same)
    )
    message = f"{table}: a row is not replaced"
    return Rule(f"{table}_no_replace", table, "INSERT", is_there, message, vendor="sqlite")


def _drop_statement(rule: Rule, vendor: str) -> str:
    return f"DROP TRIGGER IF EXISTS {rule.name}" + ("" if vendor == "sqlite" else f" ON {rule.table}")


def _create_statements(rule: Rule, vendor: str) -> list[str]:
    if vendor == "sqlite":
        return [
            _drop_statement(rule, vendor),
            f"CREATE TRIGGER {rule.name} BEFORE {rule.event} ON {rule.table} FOR EACH ROW WHEN ({rule.condition}) "
            f"BEGIN SELECT RAISE(ABORT, '{rule.message}'); END",
        ]
    answer = {"DELETE": "OLD", "TRUNCATE": "NULL"}.get(rule.event, "NEW")
    each = "STATEMENT" if rule.event == "TRUNCATE" else "ROW"
    return [
        _drop_statement(rule, vendor),
        f"CREATE OR REPLACE FUNCTION {rule.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"{rule.lock + ';' if rule.lock else ''} IF ({rule.condition}) THEN "
        f"RAISE EXCEPTION '{rule.message}' USING ERRCODE = 'check_violation'; END IF; RETURN {answer}; END $$",
        f"CREATE TRIGGER {rule.name} BEFORE {rule.event} ON {rule.table} "
        f"FOR EACH {each} EXECUTE FUNCTION {rule.name}()",
    ]


def install_triggers(using: str = "default") -> None:
    """(Re)create every registered trigger whose table exists; those of another database go."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    strangers = [rule for rule in _RULES.values() if rule.vendor not in ("", connection.vendor)]
    with connection.cursor() as cursor:
        for rule in strangers:
            if rule.table in tables:
                cursor.execute(_drop_statement(rule, connection.vendor))
        for rule in registered(using):
            if rule.table in tables:
                for statement in _create_statements(rule, connection.vendor):
                    cursor.execute(statement)


def drop_triggers(using: str = "default") -> None:
    """Take the triggers away: only for test databases that are flushed."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for rule in registered(using):
            if rule.table in tables:
                cursor.execute(_drop_statement(rule, connection.vendor))


def missing_triggers(using: str = "default") -> list[str]:
    """Names of registered triggers that the database does not have."""
    connection = connections[using]
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {row[0] for row in cursor.fetchall()}
    return [rule.name for rule in registered(using) if rule.name not in present]


def make_way_before_migrate(sender: AppConfig, using: str, plan: Any = (), **kwargs: Any) -> None:
    """On SQLite a table cannot be rebuilt while a trigger of another table names it: they go, and come back after.

    By what the database has, and not by the registry: a rule may have had another name when it was installed.
    """
    connection = connections[using]
    if not plan or connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")


def install_after_migrate(sender: AppConfig, using: str, **kwargs: Any) -> None:
    install_triggers(using)


register(
    *append_only("schools_event", "OLD.year_id"),
    never_replaced("schools_event", "r.year_id = NEW.year_id AND r.sequence = NEW.sequence"),
    Rule(
        "schools_event_chain",
        "schools_event",
        "INSERT",
        "NEW.previous_hash <> CASE WHEN NEW.sequence = 1 THEN '' ELSE COALESCE((SELECT e.hash FROM schools_event e "
        "WHERE e.year_id = NEW.year_id AND e.sequence = NEW.sequence - 1), 'missing') END",
        "schools_event: the hash chain would break",
    ),
    *(
        Rule(
            f"schools_eventhead_{event.lower()}",
            "schools_eventhead",
            event,
            f"{moved}NEW.hash <> COALESCE((SELECT e.hash FROM schools_event e WHERE e.year_id = NEW.year_id "
            "AND e.sequence = NEW.sequence), '') OR EXISTS (SELECT 1 FROM schools_event e "
            "WHERE e.year_id = NEW.year_id AND e.sequence = NEW.sequence + 1)",
            "schools_eventhead: it only moves forward, to the last event",
        )
        for event, moved in (
            ("INSERT", ""),
            ("UPDATE", "NEW.year_id <> OLD.year_id OR NEW.sequence <= OLD.sequence OR "),
        )
    ),
    deletable_only_in_reset("schools_eventhead", "OLD.year_id"),
    never_replaced("schools_eventhead", "r.year_id = NEW.year_id"),
    Rule(
        "schools_helpervisit_no_update",
        "schools_helpervisit",
        "UPDATE",
        "1=1",
        "schools_helpervisit is append-only: UPDATE is refused",
    ),
    Rule(
        "schools_helpervisit_no_delete",
        "schools_helpervisit",
        "DELETE",
        "1=1",
        "schools_helpervisit: DELETE is refused",
    ),
    never_replaced("schools_helpervisit"),
    Rule(
        "schools_helperview_only_ends",
        "schools_helperview",
        "UPDATE",
        "NEW.school_id <> OLD.school_id OR NEW.user_id <> OLD.user_id OR NEW.reason <> OLD.reason "
        "OR NEW.started_at <> OLD.started_at OR NEW.ends_at > OLD.ends_at OR OLD.ended_at IS NOT NULL",
        "schools_helperview: it only ends",
    ),
    Rule(
        "schools_helperview_no_delete",
        "schools_helperview",
        "DELETE",
        "1=1",
        "schools_helperview: DELETE is refused",
    ),
    Rule(
        "schools_year_stays_real",
        "schools_admissionyear",
        "UPDATE",
        "NEW.is_rehearsal AND NOT OLD.is_rehearsal",
        "schools_admissionyear: a real year cannot become a rehearsal",
    ),
)

# Everything one does with this project. `make run` and `make test` need nothing before them on a bare Debian 12.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
WORKERS ?= 3
PYTEST := $(BIN)/python -m pytest -n $(WORKERS)
# `make test` divides the work: what does not depend on the database runs once, on one of the two (tests/conftest.py).
PYTEST_ON_SQLITE := $(PYTEST) --first-database
PYTEST_ON_POSTGRES := $(PYTEST) --second-database
# What must hold with the database, the broker and the worker of service: killed, broken off, twice at once.
ON_POSTGRES_TOO := tests/faults tests/admissions/test_ceremony_races.py

.PHONY: help install install-dev run test test-sqlite test-postgres test-long lint format messages bench bench-large manual lock clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

install:  ## make .venv with what the application needs
	@scripts/install

install-dev:
	@scripts/install dev

run: install  ## start it here, with a demo year: http://127.0.0.1:8000 (PORT=8080 make run)
	@scripts/run

test: install-dev  ## all tests, on SQLite and on PostgreSQL
	@scripts/system-packages test
	@status=0; \
	echo "== tests on SQLite"; \
	env -u DATABASE_URL -u TEST_DATABASE_URL ENV_FILE=none $(PYTEST_ON_SQLITE) || status=1; \
	echo "== tests on PostgreSQL"; \
	ENV_FILE=none $(BIN)/python scripts/with_postgres.py $(PYTEST_ON_POSTGRES) || status=1; \
	exit $$status

test-sqlite: install-dev
	@env -u DATABASE_URL -u TEST_DATABASE_URL ENV_FILE=none $(PYTEST)

test-postgres: install-dev
	@ENV_FILE=none $(BIN)/python scripts/with_postgres.py $(PYTEST_ON_POSTGRES)

test-long: install-dev  ## the same rules with their full counts: minutes
	@scripts/system-packages test
	@status=0; \
	env -u DATABASE_URL -u TEST_DATABASE_URL ENV_FILE=none $(PYTEST) -m long --durations=0 || status=1; \
	echo "== faults and races, on PostgreSQL"; \
	ENV_FILE=none $(BIN)/python scripts/with_postgres.py $(PYTEST) -m long --durations=0 $(ON_POSTGRES_TOO) || status=1; \
	exit $$status

lint: install-dev  ## style, types, import direction, migrations, translations
	@scripts/system-packages lint
	@scripts/lint

format: install-dev  ## let ruff put the code in shape
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

messages: install-dev  ## collect translatable texts into locale/ and compile them
	@scripts/system-packages lint
	@$(BIN)/python scripts/messages.py update

bench: install-dev  ## measure against the budgets, as a table
	@$(BIN)/python -m bench

bench-large: install-dev  ## the same, with a year of 140,000 children
	@$(BIN)/python -m bench --large

manual: install-dev  ## make the pictures of the manual again, from the real pages (static/manual/)
	@ENV_FILE=none OA_MANUAL=static/manual $(BIN)/python -m pytest -q tests/browser/test_manual.py

lock:  ## resolve the dependencies again into the lock files (needs uv)
	@scripts/lock

clean:  ## throw away what running has made here, the database included
	@rm -rf var staticfiles build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

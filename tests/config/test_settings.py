"""Production refuses to start when something is missing, and says what in one sentence each."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lottery.certificates import PASSWORD, p12

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD = {
    "SECRET_KEY": "j2n7Vd0Lq9sXw4Tz8Rb1Yc6Mf3Hk5Pg-aUeIoQxWvBnZtKrJ_DsCl",
    "ALLOWED_HOSTS": "aanmelden.example.nl",
    "DATABASE_URL": "postgres://oa:secret@db.example.nl:5432/oa",
    "REDIS_URL": "redis://redis.example.nl:6379/0",
    "EMAIL_URL": "smtp+tls://oa:secret@mail.example.nl:587",
    "DEFAULT_FROM_EMAIL": "aanmelden@example.nl",
    "OA_MAIL_MODE": "send",
    "OA_MAIL_ALLOW": "*",
    "OA_SITE_URL": "https://aanmelden.example.nl",
}
# Not inherited from whoever runs the tests; the last one is set by conftest.py, and unwanted in production.
OWN = {
    *GOOD,
    "HTTPS_ONLY",
    "TRUSTED_PROXY_COUNT",
    "OA_MAIL_PROVIDER",
    "ANYMAIL",
    "RECORD_CERTIFICATE",
    "RECORD_CERTIFICATE_KEY",
    "RECORD_CERTIFICATE_PASSWORD",
    "DEBUG",
    "ENV_FILE",
    "TEST_DATABASE_URL",
    "DJANGO_ALLOW_ASYNC_UNSAFE",
}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in OWN}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={
            **inherited,
            "DJANGO_SETTINGS_MODULE": "config.settings.production",
            "ENV_FILE": "none",
            **environment,
        },
        capture_output=True,
        text=True,
    )


def refusals(**environment: str) -> list[str]:
    """The sentences with which production settings refuse to start; none when they do start."""
    answer = run("manage.py", "diffsettings", **environment)
    assert "Traceback" not in answer.stderr
    assert answer.returncode == (1 if answer.stderr else 0)
    return [line.removeprefix("- ") for line in answer.stderr.splitlines()[1:]]


def test_production_starts_with_everything_set():
    assert refusals(**GOOD) == []


def test_variable_left_empty_is_one_that_was_not_set():
    """docker-compose.yml passes every variable, also those that are not in .env."""
    passed = re.findall(
        r"^    ([A-Z_]+): \$\{\1:-\}$", (ROOT / "docker-compose.yml").read_text(), re.MULTILINE
    )
    assert {"ANYMAIL", "BEACON_URLS", "RECORD_CERTIFICATE", "CSRF_TRUSTED_ORIGINS"} <= set(passed)
    assert refusals(**(dict.fromkeys(passed, "") | GOOD)) == []


def test_production_names_everything_that_is_missing_at_once():
    assert refusals() == [
        "SECRET_KEY is missing: set it to at least 50 random characters.",
        "ALLOWED_HOSTS is missing: set it to the host names of the site, separated by commas.",
        "DATABASE_URL is missing or not PostgreSQL: set it to postgres://user:password@host:5432/database.",
        "REDIS_URL is missing: set it to redis://host:6379/0, so that all processes share tasks and login limits.",
        "OA_MAIL_MODE must be send (mail goes out) or outbox (nothing is really sent).",
    ]


def test_sending_is_switched_on_by_hand_and_says_what_it_needs():
    """Nothing leaves because somebody forgot a setting."""
    needed = ("EMAIL_URL", "DEFAULT_FROM_EMAIL", "OA_MAIL_ALLOW", "OA_SITE_URL")
    without = {name: value for name, value in GOOD.items() if name not in needed}
    assert refusals(**without) == [
        "OA_MAIL_ALLOW is missing: set it to * to send to everybody, or to the addresses and domains for trial mail.",
        "OA_SITE_URL is missing: set it to the address of the site, such as https://aanmelden.example.nl.",
        "EMAIL_URL is missing: set it to smtp+tls://user:password@host:587, or set OA_MAIL_MODE to outbox.",
        "DEFAULT_FROM_EMAIL is missing: set it to the address that mail to parents comes from.",
    ]


def test_provider_needs_a_secret_for_its_reports():
    provider = {name: value for name, value in GOOD.items() if name != "EMAIL_URL"} | {
        "OA_MAIL_PROVIDER": "postmark"
    }
    assert refusals(**provider) == [
        "ANYMAIL has no WEBHOOK_SECRET: set it to name:password, so that nobody else can report on our mail."
    ]
    assert refusals(**provider, ANYMAIL='{"WEBHOOK_SECRET": "oa:geheim", "POSTMARK_SERVER_TOKEN": "x"}') == []


@pytest.mark.parametrize("module", ["local", "test"])
def test_only_production_settings_can_send_at_all(module: str):
    """A demo, a rehearsal or a test with everything set as if to send still has the lock on the door."""
    code = "from django.conf import settings as s; from schools import mail; print(s.OA_MAY_SEND, mail.sends_mail())"
    answer = run(
        "-c",
        f"import django; django.setup(); {code}",
        **{**GOOD, "DATABASE_URL": "sqlite:////tmp/none.sqlite3", "REDIS_URL": ""},
        DJANGO_SETTINGS_MODULE=f"config.settings.{module}",
    )
    assert answer.stdout == "False False\n"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "SECRET_KEY",
            "short",
            "SECRET_KEY is too easy to guess: set it to at least 50 random characters.",
        ),
        (
            "SECRET_KEY",
            "a" * 60,
            "SECRET_KEY is too easy to guess: set it to at least 50 random characters.",
        ),
        (
            "ALLOWED_HOSTS",
            "*",
            "ALLOWED_HOSTS may not contain *: name the host names of the site.",
        ),
        (
            "DATABASE_URL",
            "sqlite:///here.sqlite3",
            "DATABASE_URL is missing or not PostgreSQL: set it to postgres://user:password@host:5432/database.",
        ),
        (
            "DATABASE_URL",
            "postgres://aanmelden:change-me@postgres:5432/aanmelden",
            "DATABASE_URL still has the password of the example: choose one of your own.",
        ),
        (
            "OA_MAIL_MODE",
            "maybe",
            "OA_MAIL_MODE must be send (mail goes out) or outbox (nothing is really sent).",
        ),
        (
            "HTTPS_ONLY",
            "off",
            "HTTPS_ONLY may not be off: without HTTPS everybody on the way can read cookies and children's names.",
        ),
        (
            "TRUSTED_PROXY_COUNT",
            "0",
            "TRUSTED_PROXY_COUNT must be 1 or more: the proxy in front that speaks HTTPS counts as one.",
        ),
    ],
)
def test_production_refuses_what_is_unsafe(name: str, value: str, sentence: str):
    assert refusals(**{**GOOD, name: value}) == [sentence]


def test_outbox_mode_needs_no_mail_server():
    without_mail = {
        name: value for name, value in GOOD.items() if name not in ("EMAIL_URL", "DEFAULT_FROM_EMAIL")
    }
    assert refusals(**(without_mail | {"OA_MAIL_MODE": "outbox"})) == []


def test_check_deploy_finds_nothing(tmp_path: Path):
    certificate = {
        "RECORD_CERTIFICATE": str(p12(tmp_path / "oa.p12")),
        "RECORD_CERTIFICATE_PASSWORD": PASSWORD,
    }
    answer = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **GOOD, **certificate)
    assert (answer.returncode, answer.stdout, answer.stderr) == (
        0,
        "System check identified no issues (1 silenced).\n",
        "",
    )


def test_check_deploy_tells_that_there_is_no_certificate_and_lets_it_pass():
    """Decision 0008: records can be signed on paper, so a missing certificate stops nothing."""
    answer = run("manage.py", "check", "--deploy", **GOOD)
    assert answer.returncode == 0
    assert "(lottery.W001) Records of draws get no digital signature." in answer.stderr
    assert "1 issue (1 silenced)" in answer.stderr


def test_production_is_strict():
    code = """
from django.conf import settings as s
print(s.DEBUG, s.REHEARSAL_ALLOWED, s.OA_MAIL_MODE, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,
      s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS > 0, s.EMAIL_HOST, s.EMAIL_USE_TLS, s.CELERY_BROKER_URL)
"""
    answer = run("-c", code, **GOOD)
    assert answer.stdout == (
        "False False send True True True True mail.example.nl True redis://redis.example.nl:6379/0\n"
    )


def test_secrets_may_come_as_files(tmp_path: Path):
    secret = tmp_path / "secret_key"
    secret.write_text(GOOD["SECRET_KEY"])
    environment = {name: value for name, value in GOOD.items() if name != "SECRET_KEY"}
    assert refusals(**environment, SECRET_KEY_FILE=str(secret)) == []


def test_embedded_form_needs_nothing(tmp_path: Path):
    answer = run("manage.py", "check", DJANGO_SETTINGS_MODULE="config.settings.local")
    assert (answer.returncode, answer.stdout, answer.stderr) == (
        0,
        "System check identified no issues (0 silenced).\n",
        "",
    )

"""For the test suite: SQLite, or the PostgreSQL of TEST_DATABASE_URL (or DATABASE_URL)."""

import os
import tempfile
from pathlib import Path

import structlog

from config import logs
from config.settings.base import *  # noqa: F403
from config.settings.base import VAR, env, fit_for_service

SECRET_KEY = "only-for-tests"
DEBUG = False
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]

url = env.str("TEST_DATABASE_URL", default="") or env.str("DATABASE_URL", default="") or "sqlite:///test"
DATABASES = {"default": fit_for_service(env.db_url_config(url))}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads of the live server then have connections of their own, as in real life.
    # With the process number in its name, so that two runs in one checkout do not meet.
    path = Path(tempfile.gettempdir()) / f"open-aanmelden-test-{os.getpid()}.sqlite3"
    DATABASES["default"] |= {"NAME": str(path), "TEST": {"NAME": str(path)}}
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;"
    )
else:
    suffix = env.str("TEST_DATABASE_SUFFIX", default="")
    DATABASES["default"] |= {"CONN_MAX_AGE": 0, "TEST": {"NAME": f"test_open_aanmelden{suffix}"}}

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
OA_MAIL_MODE = "outbox"

CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}

STATIC_ROOT = VAR / "staticfiles-test"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns when its folder is missing
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True

LOGGING = logs.configure(renderer=structlog.dev.ConsoleRenderer(colors=False), level="WARNING")

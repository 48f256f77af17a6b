"""What holds everywhere. The only place that reads the environment.

Without any variable set this is the embedded form: SQLite, a broker of plain files, mail that stays in the house.
"""

import logging
from pathlib import Path
from typing import Any

import environ
import structlog
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from config import logs

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR = BASE_DIR / "var"  # everything that is made while running; not in the repository

env = (
    environ.FileAwareEnv()
)  # SECRET_KEY may also come as SECRET_KEY_FILE, the way containers hand out secrets
env_file = Path(env.str("ENV_FILE", default=str(BASE_DIR / ".env")))
if env_file.is_file():
    env.read_env(env_file)

# --- who and where -----------------------------------------------------------------------------------------------

SECRET_KEY = env.str("SECRET_KEY", default="")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = False
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])
HTTPS_ONLY = env.bool("HTTPS_ONLY", default=False)
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)

# True: draws and calendars may be played for practice (`run_round`, a clock that stands still).
REHEARSAL_ALLOWED = True

# "outbox": mail is stored and shown inside the application and never leaves it. "send": it is really sent.
OA_MAIL_MODE = env.str("OA_MAIL_MODE", default="outbox")
# Only the settings for real children may send at all: a demo, a test or a rehearsal never reaches a real address.
OA_MAY_SEND = False
# Who may get mail: addresses and domains, * for everybody. Nobody when empty; what is not listed stays here.
OA_MAIL_ALLOW: list[str] = env.list("OA_MAIL_ALLOW", default=[])
# Where families find us, for links in mail.
OA_SITE_URL = env.str("OA_SITE_URL", default="http://localhost:8000")

# --- what it is made of ------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "admissions.apps.AdmissionsConfig",
    "notifications.apps.NotificationsConfig",
    "lottery.apps.LotteryConfig",
    "schools.apps.SchoolsConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rules.apps.AutodiscoverRulesConfig",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",  # the static files of Swagger UI
    "django_filters",
    "django_tables2",
    "django_htmx",
    "anymail",
    "django_celery_results",
    "django_celery_beat",
    "django_structlog",
    "csp",
]

MIDDLEWARE = [
    "config.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.ChosenLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.NamelessRequestMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",  # closed, unless a view says login_not_required
    "django.contrib.messages.middleware.MessageMiddleware",
    "schools.second_factor.SecondFactorMiddleware",
    "schools.helping.HelperViewMiddleware",
    "admissions.openings.FileOpeningMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "schools.context.navigation",
            ],
        },
    },
]
FORM_RENDERER = "schools.renderers.LookRenderer"  # fields are drawn by templates/django/forms/

# --- where data lives --------------------------------------------------------------------------------------------

(VAR / "broker").mkdir(parents=True, exist_ok=True)


def fit_for_service(database: dict[str, Any]) -> dict[str, Any]:
    """Add to a parsed DATABASE_URL what its engine needs to be safe with several processes."""
    if database["ENGINE"].endswith("sqlite3"):
        # IMMEDIATE takes the write lock at the start of a transaction. Deferred, two transactions that read and
        # then write fail at once with "database is locked", however long the timeout.
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        }
    else:
        database["CONN_MAX_AGE"] = 60
        database["CONN_HEALTH_CHECKS"] = True
    return database


DATABASE_URL = env.str("DATABASE_URL", default="") or f"sqlite:///{VAR / 'db.sqlite3'}"
DATABASES = {"default": fit_for_service(env.db_url_config(DATABASE_URL))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="")

# allauth counts login attempts in the cache: it must be one cache for all processes.
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "oa",
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": VAR / "cache"},
}

# --- tasks -------------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL or "filesystem://"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {}
    if REDIS_URL
    else {
        "data_folder_in": str(VAR / "broker"),
        "data_folder_out": str(VAR / "broker"),
        "control_folder": str(VAR / "broker" / "control"),
    }
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXPIRES = 30 * 24 * 3600
CELERY_TASK_TRACK_STARTED = True
CELERY_TASK_ACKS_LATE = True  # a task may run twice; one that is lost leaves a draw standing still
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "Europe/Amsterdam"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = {
    "check-integrity": {
        "task": "admissions.tasks.check_integrity_task",
        "schedule": crontab(hour=3, minute=30),
    },
    "forget-openings": {
        "task": "admissions.tasks.forget_openings_task",
        "schedule": crontab(hour=3, minute=50),
    },
    "watch-draws": {"task": "admissions.tasks.watch_draws_task", "schedule": 10.0},
    "keep-rounds": {"task": "admissions.tasks.keep_rounds_task", "schedule": 10.0},
    "watch-deliveries": {"task": "notifications.tasks.watch_deliveries_task", "schedule": 30.0},
    "watch-messages": {"task": "admissions.tasks.watch_messages_task", "schedule": 20.0},
}

# --- logging in --------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "schools.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "config.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts are made by the programme manager, who knows the address
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # no mail to people who have nothing to do with us
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
# All staff of a school board may share one address: many logins a minute are fine, many wrong ones are not.
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "20/m/ip,5/300s/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT

MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Open Aanmelden"
MFA_TOTP_TOLERANCE = 1  # a phone that is half a minute off may still log in

# Who opened which file is kept this long; the database keeps it a year at least.
FILE_OPENINGS_DAYS = max(366, env.int("FILE_OPENINGS_DAYS", default=3 * 366))
SESSION_COOKIE_AGE = 12 * 3600  # a working day
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# --- language and time -------------------------------------------------------------------------------------------

LANGUAGE_CODE = "nl"
LANGUAGES = [("nl", _("Dutch")), ("en", _("English"))]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "Europe/Amsterdam"
USE_TZ = True

# --- files and headers -------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.InMemoryStorage"
    },  # files live in the database, as bytes
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# A scanned list of a year is a few megabytes; more than this is a mistake or an attack.
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    "accelerometer": [],
    "camera": [],
    "display-capture": [],
    "geolocation": [],
    "gyroscope": [],
    "magnetometer": [],
    "microphone": [],
    "midi": [],
    "payment": [],
    "usb": [],
    "publickey-credentials-create": ["self"],
    "publickey-credentials-get": ["self"],
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True

# --- mail --------------------------------------------------------------------------------------------------------

EMAIL_URL = env.str("EMAIL_URL", default="")
# A provider of django-anymail by name (postmark, mailgun, ...); its keys as JSON in ANYMAIL. Empty: SMTP by EMAIL_URL.
OA_MAIL_PROVIDER = env.str("OA_MAIL_PROVIDER", default="")
ANYMAIL: dict[str, Any] = env.json("ANYMAIL") if env.str("ANYMAIL", default="") else {}
MAIL_MODES = ("outbox", "send")
mail = env.email_url_config(EMAIL_URL or "filemail://")
# Everything passes one door, which keeps what may not leave as a file that only the operator can open.
EMAIL_BACKEND = "schools.mail.GuardedBackend"
OA_MAIL_TRANSPORT = (
    f"anymail.backends.{OA_MAIL_PROVIDER}.EmailBackend" if OA_MAIL_PROVIDER else "schools.mail.PatientBackend"
)
OA_MAIL_ANSWER_SECONDS = 600  # how long a mail server may take to say that it took a mail (RFC 5321)
EMAIL_FILE_PATH = str(VAR / "mail")
EMAIL_HOST = mail["EMAIL_HOST"] or "localhost"
EMAIL_PORT = mail["EMAIL_PORT"] or 25
EMAIL_HOST_USER = mail["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = mail["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="noreply@localhost")

# --- records of draws --------------------------------------------------------------------------------------------

# The operator's certificate that signs records: PKCS#12 (.p12, .pfx), or PEM with its key inside or beside it.
RECORD_CERTIFICATE = env.str("RECORD_CERTIFICATE", default="")
RECORD_CERTIFICATE_KEY = env.str("RECORD_CERTIFICATE_KEY", default="")
RECORD_CERTIFICATE_PASSWORD = env.str("RECORD_CERTIFICATE_PASSWORD", default="")
# PEM with the issuers whose certificates count in a returned record; without it the name is told unchecked.
RECORD_TRUSTED_ISSUERS = env.str("RECORD_TRUSTED_ISSUERS", default="")
EXERCISE_CERTIFICATE = str(VAR / "oefencertificaat.pem")  # made by the project itself, for rehearsals

# Where the public beacon is fetched (the address up to the chain), tried one after another; empty: people type it.
BEACON_URLS: list[str] = env.list("BEACON_URLS", default=[])
BEACON_TIMEOUT = env.float("BEACON_TIMEOUT", default=5.0)  # seconds for one address, whatever it sends

# A time stamp service (RFC 3161) for commitments and records of draws; empty: none, and nothing leaves this network.
TIMESTAMP_URL = env.str("OA_TIMESTAMP_URL", default="")
TIMESTAMP_TIMEOUT = env.float("OA_TIMESTAMP_TIMEOUT", default=10.0)  # seconds

# --- the rest ----------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_RATES": {"api_public": "120/min", "api_system": "600/min"},
    "EXCEPTION_HANDLER": "admissions.api_v1.protocol.problem",
    "NUM_PROXIES": TRUSTED_PROXY_COUNT,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Open Aanmelden",
    "DESCRIPTION": "Read-only: published figures for everybody; rounds and outcomes for systems with a token.",
    "VERSION": "1.0.0",
    "PREPROCESSING_HOOKS": ["admissions.api_v1.docs.only_version_1"],
    "SERVE_INCLUDE_SCHEMA": False,
    "OAS_VERSION": "3.1.0",
}

DJANGO_TABLES2_TEMPLATE = "django_tables2/oa.html"

DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = (
    False  # the proxy in front keeps addresses, as long as its own rules allow
)
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG  # one line a request is enough; before it is resolved
DJANGO_STRUCTLOG_CELERY_ENABLED = True
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logs.configure(renderer=structlog.dev.ConsoleRenderer(colors=False), level=LOG_LEVEL)

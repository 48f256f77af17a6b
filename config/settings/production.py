"""For real children. Refuses to start, with one sentence for each thing that is missing or unsafe."""

import structlog
from django.core.exceptions import ImproperlyConfigured

from config import logs
from config.settings.base import *  # noqa: F403
from config.settings.base import (
    ALLOWED_HOSTS,
    ANYMAIL,
    DATABASES,
    EMAIL_URL,
    LOG_LEVEL,
    MAIL_MODES,
    OA_MAIL_ALLOW,
    OA_MAIL_PROVIDER,
    REDIS_URL,
    SECRET_KEY,
    env,
)

DEBUG = False
REHEARSAL_ALLOWED = False
OA_MAY_SEND = True
OA_MAIL_MODE = env.str("OA_MAIL_MODE", default="")  # no default: sending to families is switched on by hand
HTTPS_ONLY = env.bool("HTTPS_ONLY", default=True)
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=1)

# What is wrong, and the sentence that tells the operator how to mend it.
CHECKS: list[tuple[bool, str]] = [
    (
        not SECRET_KEY,
        "SECRET_KEY is missing: set it to at least 50 random characters.",
    ),
    (
        SECRET_KEY != "" and (len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10),
        "SECRET_KEY is too easy to guess: set it to at least 50 random characters.",
    ),
    (
        not ALLOWED_HOSTS,
        "ALLOWED_HOSTS is missing: set it to the host names of the site, separated by commas.",
    ),
    (
        "*" in ALLOWED_HOSTS,
        "ALLOWED_HOSTS may not contain *: name the host names of the site.",
    ),
    (
        not DATABASES["default"]["ENGINE"].endswith("postgresql"),
        "DATABASE_URL is missing or not PostgreSQL: set it to postgres://user:password@host:5432/database.",
    ),
    (
        DATABASES["default"].get("PASSWORD") == "change-me",
        "DATABASE_URL still has the password of the example: choose one of your own.",
    ),
    (
        not REDIS_URL,
        "REDIS_URL is missing: set it to redis://host:6379/0, so that all processes share tasks and login limits.",
    ),
    (
        OA_MAIL_MODE not in MAIL_MODES,
        "OA_MAIL_MODE must be send (mail goes out) or outbox (nothing is really sent).",
    ),
    (
        OA_MAIL_MODE == "send" and not OA_MAIL_ALLOW,
        "OA_MAIL_ALLOW is missing: set it to * to send to everybody, or to the addresses and domains for trial mail.",
    ),
    (
        OA_MAIL_MODE == "send" and not env.str("OA_SITE_URL", default="").startswith("https://"),
        "OA_SITE_URL is missing: set it to the address of the site, such as https://aanmelden.example.nl.",
    ),
    (
        OA_MAIL_PROVIDER != "" and not ANYMAIL.get("WEBHOOK_SECRET"),
        "ANYMAIL has no WEBHOOK_SECRET: set it to name:password, so that nobody else can report on our mail.",
    ),
    (
        OA_MAIL_MODE == "send" and not EMAIL_URL and not OA_MAIL_PROVIDER,
        "EMAIL_URL is missing: set it to smtp+tls://user:password@host:587, or set OA_MAIL_MODE to outbox.",
    ),
    (
        OA_MAIL_MODE == "send" and not env.str("DEFAULT_FROM_EMAIL", default=""),
        "DEFAULT_FROM_EMAIL is missing: set it to the address that mail to parents comes from.",
    ),
    (
        not HTTPS_ONLY,
        "HTTPS_ONLY may not be off: without HTTPS everybody on the way can read cookies and children's names.",
    ),
    (
        TRUSTED_PROXY_COUNT < 1,
        "TRUSTED_PROXY_COUNT must be 1 or more: the proxy in front that speaks HTTPS counts as one.",
    ),
]

if sentences := [sentence for is_wrong, sentence in CHECKS if is_wrong]:
    lines = "\n".join(f"- {sentence}" for sentence in sentences)
    raise ImproperlyConfigured(f"Open Aanmelden does not start in production like this:\n{lines}")

# --- HTTPS, spoken by the proxy in front -------------------------------------------------------------------------

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
LANGUAGE_COOKIE_SECURE = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT

# W021 asks for HSTS preloading: that is for the owner of the whole domain to decide, not for one site under it.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

# --- files, mail, logs -------------------------------------------------------------------------------------------

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
LOGGING = logs.configure(renderer=structlog.processors.JSONRenderer(), level=LOG_LEVEL)

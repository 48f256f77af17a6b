"""The embedded form: what `make run` starts on a laptop or a school's own machine, with invented children."""

import secrets
from pathlib import Path

from config.settings.base import *  # noqa: F403
from config.settings.base import SECRET_KEY, VAR, env


def own_secret_key(path: Path) -> str:
    """A key of this machine's own, made at the first start: no two installations share one."""
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


SECRET_KEY = SECRET_KEY or own_secret_key(VAR / "secret_key")
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])

WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True  # passkeys on http://localhost

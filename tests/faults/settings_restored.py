"""The test settings on a database that was put back from a backup."""

from config.settings.base import env, fit_for_service
from config.settings.test import *  # noqa: F403

DATABASES = {"default": fit_for_service(env.db_url_config(env.str("RESTORED_URL")))}

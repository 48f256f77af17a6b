"""The Celery application: tasks are found in the ``tasks`` module of every app."""

import os

from celery import Celery

from config import file_broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

file_broker.use()
app = Celery("open_aanmelden")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

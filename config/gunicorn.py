"""How gunicorn serves the application, everywhere. The address to listen on comes from the command line."""

from pathlib import Path

worker_class = "gthread"
threads = 4
workers = 2
timeout = 60
graceful_timeout = 30
max_requests = 5000  # a fresh process now and then: a slow leak never gets far
max_requests_jitter = 500
# Heartbeats of workers must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
accesslog = None  # django-structlog logs every request, without the query string that may hold a name
errorlog = "-"
forwarded_allow_ips = "*"  # who may reach us at all is for the network to decide; see docs/operations.md
control_socket_disable = True  # a file in the home folder, which a service user does not have

# One image for web, worker, beat and migrate; docker-compose.yml says which command each runs.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production

# Pango lays out the letters; the fonts themselves come with the application.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin aanmelden
WORKDIR /app

COPY requirements.lock ./
RUN pip install --require-hashes --requirement requirements.lock

COPY . .
# Static files are collected while building. These settings ask for everything that a start in production needs, and
# none of it is used here.
RUN SECRET_KEY=only-while-building-0123456789-abcdefghijklmnopqrstuvwxyz \
    ALLOWED_HOSTS=localhost \
    DATABASE_URL=postgres://none:none@localhost/none \
    REDIS_URL=redis://localhost:6379/0 \
    OA_MAIL_MODE=outbox \
    python manage.py collectstatic --noinput --verbosity 0 \
    && install --directory --owner aanmelden --group nogroup var var/broker

USER aanmelden
EXPOSE 8000

HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]

CMD ["gunicorn", "config.wsgi", "--config", "config/gunicorn.py", "--bind", "0.0.0.0:8000"]

"""Settings of the tracker: one file, typed from the environment, closed unless opened.

Variables, all optional but the first two, which are demanded unless DEBUG is true:

- SECRET_KEY: a long random text that stays the same and stays secret.
- ALLOWED_HOSTS: the site's host names, separated by commas.
- DEBUG: true for development only. Default false.
- HTTPS: whether the site is served over HTTPS: redirect, secure cookies, HSTS.
  Default true, and false with DEBUG.
- TRUST_PROXY_HEADER: true where a proxy in front sets X-Forwarded-Proto. Default false.
- CSRF_TRUSTED_ORIGINS: origins that may post here, with scheme, separated by commas.
- DATABASE_URL: postgres://user:password@host:port/name, special characters percent-encoded, or
  sqlite:////path. Default: SQLite in DATA_DIR.
- DATA_DIR: the folder for the SQLite database and the collected static files. Default: var.
- STATIC_COLLECTED: whether static files are served as `manage.py collectstatic` left them,
  compressed and named by content, or straight from their sources. Default true, and false
  with DEBUG.
- TRACKER_AS_OF: the day, as YYYY-MM-DD, at which the site's today is pinned. Default: not pinned.
"""

import datetime
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()


def read_flag(name: str, default: bool) -> bool:
    """Return a yes-or-no variable.

    A word that is neither is refused, not read as false: `HTTPS=ture` must not open the site.
    """
    word = os.environ.get(name, "").strip().lower()
    if not word:
        return default
    if word in {"true", "yes", "on", "1"}:
        return True
    if word in {"false", "no", "off", "0"}:
        return False
    raise ImproperlyConfigured(f"{name} is {word!r}: write true or false.")


def read_list(name: str) -> list[str]:
    """Return the parts of a comma-separated variable, without blanks around them."""
    return [part.strip() for part in env.list(name, default=[]) if part.strip()]


def read_database(url: str) -> dict[str, Any]:
    """Return the database that a URL names, with the options this project relies on.

    Options in the URL's own query win. No message repeats the URL, which holds a password.
    """
    refusal = (
        "DATABASE_URL is not understood: write postgres://user:password@host:port/name, "
        "with special characters percent-encoded (@ as %40), or sqlite:////path/to/file; "
        "or leave it unset for SQLite in DATA_DIR."
    )
    scheme = url.partition(":")[0]
    if scheme not in {"postgres", "postgresql", "sqlite"}:
        raise ImproperlyConfigured(refusal)
    try:
        database: dict[str, Any] = env.db_url_config(url)
    except ValueError:
        raise ImproperlyConfigured(refusal) from None
    options = database.setdefault("OPTIONS", {})
    if scheme != "sqlite":
        # A new connection costs 10 ms, a page less.
        database.setdefault("CONN_MAX_AGE", 600)
        database.setdefault("CONN_HEALTH_CHECKS", True)
        # Compiling a query of a past day takes longer than running it.
        options["options"] = f"-c jit=off {options.get('options', '')}".strip()
    else:
        # Writers wait their turn at the start of a transaction, and never fail half way;
        # what was committed survives a power cut.
        options.setdefault("transaction_mode", "IMMEDIATE")
        options.setdefault("timeout", 20)
        options["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"
    return database


def read_pinned_day(text: str, today: datetime.date) -> datetime.date | None:
    """Return the day written as YYYY-MM-DD, or None for no text; refuse days after `today`."""
    if not text:
        return None
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise ImproperlyConfigured(
            f"TRACKER_AS_OF is {text!r}: write a day as YYYY-MM-DD, such as 2021-06-30, "
            "or leave it unset."
        )
    if day > today:
        raise ImproperlyConfigured(
            f"TRACKER_AS_OF is {text}, a day in the future: nothing is known of it yet. "
            f"Write {today} or an earlier day, or leave it unset."
        )
    return day


# Who may ask, and how

DEBUG = read_flag("DEBUG", default=False)

SECRET_KEY = os.environ.get("SECRET_KEY", "")
ALLOWED_HOSTS = read_list("ALLOWED_HOSTS")
if DEBUG:
    SECRET_KEY = SECRET_KEY or "for development with DEBUG only"
elif not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set: give a long random text that stays the same, "
        'such as one printed by python3 -c "import secrets; print(secrets.token_urlsafe(50))". '
        "For development, set DEBUG=true instead."
    )
elif not ALLOWED_HOSTS:
    raise ImproperlyConfigured(
        "ALLOWED_HOSTS is not set: name the site's hosts, separated by commas, "
        "such as tracker.example.org. For development, set DEBUG=true instead."
    )

HTTPS = read_flag("HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # probes ask from inside, over plain HTTP
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SILENCED_SYSTEM_CHECKS = [
    # HSTS speaks for this host alone: its subdomains and browsers' preload lists are for the
    # owner of the domain to decide on.
    "security.W005",
    "security.W021",
]
if read_flag("TRUST_PROXY_HEADER", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_TRUSTED_ORIGINS = read_list("CSRF_TRUSTED_ORIGINS")

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [SELF],
    }
}

LOGIN_URL = "admin:login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# The application

INSTALLED_APPS = [
    "auditlog",
    "iasc_tracker",
    "actionpoints",
    "workplans",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_filters",
    "import_export",
]

MIDDLEWARE = [
    "iasc_tracker.compression.CompressOnce",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "auditlog.middleware.AuditlogMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "iasc_tracker.urls"
WSGI_APPLICATION = "iasc_tracker.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Without the codes any member of staff may import and export everything.
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "import"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "export"

# Who changed which field when: names as they were then, no network addresses, nothing that a
# visitor's own header says; what a fixture brings is not a change.
AUDITLOG_USE_FK_STRING_REPRESENTATION = True
AUDITLOG_DISABLE_REMOTE_ADDR = True
AUDITLOG_CID_HEADER = None
AUDITLOG_DISABLE_ON_RAW_SAVE = True

# Data

DATA_DIR = Path(os.environ.get("DATA_DIR") or BASE_DIR / "var")

if "DATABASE_URL" in os.environ:
    # Set but empty is refused: a deployment that lost its value must not write to a new file.
    DATABASES = {"default": read_database(os.environ["DATABASE_URL"])}
else:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    DATABASES = {"default": read_database(f"sqlite:///{quote(str(DATA_DIR))}/tracker.sqlite3")}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Days and languages

TIME_ZONE = "Europe/Zurich"
USE_TZ = True
TRACKER_AS_OF = read_pinned_day(
    os.environ.get("TRACKER_AS_OF", ""), today=datetime.datetime.now(ZoneInfo(TIME_ZONE)).date()
)

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("fr", _("French")),
    ("es", _("Spanish")),
    ("ar", _("Arabic")),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["iasc_tracker.formats"]

# Static files

STATIC_COLLECTED = read_flag("STATIC_COLLECTED", default=not DEBUG)
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static" if STATIC_COLLECTED else None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not STATIC_COLLECTED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "iasc_tracker.static_files.SmallStaticFilesStorage"
        if STATIC_COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# What is told to the console

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"django": {"handlers": [], "level": "INFO"}},
}

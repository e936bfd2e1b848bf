"""What every room shares. Every value an operator may set comes from an environment variable."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from kubevision.settings import env, policies

BASE_DIR = Path(__file__).resolve().parent.parent.parent

# -- where everything is ------------------------------------------------------------------------

PUBLIC_ORIGINS = env.origins("PUBLIC_ORIGINS", "http://localhost:8000,http://127.0.0.1:8000")
ACCOUNTS_URL = env.origin("ACCOUNTS_URL", PUBLIC_ORIGINS[0])
# Empty: this installation has no face factor.
FACELOGIN_URL = env.origin("FACELOGIN_URL", PUBLIC_ORIGINS[0], may_be_empty=True)
FACELOGIN_PUBLIC_URL = env.origin("FACELOGIN_PUBLIC_URL", PUBLIC_ORIGINS[0])
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES", "")

ALLOWED_HOSTS = sorted(
    {urlsplit(url).hostname or "" for url in (*PUBLIC_ORIGINS, ACCOUNTS_URL, FACELOGIN_URL)} - {""}
)
CSRF_TRUSTED_ORIGINS = PUBLIC_ORIGINS

# -- cookies: names and flags of the contract ---------------------------------------------------

SECURE_COOKIES = all(origin.startswith("https://") for origin in PUBLIC_ORIGINS)
HOST_PREFIX = "__Host-" if SECURE_COOKIES else ""
# A cookie with a path or a domain cannot carry __Host-.
SECURE_PREFIX = "__Secure-" if SECURE_COOKIES else ""

PASS_COOKIE_DOMAIN = env.cookie_domain("PASS_COOKIE_DOMAIN")
PASS_COOKIE = (SECURE_PREFIX if PASS_COOKIE_DOMAIN else HOST_PREFIX) + "kv_pass"
SESSION_TOKEN_COOKIE = f"{HOST_PREFIX}kv_session"
DEVICE_COOKIE = f"{HOST_PREFIX}kv_device"  # stays when the session ends
CSRF_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_HTTPONLY = True  # scripts read the token from the form
SESSION_COOKIE_SECURE = SECURE_COOKIES

# -- Django -------------------------------------------------------------------------------------

DEBUG = False
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATICFILES_DIRS: list[Path] = []
# An image holds its static files collected and compressed; a checkout has them where they are
# written.
STATIC_ROOT = env.text("STATIC_ROOT", "", example="/srv/kubevision/static") or None
SERVESTATIC_USE_FINDERS = STATIC_ROOT is None
SERVESTATIC_ALLOW_ALL_ORIGINS = False
# Not by hashed names: while copies of two versions serve side by side, a page of one would ask the
# other for files that it does not have.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": "servestatic.storage.CompressedStaticFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Who ends TLS says so; kubevision.request_context drops the header of everybody else.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# A year: browsers that came once by https come by nothing else. It is sent by https only.
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE_COOKIES else 0
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for all subdomains: they are the customer's, and may have no TLS
    "security.W021",  # nor may we ask browsers to preload the customer's domain
    "security.W008",  # the ingress redirects to https; rooms call each other by http behind it
]
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# By the longest prefix of the path that fits: more headers, and who answers what Django refuses.
SECURITY_HEADERS = {"/": policies.ANSWER_HEADERS}
ERROR_ANSWERS = {"/": "kubevision.problems.answer"}
CSRF_FAILURE_VIEW = "kubevision.failures.csrf_failure"
# Before all that answers by itself, in this order; CommonMiddleware refuses unknown host names.
OUTER_MIDDLEWARE = [
    "kubevision.request_context.ForwardedProtoMiddleware",
    "kubevision.request_context.RequestIdMiddleware",
    "kubevision.metrics.RequestMetricsMiddleware",
    "kubevision.security_headers.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "kubevision.failures.MethodNotAllowedMiddleware",
    "kubevision.failures.DatabaseAwayMiddleware",
]
# The longest request body any room reads is a form of a few fields; pictures come by WebSocket.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024  # bytes
FILE_UPLOAD_HANDLERS: list[str] = []  # nothing is ever uploaded

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {request_id} {message}", "style": "{"}
    },
    "filters": {
        "request": {"()": "kubevision.request_context.RequestIdFilter"},
        "refusal": {"()": "kubevision.failures.RefusalFilter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request", "refusal"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # One line a request of httpx would name every inner call twice.
        "httpx": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        "django.channels.server": {"level": "WARNING"},
    },
}

# -- the management port and the end of a process --------------------------------------------------

MANAGEMENT_PORT = env.whole_number("MANAGEMENT_PORT", 9000, lowest=1, highest=65_535)
# Every address: the kubelet and Prometheus call from outside; `local` says loopback.
MANAGEMENT_HOST = ""
# How long a stopping server waits for running attempts: longer than a verification that succeeds
# takes. Whoever is cut off comes back by the page itself (decision 58). A cluster's grace period
# must be longer than this.
DRAIN_SECONDS = env.whole_number("DRAIN_SECONDS", 10, lowest=0, highest=600)
# Name -> dotted name of a check (kubevision.readiness); /readyz runs them all.
READINESS_CHECKS: dict[str, str] = {"keys": "kubevision.readiness.check_keys"}
READINESS_NOTES: list[str] = []  # asked only where all checks pass; none of them can fail
# Variable -> its key file and what reads one.
KEY_FILES: dict[str, tuple[Path, Callable[[Path], object]]] = {}
# (prefix, room), longest prefix first: whom a request is counted for.
ROOMS_BY_PREFIX: list[tuple[str, str]] = []

# Dotted names that `kubevision.serve` calls before it listens and after it stopped.
SERVE_ON_START: list[str] = []
SERVE_ON_STOP: list[str] = []
# Dotted names that `manage.py housekeeping` calls.
HOUSEKEEPING: list[str] = []
# Alias of a database -> dotted name of what a backup of it holds (kubevision.backups.plan).
BACKUPS: dict[str, str] = {}

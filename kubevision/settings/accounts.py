"""The accounts room alone: REST under /auth/v1 and Django admin."""

from urllib.parse import urlsplit

from kubevision.keys import read_secret_keys, read_signing_keys
from kubevision.settings import env, mongodb, policies
from kubevision.settings.base import *  # noqa: F403  (Django settings modules extend each other so)
from kubevision.settings.base import (
    HOST_PREFIX,
    OUTER_MIDDLEWARE,
    PUBLIC_ORIGINS,
    READINESS_CHECKS,
    SECURE_PREFIX,
    TEMPLATES,
)

__all__ = ["HOST_PREFIX"]

ROOT_URLCONF = "kubevision.urls.accounts"
WSGI_APPLICATION = "kubevision.wsgi.application"

SECRET_KEY_FILE = env.key_file(
    "SECRET_KEY_FILE", read_secret_keys, example="/run/secrets/secret.key"
)
SECRET_KEY, *SECRET_KEY_FALLBACKS = read_secret_keys(SECRET_KEY_FILE)
ACCOUNTS_SIGNING_KEY_FILE = env.key_file(
    env.room_variable("accounts", "SIGNING_KEY_FILE"),
    read_signing_keys,
    example="/run/secrets/accounts-signing.pem",
)
DATABASES = {
    "default": env.database(
        env.room_variable("accounts", "DATABASE_URL"),
        "sqlite:////var/lib/kubevision/accounts.sqlite3",
    )
}

ACCOUNTS_REGISTRATION = env.choice("ACCOUNTS_REGISTRATION", "open", ("open", "closed"))
ACCOUNTS_ENROLMENT = env.choice("ACCOUNTS_ENROLMENT", "self", ("self", "invited"))
ACCOUNTS_ADMIN_REQUIRE_MFA = env.flag("ACCOUNTS_ADMIN_REQUIRE_MFA", False)

# Without a server nothing is mailed; people see on their profile what happened.
_MAIL = env.mail_server("EMAIL_URL")
EMAIL_HOST, EMAIL_PORT = _MAIL.host, _MAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL.user, _MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL.use_tls, _MAIL.use_ssl
EMAIL_TIMEOUT = 10  # seconds; nobody waits for it
DEFAULT_FROM_EMAIL = env.mail_address(
    "EMAIL_FROM", f"kubevision@{urlsplit(PUBLIC_ORIGINS[0]).hostname}"
)

INSTALLED_APPS = [
    "accounts.apps.AccountsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "kubevision",
    "accounts.apps.AccountsConfig",
]
if DATABASES["default"]["ENGINE"] == mongodb.ENGINE:
    # Django's own models have numbers for keys, which MongoDB cannot give out.
    DEFAULT_AUTO_FIELD = mongodb.AUTO_FIELD
    INSTALLED_APPS = [mongodb.APPS.get(app, app) for app in INSTALLED_APPS]
    MIGRATION_MODULES = mongodb.MIGRATION_MODULES
MIDDLEWARE = [
    *OUTER_MIDDLEWARE,
    "kubevision.page_policy.PagePolicyMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES[0]["OPTIONS"]["context_processors"] += [  # type: ignore[index]  # a literal of base.py
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]

# The admin is the one place with pages here; all other answers are for programs.
CONTENT_SECURITY_POLICIES = {"/": None, "/auth/admin/": policies.page_policy()}
ERROR_ANSWERS = {"/": "kubevision.problems.answer", "/auth/admin/": "accounts.admin_errors.answer"}

STATIC_URL = "/auth/static/"
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.admin_session.AdminSessionBackend"]
PASSWORD_HASHERS = ["accounts.passwords.Argon2idHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "accounts.passwords.MaximumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Django's own session and CSRF cookies serve the admin alone; REST knows only bearer tokens.
SESSION_COOKIE_NAME = f"{SECURE_PREFIX}kv_admin_session"
SESSION_COOKIE_PATH = "/auth/admin/"
CSRF_COOKIE_NAME = f"{SECURE_PREFIX}kv_admin_csrf"
CSRF_COOKIE_PATH = "/auth/admin/"

ROOMS_BY_PREFIX = [("/", "accounts")]
READINESS_CHECKS = {
    **READINESS_CHECKS,
    "database": "kubevision.backups.readiness.check_databases",
}
KEY_FILES = {
    "SECRET_KEY_FILE": (SECRET_KEY_FILE, read_secret_keys),
    "ACCOUNTS_SIGNING_KEY_FILE": (ACCOUNTS_SIGNING_KEY_FILE, read_signing_keys),
}

HOUSEKEEPING = ["accounts.services.housekeeping.run"]
BACKUPS = {"default": "accounts.backups.PLAN"}

"""The dashboard room alone: the pages people see. No database, no Django session."""

from kubevision.keys import read_secret_keys
from kubevision.settings import env, policies
from kubevision.settings.base import *  # noqa: F403  (Django settings modules extend each other so)
from kubevision.settings.base import (
    FACELOGIN_PUBLIC_URL,
    HOST_PREFIX,
    OUTER_MIDDLEWARE,
    PUBLIC_ORIGINS,
    SECURE_COOKIES,
)

ROOT_URLCONF = "kubevision.urls.dashboard"
WSGI_APPLICATION = "kubevision.wsgi.application"

SECRET_KEY_FILE = env.key_file(
    "SECRET_KEY_FILE", read_secret_keys, example="/run/secrets/secret.key"
)
SECRET_KEY, *SECRET_KEY_FALLBACKS = read_secret_keys(SECRET_KEY_FILE)
LOGIN_REDIRECT_HOSTS = env.hosts("LOGIN_REDIRECT_HOSTS")

INSTALLED_APPS = ["django.contrib.staticfiles", "kubevision", "dashboard.apps.DashboardConfig"]
MIDDLEWARE = [
    *OUTER_MIDDLEWARE,
    "kubevision.page_policy.PagePolicyMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]

SECURITY_HEADERS = {
    "/": policies.ANSWER_HEADERS | {"Permissions-Policy": policies.permissions_policy("camera")}
}
CONTENT_SECURITY_POLICIES = {
    "/": policies.page_policy(
        connect=[
            *PUBLIC_ORIGINS,
            *map(policies.socket_origin, [*PUBLIC_ORIGINS, FACELOGIN_PUBLIC_URL]),
        ],
        # A sign-in form may lead on to these; without TLS `next` may name both schemes.
        form_action=[
            f"{scheme}://{host}"
            for host in LOGIN_REDIRECT_HOSTS
            for scheme in (["https"] if SECURE_COOKIES else ["https", "http"])
        ],
    )
}
ERROR_ANSWERS = {"/": "dashboard.views.errors.answer"}

STATIC_URL = "/static/"
CSRF_COOKIE_NAME = f"{HOST_PREFIX}kv_csrf"

ROOMS_BY_PREFIX = [("/", "dashboard")]
KEY_FILES = {"SECRET_KEY_FILE": (SECRET_KEY_FILE, read_secret_keys)}

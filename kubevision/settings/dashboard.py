"""The dashboard room alone: the pages people see. No database, no Django session."""

from kubevision.keys import read_secret_keys
from kubevision.settings import env
from kubevision.settings.base import *  # noqa: F403  (Django settings modules extend each other so)
from kubevision.settings.base import HOST_PREFIX

ROOT_URLCONF = "kubevision.urls.dashboard"
WSGI_APPLICATION = "kubevision.wsgi.application"

SECRET_KEY, *SECRET_KEY_FALLBACKS = read_secret_keys(
    env.key_file("SECRET_KEY_FILE", None, example="/run/secrets/secret.key")
)
LOGIN_REDIRECT_HOSTS = env.words("LOGIN_REDIRECT_HOSTS", example="wiki.example.org")

INSTALLED_APPS = ["django.contrib.staticfiles", "kubevision", "dashboard.apps.DashboardConfig"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "kubevision.request_context.RequestIdMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

STATIC_URL = "/static/"
CSRF_COOKIE_NAME = f"{HOST_PREFIX}kv_csrf"

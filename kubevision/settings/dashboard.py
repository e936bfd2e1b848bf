"""The dashboard room alone: the pages people see. No database, no Django session."""

from kubevision.keys import read_secret_keys
from kubevision.settings import env
from kubevision.settings.base import *  # noqa: F403  (Django settings modules extend each other so)
from kubevision.settings.base import HOST_PREFIX

ROOT_URLCONF = "kubevision.urls.dashboard"
WSGI_APPLICATION = "kubevision.wsgi.application"

SECRET_KEY_FILE = env.key_file(
    "SECRET_KEY_FILE", read_secret_keys, example="/run/secrets/secret.key"
)
SECRET_KEY, *SECRET_KEY_FALLBACKS = read_secret_keys(SECRET_KEY_FILE)
LOGIN_REDIRECT_HOSTS = env.hosts("LOGIN_REDIRECT_HOSTS")

INSTALLED_APPS = ["django.contrib.staticfiles", "kubevision", "dashboard.apps.DashboardConfig"]
MIDDLEWARE = [
    "kubevision.request_context.ForwardedProtoMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "kubevision.request_context.RequestIdMiddleware",
    "kubevision.metrics.RequestMetricsMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

STATIC_URL = "/static/"
CSRF_COOKIE_NAME = f"{HOST_PREFIX}kv_csrf"

ROOMS_BY_PREFIX = [("/", "dashboard")]
KEY_FILES = {"SECRET_KEY_FILE": (SECRET_KEY_FILE, read_secret_keys)}

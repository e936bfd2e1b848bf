"""What only the laptop's single process needs: it routes by room what a cluster keeps apart."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest, HttpResponseBase
from servestatic.middleware import ServeStaticMiddleware

ADMIN_PATH = "/auth/admin/"
ADMIN_STATIC_URL = "/auth/static/"


class RoomRouter:
    """Keeps facelogin's tables in its own database; everything else is accounts'."""

    def _database(self, app_label: str) -> str:
        return "facelogin" if app_label == "facelogin" else "default"

    def db_for_read(self, model: Any, **_hints: Any) -> str:
        """Name the database of a model."""
        return self._database(model._meta.app_label)

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **_hints: Any) -> bool:
        """Make each table in its own room's database only."""
        return db == self._database(app_label)


class AdminCookiesMiddleware:
    """Gives the admin's CSRF cookie its own name and path.

    A room alone sets CSRF_COOKIE_NAME for itself; here dashboard and admin share one process and
    so one setting, which is the dashboard's.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.shared_name: str = settings.CSRF_COOKIE_NAME
        self.admin_name: str = f"{settings.SECURE_PREFIX}kv_admin_csrf"

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Translate the cookie's name on the way in and on the way out."""
        if not request.path.startswith(ADMIN_PATH):
            return self.get_response(request)
        request.COOKIES.pop(self.shared_name, None)
        if (token := request.COOKIES.get(self.admin_name)) is not None:
            request.COOKIES[self.shared_name] = token
        response = self.get_response(request)
        if (morsel := response.cookies.pop(self.shared_name, None)) is not None:
            response.set_cookie(
                self.admin_name,
                morsel.value,
                max_age=settings.CSRF_COOKIE_AGE,
                path=ADMIN_PATH,
                secure=settings.CSRF_COOKIE_SECURE,
                httponly=settings.CSRF_COOKIE_HTTPONLY,
                samesite=settings.CSRF_COOKIE_SAMESITE,
            )
        return response


class StaticStorage(StaticFilesStorage):
    """Names the admin's files under accounts' prefix, all others under the dashboard's."""

    def url(self, name: str | None) -> str:
        """Return the public path of a static file."""
        if name and name.startswith("admin/"):
            return ADMIN_STATIC_URL + name
        return super().url(name)


class AdminStaticMiddleware(ServeStaticMiddleware):  # type: ignore[misc]  # untyped library
    """Serves the same files a second time, under accounts' prefix."""

    @staticmethod
    def default_static_prefix(_settings: object) -> str:
        """Return accounts' prefix for static files."""
        return ADMIN_STATIC_URL

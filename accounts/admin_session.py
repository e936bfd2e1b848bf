"""How Django admin is opened: by the product's sign-in, never by a password form of its own."""

import uuid
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import login, logout
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import selectors
from accounts.models import Session, User
from accounts.services import sessions

SESSION_ID_KEY = "kv_session_id"
# The dashboard's; the contract fixes the paths.
LOGIN_PAGE = "/login"
PROFILE_PAGE = "/profile"


class AdminSessionBackend(ModelBackend):
    """Knows people's permissions; checks no password, so no form anywhere can use one."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Never sign anybody in."""
        return None


def _session_behind(request: HttpRequest) -> Session | None:
    """Return the live sign-in that this admin session was opened from."""
    try:
        session_id = uuid.UUID(request.session.get(SESSION_ID_KEY, ""))
    except ValueError:
        return None
    session = selectors.session_by_id(str(session_id))
    return session if session is not None and session.user == request.user else None


class PortalAdminSite(AdminSite):
    """The admin behind the product's own sign-in; it ends when that sign-in ends."""

    site_header = gettext_lazy("KubeVision administration")
    site_title = gettext_lazy("KubeVision")
    index_title = gettext_lazy("People and access")
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        """Ask for staff whose sign-in is still alive and strong enough."""
        if not super().has_permission(request):
            return False
        session = _session_behind(request)
        return session is not None and self._is_strong_enough(session)

    @staticmethod
    def _is_strong_enough(session: Session) -> bool:
        if selectors.state(session) != selectors.ACTIVE:
            return False
        return not settings.ACCOUNTS_ADMIN_REQUIRE_MFA or "mfa" in selectors.methods(session)

    def admin_view(  # type: ignore[override]  # the stubs know no wrapped views
        self, view: Callable[..., HttpResponse], cacheable: bool = False
    ) -> Callable[..., HttpResponse]:
        """Open an admin session where there is none, instead of showing Django's login page."""
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.has_permission(request):
                return self._open(request, request.get_full_path())
            return inner(request, *args, **kwargs)

        return update_wrapper(guarded, inner)

    def get_urls(self) -> list[Any]:
        """Leave out the way to pages of objects: none of ours has one."""
        return [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Open an admin session; there is no form."""
        target = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
            target = request.path.removesuffix("login/")
        return self._open(request, target)

    def password_change(  # type: ignore[override]  # Django allows any response here
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the profile: Django's own form would take the old password alone as proof."""
        return HttpResponseRedirect(PROFILE_PAGE)

    def password_change_done(  # type: ignore[override]  # likewise
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the profile; nothing is changed here."""
        return HttpResponseRedirect(PROFILE_PAGE)

    def _open(self, request: HttpRequest, target: str) -> HttpResponse:
        session = selectors.session_by_pass(request.COOKIES.get(settings.PASS_COOKIE, ""))
        if session is None or selectors.state(session) != selectors.ACTIVE:
            return redirect_to_login(target, LOGIN_PAGE)
        if not session.user.is_staff:
            raise PermissionDenied(_("Only staff can open the administration."))
        if not self._is_strong_enough(session):
            raise PermissionDenied(_("Sign in with a second factor to open the administration."))
        sessions.mark_seen(session)
        login(request, session.user, backend=settings.AUTHENTICATION_BACKENDS[0])
        request.session[SESSION_ID_KEY] = str(session.id)
        return HttpResponseRedirect(target)

    def logout(  # type: ignore[override]  # Django allows any response here
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """End the admin session and the sign-in behind it."""
        if (session := _session_behind(request)) is not None:
            sessions.sign_out(session)
        logout(request)
        return HttpResponseRedirect("/")

"""Accounts' REST API as this room uses it (contract section 1), one method a call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx
from django.conf import settings

from dashboard.clients import answers
from dashboard.clients.answers import Account, EventPage, Session, TotpSecret

T = TypeVar("T")

# A person waits for the page: better a helpful one soon than a spinner.
CONNECT_TIMEOUT_SECONDS = 1.0
ANSWER_TIMEOUT_SECONDS = 4.0
# Changes of a face make accounts ask facelogin, which has its own time.
ACTIVATION_TIMEOUT_SECONDS = 10.0


class AccountsUnavailable(Exception):  # noqa: N818  (an outcome)
    """Accounts did not answer, or failed."""


class Refusal(Exception):  # noqa: N818  (an answer, not a fault)
    """Accounts said no, in the words of its problem document."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: int | None) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail", ""))
        self.errors: dict[str, list[str]] = problem.get("errors") or {}
        self.retry_after = retry_after  # seconds
        super().__init__(self.code)


@dataclass(frozen=True)
class Caller:
    """On whose behalf a call is made; goes along as headers."""

    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def _read(parse: Callable[[Any], T], body: Any) -> T:
    """Read an answer; one of another shape is no answer."""
    try:
        return parse(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AccountsUnavailable(f"accounts answered something else: {error!r}") from error


@cache
def _connections() -> httpx.Client:
    """Return this process's connections, kept open between calls."""
    timeout = httpx.Timeout(ANSWER_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS)
    # No proxy of the environment may stand between the rooms.
    return httpx.Client(timeout=timeout, trust_env=False)


class Accounts:
    """Calls accounts for one browser.

    Every method raises `Refusal` when accounts says no and `AccountsUnavailable` when it says
    nothing of use.
    """

    def __init__(self, caller: Caller) -> None:
        self._headers = dict(caller.headers)
        if caller.token:
            self._headers["Authorization"] = f"Bearer {caller.token}"

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **options: Any
    ) -> Any:
        try:
            answer = _connections().request(
                method,
                f"{settings.ACCOUNTS_URL}/auth/v1{path}",
                json=body,
                headers=self._headers,
                **options,
            )
            content = answer.json() if answer.content else {}
        except (httpx.HTTPError, ValueError) as error:
            raise AccountsUnavailable(str(error)) from error
        if answer.is_success:
            return content
        code = content.get("code") if isinstance(content, dict) else None
        # No code: something between us answered that is not accounts.
        if code is None or (answer.is_server_error and code != "facelogin_unavailable"):
            raise AccountsUnavailable(f"accounts answered {answer.status_code}")
        retry_after = answer.headers.get("Retry-After", "")
        raise Refusal(
            answer.status_code, content, int(retry_after) if retry_after.isdigit() else None
        )

    def register(self, username: str, password: str, display_name: str) -> None:
        """Make an account."""
        body = {"username": username, "password": password, "display_name": display_name}
        self._call("POST", "/users", body)

    def accept_invitation(self, code: str, password: str, username: str = "") -> str:
        """Use an administrator's code; return the user name it is for."""
        body = {"code": code, "password": password}
        if username:
            body["username"] = username
        return _read(answers.username, self._call("POST", "/invitations/accept", body))

    def sign_in(self, username: str, password: str) -> Session:
        """Open a session by password."""
        body = {"username": username, "password": password}
        return _read(answers.session, self._call("POST", "/sessions", body))

    def session(self) -> Session:
        """Read the session."""
        return _read(answers.session, self._call("GET", "/session"))

    def sign_out(self) -> None:
        """End the session."""
        self._call("DELETE", "/session")

    def confirm_password(self, password: str) -> Session:
        """Show the password again."""
        body = {"password": password}
        return _read(answers.session, self._call("POST", "/session/reauthentication", body))

    def face_ticket(
        self, purpose: str, consent_version: str = "", *, cohort_consent: bool = False
    ) -> dict[str, Any]:
        """Return a ticket for the camera, as the page's script wants it.

        `cohort_consent`: the person lends the new reference, see docs/privacy.md.
        """
        body: dict[str, str | bool] = {"purpose": purpose}
        if consent_version:
            body["consent_version"] = consent_version
        if cohort_consent:
            body["cohort_consent"] = True
        return _read(answers.ticket, self._call("POST", "/session/face-ticket", body))

    def show_face(self, assertion: str) -> Session:
        """Show the face as second factor."""
        body = {"assertion": assertion}
        return _read(answers.session, self._call("POST", "/session/factors/face", body))

    def show_totp(self, code: str) -> Session:
        """Show a code of an authenticator app as second factor."""
        body = {"code": code}
        return _read(answers.session, self._call("POST", "/session/factors/totp", body))

    def show_recovery_code(self, code: str) -> Session:
        """Show a recovery code as second factor."""
        body = {"code": code}
        return _read(answers.session, self._call("POST", "/session/factors/recovery-code", body))

    def account(self, *parts: str) -> Account:
        """Read the person's account with its factors.

        Parameters
        ----------
        parts : str
            What is wanted besides: sessions, events.
        """
        include = ",".join(("factors", *parts))
        return _read(answers.account, self._call("GET", f"/user?include={include}"))

    def change_profile(self, display_name: str, email: str) -> None:
        """Change the person's name and email address."""
        self._call("PATCH", "/user", {"display_name": display_name, "email": email})

    def change_password(self, new_password: str) -> None:
        """Change the person's password; all other sessions end."""
        self._call("PUT", "/user/password", {"new_password": new_password})

    def end_session(self, session_id: str) -> None:
        """End one of the person's sessions."""
        self._call("DELETE", f"/user/sessions/{session_id}")

    def end_other_sessions(self) -> None:
        """End all of the person's sessions but this one."""
        self._call("DELETE", "/user/sessions")

    def events(self, cursor: str = "") -> EventPage:
        """Read what happened to the account; `cursor` is from the page before."""
        query = f"?{urlencode({'cursor': cursor})}" if cursor else ""
        return _read(answers.event_page, self._call("GET", f"/user/events{query}"))

    def activate_face(self, assertion: str) -> list[str]:
        """Let an enrolled face or an added light count; return codes if the person had none."""
        body = self._call(
            "PUT",
            "/user/factors/face",
            {"assertion": assertion},
            timeout=ACTIVATION_TIMEOUT_SECONDS,
        )
        return _read(answers.first_codes, body)

    def remove_face(self) -> None:
        """Remove the person's face."""
        self._call("DELETE", "/user/factors/face", timeout=ACTIVATION_TIMEOUT_SECONDS)

    def remove_extension(self, extension_id: str) -> None:
        """Take an added light away again."""
        self._call(
            "DELETE",
            f"/user/factors/face/extensions/{extension_id}",
            timeout=ACTIVATION_TIMEOUT_SECONDS,
        )

    def begin_totp(self) -> TotpSecret:
        """Get a secret for an authenticator app; it counts once a code of it was shown."""
        return _read(answers.totp_secret, self._call("POST", "/user/factors/totp"))

    def confirm_totp(self, code: str) -> list[str]:
        """Show a first code, so that the app counts; return codes if the person had none."""
        body = self._call("PUT", "/user/factors/totp", {"code": code})
        return _read(answers.first_codes, body)

    def remove_totp(self) -> None:
        """Remove the person's authenticator app."""
        self._call("DELETE", "/user/factors/totp")

    def renew_recovery_codes(self) -> list[str]:
        """Replace the person's recovery codes; return the new ones."""
        return _read(answers.new_codes, self._call("POST", "/user/factors/recovery-codes"))

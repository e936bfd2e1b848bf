"""Walks every URL pattern of every room as each kind of visitor, and says what each one meets."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts import tokens
from accounts.models import Event, FaceExtension, FaceFactor, Invitation, Session, TotpFactor, User

DOCUMENT = Path(__file__).parent.parent / "docs/doors.md"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# What a visitor meets. `in`: the door is open; what is asked or sent there is judged, and may yet
# be found wrong or want fresh proof.
IN, SIGN_IN, SECOND, FORBIDDEN = "in", "sign in", "second factor", "forbidden"
NOT_FOUND, NO_METHOD, TICKET = "not found", "-", "ticket"
_CODES = {
    "unauthenticated": SIGN_IN,
    "second_factor_required": SECOND,
    "not_found": NOT_FOUND,
    "forbidden": FORBIDDEN,
    "ticket_refused": TICKET,
}
_PASSWORD = make_password("a sentence nobody guesses", hasher="argon2")


# What is sent where nothing would be refused before the door is asked.
BODIES = {
    "/auth/v1/session/face-ticket": b'{"purpose": "verify"}',
    "/train/ticket": b"consent=2026-11.2",
    "/profile/password": b"new_password=three+brass+lamps+in+the+hall",
    "/profile/lights/remove": b"light=none",
    "/profile/sessions/end": f"session={uuid.UUID(int=1)}".encode(),
}


@dataclass
class Visitor:
    """Somebody before a door: what they show, and whose the things with an id are."""

    name: str
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    owner: User | None = None  # of what is named by its id


def _person(name: str, **rights: bool) -> User:
    key = f"{name.replace(' ', '-')}-{uuid.uuid4().hex[:8]}"
    return User.objects.create(username=key, username_key=key, password=_PASSWORD, **rights)


def _signed_in(name: str, user: User, *, has_app: bool, shown: bool) -> Visitor:
    """Sign somebody in, with or without a second factor to their name and shown."""
    now = timezone.now()
    if has_app:
        TotpFactor.objects.create(user=user, sealed_secret="x", enrolled_at=now)
        ends = now + timedelta(days=1)
        FaceFactor.objects.create(user=user, enrolled_at=now, engine="lbph", expires_at=ends)
    token, pass_token = tokens.new_opaque_token(), tokens.new_opaque_token()
    is_active = shown or not has_app
    Session.objects.create(
        user=user,
        token_hash=tokens.fingerprint(token),
        pass_hash=tokens.fingerprint(pass_token) if is_active else "",
        otp_at=now if shown else None,
    )
    cookies = {"kv_session": token} | ({"kv_pass": pass_token} if is_active else {})
    return Visitor(name, {"Authorization": f"Bearer {token}"}, cookies, user)


def nobody() -> Visitor:
    """Without anything; what has an id is somebody's."""
    return Visitor("nobody", owner=_person("ada"))


def password_only() -> Visitor:
    """A password, and no second factor to the name."""
    return _signed_in("password", _person("ada"), has_app=False, shown=False)


def waiting() -> Visitor:
    """A password, and a second factor that was not shown."""
    return _signed_in("waiting", _person("ada"), has_app=True, shown=False)


def full() -> Visitor:
    """Two factors."""
    return _signed_in("full", _person("ada"), has_app=True, shown=True)


def another() -> Visitor:
    """Two factors of one's own, before what is somebody else's."""
    visitor = _signed_in("another", _person("eve"), has_app=True, shown=True)
    visitor.owner = _person("ada")
    return visitor


def staff_by_password() -> Visitor:
    """Staff with all rights, without a second factor."""
    user = _person("chief", is_staff=True, is_superuser=True)
    return _signed_in("staff", user, has_app=False, shown=False)


def staff_with_two() -> Visitor:
    """Staff with all rights, with two factors."""
    user = _person("chief", is_staff=True, is_superuser=True)
    return _signed_in("staff, 2", user, has_app=True, shown=True)


VISITORS: list[Callable[[], Visitor]] = [
    nobody,
    password_only,
    waiting,
    full,
    another,
    staff_by_password,
    staff_with_two,
]


def patterns(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[str]:
    """Return every URL pattern, as the code spells it."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield path
        else:
            yield from patterns(entry, path)


def _address(pattern: str, owner: User) -> str:
    """Return an address that the pattern fits, of what the owner has."""
    now = timezone.now()
    ends = now + timedelta(days=1)
    made: dict[str, Callable[[], object]] = {
        "user": lambda: owner.pk,
        "session": lambda: Session.objects.create(user=owner, token_hash=uuid.uuid4().hex).pk,
        "event": lambda: Event.objects.create(user=owner, kind="signed_in").pk,
        "invitation": lambda: (
            Invitation.objects.create(code_hash=uuid.uuid4().hex, expires_at=ends).pk
        ),
        "extension": lambda: (
            FaceExtension.objects.create(id=uuid.uuid4().hex, user=owner, expires_at=ends).pk
        ),
    }
    address = pattern
    for ours, of in (
        ("<uuid:id>", "session"),
        ("<slug:id>", "extension"),
        ("<slug:extension_id>", "extension"),
    ):
        if ours in address:
            address = address.replace(ours, str(made[of]()))
    for model in ("user", "session", "event", "invitation"):
        if f"/accounts/{model}/<path:object_id>" in address:
            address = address.replace("<path:object_id>", str(made[model]()))
    address = address.replace("<slug:name>", "unlock")
    address = address.replace("^(?P<app_label>accounts)/$", "accounts/").replace(
        "(?P<url>.*)$", "x"
    )
    if "<path:content_type_id>" in address:
        kind = ContentType.objects.get_for_model(User)
        address = address.replace("<path:content_type_id>", str(kind.pk))
        address = address.replace("<path:object_id>", str(owner.pk))
    assert "<" not in address and "(" not in address, f"tests/doors.py knows no {pattern}"
    return address


def _meets(answer: Any, body: Any) -> str:
    if answer.status_code == 405:
        return NO_METHOD
    if answer.status_code in {301, 302}:
        target = answer.headers["Location"].partition("?")[0]
        return {"/login": SIGN_IN, "/facelogin": SECOND, "/login/other": SECOND}.get(target, IN)
    code = body.get("code", "") if isinstance(body, dict) else ""
    if code in _CODES:
        return _CODES[code]
    return {403: FORBIDDEN, 404: NOT_FOUND}.get(answer.status_code, IN)


def knock(client: Client, pattern: str, method: str, make: Callable[[], Visitor]) -> str:
    """Let a fresh visitor call a pattern; return what they met."""
    visitor = make()
    assert visitor.owner is not None
    address = _address(pattern, visitor.owner)
    client.cookies.clear()
    for name, value in visitor.cookies.items():
        client.cookies[name] = value
    if address.startswith("/auth/admin/") and "kv_pass" in visitor.cookies:
        client.get("/auth/admin/")  # opens the administration, if it opens
    is_rest = address.startswith(("/auth/v1/", "/face/"))
    options: dict[str, Any] = {"headers": visitor.headers} if is_rest else {}
    data = BODIES.get(address, b"{}" if is_rest else b"")
    content_type = "application/json" if is_rest else "application/x-www-form-urlencoded"
    answer = client.generic(method, address, data, content_type=content_type, **options)
    target = answer.headers.get("Location", "").partition("?")[0]
    if "kv_session" in visitor.cookies and target == "/login":
        answer = client.get(answer.headers["Location"])  # knows which factor is due
    assert answer.status_code < 500 or answer.status_code == 503, (method, address)
    is_json = "json" in answer.headers.get("Content-Type", "")
    return _meets(answer, answer.json() if is_json and answer.content else {})


def walk(prefix: str = "/") -> dict[tuple[str, str], list[str]]:
    """Return what each visitor meets at each pattern, by pattern and method."""
    met: dict[tuple[str, str], list[str]] = {}
    # One for all: each new one would look for every static file anew.
    client = Client(raise_request_exception=False)
    for pattern in patterns():
        if not pattern.startswith(prefix):
            continue
        # The administration's pages look at nothing but whether a form was sent.
        for method in METHODS[:2] if pattern.startswith("/auth/admin/") else METHODS:
            *others, strongest = VISITORS
            first = knock(client, pattern, method, strongest)
            if first == NO_METHOD:
                continue
            met[pattern, method] = [
                *(knock(client, pattern, method, make) for make in others),
                first,
            ]
    return met


HEAD = """# Every door

What each kind of visitor meets at every URL pattern of every room, measured by walking them:
`make doors` writes this page, and `tests/test_doors.py` fails where it is no longer true.

- **in**: the door is open. What is sent there is judged, and changing how one signs in wants fresh
  proof besides.
- **sign in**, **second factor**: that comes first. **forbidden**: signed in is not enough.
- **not found**: there is no such thing, or it is somebody else's.
- **ticket**: facelogin asks for a ticket of accounts; no session and no cookie is one.
- A method that is not named is answered 405.

The visitors: **nobody**; **password**: signed in by password, has no second factor; **waiting**:
the password was shown, the second factor was not; **full**: two factors shown; **another**: two
factors of one's own, before somebody else's things; **staff**: with all rights, by password alone;
**staff, 2**: with all rights and two factors.

The capture socket `/face/v1/capture` opens to whoever brings a ticket in its first message; a
session's token, a pass and a cookie are refused as `ticket_refused` (4401). Every other socket path
is refused at the handshake. `/livez`, `/readyz` and `/metrics` are on the management port alone.
"""


def _table(met: dict[tuple[str, str], list[str]], prefix: str, without: str = "none") -> list[str]:
    names = [make().name for make in VISITORS]
    lines = [
        f"| method | pattern | {' | '.join(names)} |",
        f"|---|---|{'---|' * len(names)}",
    ]
    for (pattern, method), outcomes in met.items():
        if pattern.startswith(prefix) and not pattern.startswith(without):
            spelled = pattern.replace("|", "\\|")
            lines.append(f"| {method} | `{spelled}` | {' | '.join(outcomes)} |")
    return lines


def document(
    met: dict[tuple[str, str], list[str]], strict: dict[tuple[str, str], list[str]]
) -> str:
    """Return the page: pages, REST, facelogin's HTTP, and the admin without and with the demand."""
    pages = {key: row for key, row in met.items() if not key[0].startswith(("/auth/", "/face/"))}
    sections = [
        ("Pages (dashboard)", _table(pages, "/")),
        ("REST (accounts)", _table(met, "/auth/", "/auth/admin/")),
        ("HTTP (facelogin)", _table(met, "/face/")),
        (
            "Administration, where a second factor is not demanded (a laptop)",
            _table(met, "/auth/admin/"),
        ),
        (
            "Administration, where it is (`ACCOUNTS_ADMIN_REQUIRE_MFA=on`)",
            _table(strict, "/auth/admin/"),
        ),
    ]
    parts = [HEAD]
    for title, lines in sections:
        parts.append(f"\n## {title}\n\n" + "\n".join(lines) + "\n")
    return "".join(parts)

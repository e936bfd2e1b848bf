"""No door of any room does more than the contract allows (quality.md, section 3)."""

import json
import os
import re
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator

from facelogin.routing import application as sockets
from tests import doors
from tests.doors import FORBIDDEN, IN, NOT_FOUND, SECOND, SIGN_IN

pytestmark = pytest.mark.django_db(databases=["default", "facelogin"], transaction=True)

# What contract section 1 lets a session do that has shown the password and owes more: read itself,
# ask for a verify ticket, show a second factor, end.
OPEN_TO_THE_WAITING = {
    ("/auth/v1/session", "GET"),
    ("/auth/v1/session", "DELETE"),
    ("/auth/v1/session/face-ticket", "POST"),
    ("/auth/v1/session/factors/face", "POST"),
    ("/auth/v1/session/factors/totp", "POST"),
    ("/auth/v1/session/factors/recovery-code", "POST"),
    # The pages that do the same.
    ("/facelogin", "GET"),
    ("/facelogin", "POST"),
    ("/facelogin/ticket", "POST"),
    ("/login/other", "GET"),
    ("/login/other", "POST"),
}
ABOUT_ONES_OWN = re.compile(r"/(auth/v1/(user|session)|profile|train|confirm)(/.*)?")
# The codes in it are the visitor's own words: nothing is asked of accounts.
ECHO = "/profile/recovery-codes/file"

SHUT = {SIGN_IN, SECOND, FORBIDDEN}

Met = dict[tuple[str, str], list[str]]


@pytest.fixture(scope="module")
def names() -> list[str]:
    return ["nobody", "password", "waiting", "full", "another", "staff", "staff, 2"]


@pytest.fixture
def rooms(live_server: Any, settings: Any) -> None:
    """All rooms' URLs, calling each other as they do on a laptop."""
    settings.ACCOUNTS_URL = settings.FACELOGIN_URL = live_server.url
    settings.ALLOWED_HOSTS = ["*"]


def test_every_door_is_as_the_document_says(rooms: None, settings: Any, names: list[str]) -> None:
    settings.ACCOUNTS_ADMIN_REQUIRE_MFA = False
    met: Met = doors.walk()
    settings.ACCOUNTS_ADMIN_REQUIRE_MFA = True
    strict: Met = doors.walk("/auth/admin/")
    broken: list[tuple[str, object]] = []
    for (pattern, method), outcomes in met.items():
        door = (pattern, method)
        met_by = dict(zip(names, outcomes, strict=True))
        is_admin = pattern.startswith("/auth/admin/")
        # A password alone opens what is open to everybody, and the way to the second factor.
        is_closed = not is_admin and pattern != ECHO and door not in OPEN_TO_THE_WAITING
        if is_closed and met_by["waiting"] not in {met_by["nobody"], SECOND}:
            broken.append(("waits and comes in", door))
        if ABOUT_ONES_OWN.fullmatch(pattern) and pattern != ECHO and met_by["nobody"] != SIGN_IN:
            broken.append(("opens to nobody", door))
        if is_admin and "logout" not in pattern:
            demanded = dict(zip(names, strict[door], strict=True))
            if not {met_by[who] for who in names if "staff" not in who} <= SHUT:
                broken.append(("opens the administration to others", door))
            # Without its second factor, staff is nobody where one is demanded.
            if demanded != met_by | {"staff": demanded["staff"]} or demanded["staff"] not in SHUT:
                broken.append(("opens the administration to a password", door))
        has_id = "<uuid:id>" in pattern or "<slug:id>" in pattern
        if has_id and not pattern.startswith("/face/") and met_by["another"] != NOT_FOUND:
            broken.append(("opens somebody else's", door))
    broken += [
        ("is shut to who waits", door)
        for door in OPEN_TO_THE_WAITING
        if met[door][names.index("waiting")] != IN
    ]
    assert not broken, "\n".join(map(str, broken))

    found = doors.document(met, strict)
    if os.environ.get("DOORS") == "write":
        doors.DOCUMENT.write_text(found)
    assert doors.DOCUMENT.read_text() == found, "run `make doors` and read what changed"


@pytest.mark.parametrize("make", doors.VISITORS, ids=lambda make: make.__name__)
async def test_a_socket_opens_to_a_ticket_and_to_nothing_else(rooms: None, make: Any) -> None:
    visitor = await database_sync_to_async(make)()
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    headers = [
        (b"origin", b"http://localhost:8000"),
        (b"cookie", cookie.encode()),
        (b"authorization", visitor.headers.get("Authorization", "").encode()),
    ]
    for shown in {*visitor.cookies.values(), visitor.headers.get("Authorization", ""), "x"}:
        socket = WebsocketCommunicator(sockets, "/face/v1/capture", headers, ["kubevision.face.v1"])
        connected, _ = await socket.connect()
        assert connected
        await socket.send_to(text_data=json.dumps({"type": "attempt.start", "ticket": shown}))
        assert json.loads(await socket.receive_from(timeout=10))["code"] == "ticket_refused"
        assert (await socket.receive_output(timeout=10))["code"] == 4401
    for path in ("/face/v1/live", "/face/v1/other", "/", "/auth/v1/session"):
        socket = WebsocketCommunicator(sockets, path, headers, ["kubevision.face.v1"])
        assert (await socket.connect())[0] is False

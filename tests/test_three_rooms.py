"""The rooms apart: what reaches whom through the ingress, and what each does without the others.

The main job itself runs here too: tests that take `anywhere` run on this installation as well.
"""

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect
from websockets.sync.client import connect

from tests import browser
from tests.run import ROOT
from tests.test_browser import Feeds, enrol_somebody
from tests.three_rooms import INGRESS_ADDRESS, ThreeRooms, wait_until

MANAGEMENT_PATHS = ("/livez", "/readyz", "/metrics")
PASSWORD = browser.PASSWORD
SOMEWHERE = "127.0.0.9"  # a browser that is neither the ingress nor the dashboard


def visitor(**headers: str) -> httpx.Client:
    """Return a client at an address of its own."""
    transport = httpx.HTTPTransport(local_address=SOMEWHERE)
    return httpx.Client(transport=transport, headers=headers, timeout=20)


# -- routes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "room", "sign"),
    [
        ("/", "dashboard", "KubeVision"),
        ("/facelogin", "dashboard", "/login?next=%2Ffacelogin"),
        ("/authors", "dashboard", "404"),
        ("/face", "dashboard", "404"),
        ("/auth", "dashboard", "404"),
        ("/static/dashboard/css/kubevision.css", "dashboard", "text/css"),
        ("/auth/admin/", "accounts", "/login?next=/auth/admin/"),
        ("/auth/static/admin/css/base.css", "accounts", "text/css"),
        ("/auth/v1/session", "accounts", "unauthenticated"),
        ("/auth/.well-known/jwks.json", "accounts", "Ed25519"),
        ("/face/v1/reference", "facelogin", "ticket_refused"),
        ("/face/.well-known/jwks.json", "facelogin", "Ed25519"),
    ],
)
def test_each_path_reaches_its_room(
    three_rooms: ThreeRooms, path: str, room: str, sign: str
) -> None:
    before = {name: _requests(three_rooms, name) for name in three_rooms.rooms}
    answer = httpx.get(f"{three_rooms.origin}{path}")
    assert answer.status_code < 500
    assert sign in f"{answer.status_code} {answer.headers} {answer.text}"
    asked = {name for name in before if _requests(three_rooms, name) > before[name]}
    assert asked == {room}


def test_the_capture_socket_reaches_facelogin(three_rooms: ThreeRooms) -> None:
    url = three_rooms.origin.replace("http", "ws") + "/face/v1/capture"
    with connect(url, subprotocols=["kubevision.face.v1"], proxy=None) as socket:
        socket.send('{"type": "attempt.start", "ticket": "none"}')
        assert "ticket_refused" in str(socket.recv())


def _requests(three_rooms: ThreeRooms, name: str) -> float:
    """Return how many requests a room has answered."""
    text = three_rooms.rooms[name].ask("/metrics").text
    lines = [x for x in text.splitlines() if x.startswith("kubevision_http_requests_total{")]
    assert all(f'room="{name}"' in line for line in lines)
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


# -- the management port ---------------------------------------------------------------------------


def served(base: str) -> list[str]:
    """Return the management paths that an address answers with anything but 404."""
    return [path for path in MANAGEMENT_PATHS if httpx.get(f"{base}{path}").status_code != 404]


def test_the_management_port_is_not_public(three_rooms: ThreeRooms) -> None:
    assert served(three_rooms.origin) == []
    for prefix in ("/auth", "/face"):
        assert served(f"{three_rooms.origin}{prefix}") == []
    for room in three_rooms.rooms.values():
        assert served(f"http://127.0.0.1:{room.port}") == [], room.name
        # The same question finds them where they are.
        assert served(f"http://127.0.0.1:{room.management_port}") == list(MANAGEMENT_PATHS)


@pytest.mark.parametrize("name", ["accounts", "dashboard", "facelogin"])
def test_each_room_answers_on_its_management_port(three_rooms: ThreeRooms, name: str) -> None:
    room = three_rooms.rooms[name]
    assert room.ask("/livez").json() == {"status": "alive"}
    status, body = room.ready()
    assert (status, body["status"]) == (200, "ready")
    line = "set to 0.1 %, shown for at most 0.67 % (38 people)"
    assert any(line in note for note in body["notes"]) is (name == "facelogin")
    metrics = room.ask("/metrics")
    assert metrics.headers["Content-Type"].startswith("text/plain")
    assert "kubevision_http_requests_total" in metrics.text
    workers = "kubevision_recognition_workers_alive 2.0"
    assert (workers in metrics.text) is (name == "facelogin")
    assert room.ask("/else").status_code == 404


@pytest.mark.parametrize("name", ["accounts", "facelogin"])
def test_a_database_moved_away_is_named(three_rooms: ThreeRooms, name: str) -> None:
    room = three_rooms.rooms[name]
    away = room.database.with_suffix(".away")
    room.database.rename(away)
    try:
        status, body = room.ready()
        assert status == 503 and list(body["failing"]) == ["database"]
        assert f"{name}.sqlite3 is missing" in body["failing"]["database"]
        assert not room.database.exists()  # asking must not make an empty one
        assert room.ask("/livez").status_code == 200
        others = [other for other in three_rooms.rooms.values() if other is not room]
        assert all(other.ready()[0] == 200 for other in others)
    finally:
        away.rename(room.database)
    assert room.ready()[0] == 200


def _change(three_rooms: ThreeRooms, name: str, *statements: str) -> None:
    with closing(sqlite3.connect(three_rooms.rooms[name].database)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("accounts", "accounts_spenttoken"),
        ("accounts", "accounts_user_groups"),
        ("facelogin", "facelogin_spentticket"),
        ("facelogin", "facelogin_reference"),
    ],
)
def test_missing_tables_and_unique_indexes_are_named(
    three_rooms: ThreeRooms, name: str, table: str
) -> None:
    room = three_rooms.rooms[name]
    _change(three_rooms, name, f"ALTER TABLE {table} RENAME TO kept")
    try:
        status, body = room.ready()
        assert status == 503 and f"table {table} is missing" in body["failing"]["database"]
        # A copy of a table has its columns and none of its indexes.
        _change(three_rooms, name, f"CREATE TABLE {table} AS SELECT * FROM kept")
        status, body = room.ready()
        assert status == 503
        assert f"{table} has no unique index on" in body["failing"]["database"]
    finally:
        _change(three_rooms, name, f"DROP TABLE IF EXISTS {table}")
        _change(three_rooms, name, f"ALTER TABLE kept RENAME TO {table}")
    assert room.ready()[0] == 200


@pytest.mark.parametrize("name", ["accounts", "facelogin"])
def test_a_migration_that_is_not_applied_is_named(three_rooms: ThreeRooms, name: str) -> None:
    newest = max(file.stem for file in (ROOT / name / "migrations").glob("0*.py"))
    where = f"WHERE app = '{name}' AND name = '{newest}'"
    _change(three_rooms, name, f"UPDATE django_migrations SET name = 'away' {where}")
    try:
        status, body = three_rooms.rooms[name].ready()
        assert status == 503 and f"{name}.{newest}" in body["failing"]["database"]
    finally:
        undo = where.replace(newest, "away")
        _change(three_rooms, name, f"UPDATE django_migrations SET name = '{newest}' {undo}")
    assert three_rooms.rooms[name].ready()[0] == 200


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("accounts", "SIGNING_KEY_FILE"),
        ("facelogin", "TEMPLATE_KEY_FILE"),
        ("dashboard", "SECRET_KEY_FILE"),
    ],
)
def test_an_unreadable_key_is_named(three_rooms: ThreeRooms, name: str, variable: str) -> None:
    room = three_rooms.rooms[name]
    file = Path(room.settings[variable])
    content = file.read_bytes()
    file.write_bytes(b"no key")
    try:
        status, body = room.ready()
        assert status == 503 and variable in body["failing"]["keys"]
    finally:
        file.write_bytes(content)
    assert room.ready()[0] == 200


def test_killed_workers_are_named_and_replaced(three_rooms: ThreeRooms) -> None:
    room = three_rooms.rooms["facelogin"]
    for pid in room.workers():
        os.kill(pid, signal.SIGKILL)
    status, body = room.ready()
    assert status == 503 and list(body["failing"]) == ["workers"]
    wait_until(lambda: room.ready()[0] == 200, "new workers")


@pytest.mark.parametrize("name", ["accounts", "dashboard"])
def test_a_replaced_gunicorn_worker_takes_the_management_port_over(
    three_rooms: ThreeRooms, name: str
) -> None:
    room = three_rooms.rooms[name]
    assert room.process is not None
    before = set(room.processes()) - {room.process.pid}
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: set(room.processes()) - {room.process.pid} - before, "a new worker")
    wait_until(lambda: room.ready()[0] == 200, "the new worker")


# -- who is asking ---------------------------------------------------------------------------------


def _newest_address(three_rooms: ThreeRooms) -> str:
    with closing(sqlite3.connect(three_rooms.rooms["accounts"].database)) as database:
        query = "SELECT address FROM accounts_session ORDER BY created_at DESC LIMIT 1"
        return str(database.execute(query).fetchone()[0])


@pytest.mark.parametrize("forged", ["6.6.6.6", INGRESS_ADDRESS, "127.0.0.1", "6.6.6.6, 127.0.0.1"])
def test_a_forged_address_is_not_believed(
    three_rooms: ThreeRooms, username: str, forged: str
) -> None:
    who = {"username": username, "password": PASSWORD}
    headers = {"X-Forwarded-For": forged, "X-Real-IP": forged, "Forwarded": f"for={forged}"}
    with visitor(**headers) as client:
        api = f"{three_rooms.origin}/auth/v1"
        assert client.post(f"{api}/users", json=who).status_code == 201
        assert client.post(f"{api}/sessions", json=who).status_code == 201
        assert _newest_address(three_rooms) == SOMEWHERE
        page = client.get(f"{three_rooms.origin}/login")
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = who | {"csrfmiddlewaretoken": token}
        assert client.post(f"{three_rooms.origin}/login", data=form).status_code == 302
        assert _newest_address(three_rooms) == SOMEWHERE
        # Past the ingress, straight to accounts: no proxy of ours, so nothing is believed.
        own = f"http://127.0.0.1:{three_rooms.rooms['accounts'].port}/auth/v1"
        assert client.post(f"{own}/sessions", json=who).status_code == 201
        assert _newest_address(three_rooms) == SOMEWHERE


# -- the admin -------------------------------------------------------------------------------------


def test_staff_open_the_admin_through_the_ingress(three_rooms: ThreeRooms, username: str) -> None:
    three_rooms.rooms["accounts"].manage("make_admin", username, text=f"{PASSWORD}\n")
    styles: dict[str, int] = {}
    with browser.browser(None) as page:
        page.on(
            "response",
            lambda answer: (
                styles.update({answer.url: answer.status}) if answer.url.endswith(".css") else None
            ),
        )
        page.goto(f"{three_rooms.origin}/auth/admin/")
        expect(page).to_have_url(f"{three_rooms.origin}/login?next=/auth/admin/")
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", PASSWORD)
        styles.clear()
        page.click("main button")
        page.wait_for_url(f"{three_rooms.origin}/auth/admin/")
        expect(page.locator("#site-name")).to_contain_text("KubeVision administration")
        assert styles and set(styles.values()) == {200}
        assert all(url.startswith(f"{three_rooms.origin}/auth/static/admin/") for url in styles)
        names = {cookie["name"]: cookie["path"] for cookie in page.context.cookies()}
        assert names["kv_admin_session"] == "/auth/admin/"
        page.goto(f"{three_rooms.origin}/auth/admin/accounts/user/")
        expect(page.locator("#result_list")).to_contain_text(username)


def test_a_visitor_gets_no_further_than_the_sign_in(three_rooms: ThreeRooms, username: str) -> None:
    who = {"username": username, "password": PASSWORD}
    api = f"{three_rooms.origin}/auth/v1"
    assert httpx.post(f"{api}/users", json=who).status_code == 201
    session = httpx.post(f"{api}/sessions", json=who).json()
    for cookies, status in (({}, 302), ({"kv_pass": "made up"}, 302), (session, 403)):
        value = cookies.get("kv_pass", cookies.get("pass_token", ""))
        headers = {"Cookie": f"kv_pass={value}"}
        for path in ("/auth/admin/", "/auth/admin/accounts/user/"):
            answer = httpx.get(f"{three_rooms.origin}{path}", headers=headers)
            assert answer.status_code == status, path


# -- a room is gone --------------------------------------------------------------------------------


def test_without_facelogin_a_recovery_code_lets_in(
    three_rooms: ThreeRooms, feeds: Feeds, username: str
) -> None:
    codes = enrol_somebody(three_rooms, feeds["ada"], username)
    with three_rooms.without("facelogin"), browser.browser(feeds["ada again"]) as page:
        browser.show_password(page, three_rooms.origin, username)
        page.wait_for_url(f"{three_rooms.origin}/facelogin")
        browser.start_camera(page)
        browser.wait_until_stopped(page)
        page.click("#other-factor")
        page.fill("input[name=code]", codes[0])
        page.click("main button")
        page.wait_for_url(f"{three_rooms.origin}/")
        expect(page.locator("#methods")).to_contain_text("recovery code")
        ready = {name: room.ready()[0] for name, room in three_rooms.rooms.items()}
        assert ready == {"accounts": 200, "dashboard": 200, "facelogin": 0}


def test_without_accounts_nobody_gets_in_and_is_told(
    three_rooms: ThreeRooms, username: str
) -> None:
    who: dict[str, Any] = {"username": username, "password": PASSWORD}
    origin = three_rooms.origin
    with httpx.Client(timeout=30) as client:
        assert client.post(f"{origin}/auth/v1/users", json=who).status_code == 201
        page = client.get(f"{origin}/login")
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = who | {"csrfmiddlewaretoken": token}
        assert client.post(f"{origin}/login", data=form).status_code == 302
        assert client.get(f"{origin}/profile").status_code == 200
        with three_rooms.without("accounts"):
            for path in ("/", "/profile", "/train", "/facelogin"):
                answer = client.get(f"{origin}{path}")
                assert answer.status_code == 503, path
                assert answer.headers["Retry-After"].isdigit()
                assert username not in answer.text
            answer = client.post(f"{origin}/login", data=form)
            assert answer.status_code == 503
            assert "kv_session" not in answer.headers.get("Set-Cookie", "")
            assert three_rooms.rooms["dashboard"].ready()[0] == 200
            assert three_rooms.rooms["facelogin"].ready()[0] == 200
        assert client.get(f"{origin}/profile").status_code == 200

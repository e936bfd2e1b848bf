from types import SimpleNamespace

import pytest

from kubevision.paths import for_path
from kubevision.settings.policies import by_room, page_policy, permissions_policy, socket_origin

TABLE = {"/": "first", "/auth/": "accounts", "/auth/admin/": "admin"}


def test_the_longest_prefix_counts() -> None:
    assert for_path(TABLE, "/auth/admin/x") == "admin"
    assert for_path(TABLE, "/auth/v1/x") == "accounts"
    for path in ("/auth", "/authors", "/", ""):
        assert for_path(TABLE, path) == "first"


def test_rooms_keep_their_own_in_one_process() -> None:
    accounts = SimpleNamespace(TABLE={"/": "rest", "/auth/admin/": "admin"})
    rooms = {"/auth/": accounts, "/face/": SimpleNamespace(), "/": SimpleNamespace(TABLE={"/": 1})}
    assert by_room(rooms, "TABLE", None) == {
        "/auth/": "rest", "/auth/admin/": "admin", "/face/": None, "/": 1
    }  # fmt: skip


def test_features_are_off_unless_named() -> None:
    assert "camera=()" in permissions_policy()
    assert "camera=(self)" in permissions_policy("camera")
    assert permissions_policy("camera").count("(self)") == 1


def test_a_form_leads_home_unless_hosts_are_named() -> None:
    assert page_policy()["form-action"] == ["'self'"]
    wiki = page_policy(form_action=["https://wiki.example.org"])
    assert wiki["form-action"] == ["'self'", "https://wiki.example.org"]


@pytest.mark.parametrize(
    ("origin", "socket"),
    [
        ("https://kv.example.org", "wss://kv.example.org"),
        ("http://localhost:8000", "ws://localhost:8000"),
        ("https://http.example.org", "wss://http.example.org"),
    ],
)
def test_sockets_of_origins(origin: str, socket: str) -> None:
    assert socket_origin(origin) == socket

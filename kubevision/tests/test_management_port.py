import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import httpx
import pytest
from django.core.exceptions import ImproperlyConfigured

from kubevision import liveness, management_port, metrics


@pytest.fixture
def base(settings: Any) -> Iterator[str]:
    settings.MANAGEMENT_HOST, settings.MANAGEMENT_PORT = "127.0.0.1", 0
    settings.READINESS_CHECKS = {}
    listening = management_port.bind()
    management_port.start(listening)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    management_port.stop()


def test_three_paths_and_no_more(base: str) -> None:
    assert httpx.get(f"{base}/livez").json() == {"status": "alive"}
    assert httpx.get(f"{base}/readyz?verbose").json() == {"status": "ready", "notes": []}
    assert metrics.REQUESTS._name in httpx.get(f"{base}/metrics").text
    for path in ("/", "/livez/", "/admin", "/readyz/livez"):
        assert httpx.get(f"{base}{path}").status_code == 404, path
    assert httpx.post(f"{base}/readyz").status_code == 501
    head = httpx.head(f"{base}/livez")
    assert (head.status_code, head.content) == (200, b"")


def test_a_loop_that_hangs_is_not_alive(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    liveness.beat()
    assert httpx.get(f"{base}/livez").status_code == 200
    now = liveness.time.monotonic()
    monkeypatch.setattr(liveness.time, "monotonic", lambda: now + liveness.STUCK_AFTER_SECONDS + 1)
    assert httpx.get(f"{base}/livez").status_code == 503
    monkeypatch.setattr(liveness, "_last_beat", None)
    assert httpx.get(f"{base}/livez").status_code == 200


def test_nonsense_does_not_end_the_port(base: str) -> None:
    port = int(base.rsplit(":", 1)[1])
    for said in (b"\x16\x03\x01 hello TLS\r\n\r\n", b"GET\r\n\r\n", b"\x00" * 100, b""):
        with socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(said)
    assert httpx.get(f"{base}/livez").status_code == 200


def test_idle_callers_hold_so_many_threads_and_no_more(base: str) -> None:
    address = ("127.0.0.1", int(base.rsplit(":", 1)[1]))
    before = threading.active_count()
    with ExitStack() as idle:
        for _ in range(management_port.MAX_CALLERS):
            idle.enter_context(socket.create_connection(address))
        with socket.create_connection(address) as beyond:
            beyond.settimeout(10)
            assert beyond.recv(1) == b""  # hung up on
        assert threading.active_count() <= before + management_port.MAX_CALLERS
    for _ in range(100):  # those who left have given their threads back
        with suppress(httpx.TransportError):
            assert httpx.get(f"{base}/livez").status_code == 200
            return
    pytest.fail("nobody is answered any more")


def test_a_taken_port_is_said_in_a_sentence(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings.MANAGEMENT_HOST = "127.0.0.1"
        settings.MANAGEMENT_PORT = taken.getsockname()[1]
        with pytest.raises(ImproperlyConfigured, match="Example: MANAGEMENT_PORT="):
            management_port.bind()


def test_a_room_alone_listens_on_every_address(settings: Any) -> None:
    settings.MANAGEMENT_HOST, settings.MANAGEMENT_PORT = "", 0
    with management_port.bind() as listening:
        assert listening.getsockname()[0] in {"::", "0.0.0.0"}


def test_answers_are_json_without_the_servers_versions(base: str) -> None:
    answer = httpx.get(f"{base}/nothing")
    assert json.loads(answer.text) == {"status": "not_found"}
    assert answer.headers["Server"].strip() == "kubevision"

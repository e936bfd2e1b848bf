"""What the rooms' own tests cannot see: the cache of another service's keys."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kubevision import tokens

NAMES = {"typ": "test+jwt", "audience": "reader"}


class Publisher:
    """A service that publishes keys and counts who asks."""

    def __init__(self) -> None:
        self.signer = tokens.Signer("writer", [Ed25519PrivateKey.generate()])
        self.fetches = 0
        self.body: bytes | None = None
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.fetches += 1
                content = publisher.body or json.dumps(publisher.signer.jwks()).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        self.keys = tokens.RemoteKeys(f"http://127.0.0.1:{self.server.server_address[1]}")

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def token(self, **changes: object) -> str:
        return self.signer.sign({"sub": "x", **changes}, life_seconds=60, **NAMES)

    def read(self, token: str) -> tokens.Claims:
        return tokens.read(token, self.keys, issuer="writer", **NAMES)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    yield made
    made.close()


def test_keys_are_fetched_once(publisher: Publisher) -> None:
    for _ in range(5):
        assert publisher.read(publisher.token())["sub"] == "x"
    assert publisher.fetches == 1


def test_unknown_kids_cause_one_fetch_in_ten_seconds(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.read(publisher.token())
    stranger = tokens.Signer("writer", [Ed25519PrivateKey.generate()])
    clock = tokens.time.monotonic()
    monkeypatch.setattr(tokens.time, "monotonic", lambda: clock + 10.5)
    for _ in range(5):
        with pytest.raises(tokens.TokenRefused):
            publisher.read(stranger.sign({"sub": "x"}, life_seconds=60, **NAMES))
    assert publisher.fetches == 2


def test_a_rotated_key_is_found_and_the_old_one_still_verifies(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = publisher.token()
    publisher.read(old)
    newest = Ed25519PrivateKey.generate()
    publisher.signer = tokens.Signer("writer", [newest, *publisher.signer.keys])
    clock = tokens.time.monotonic()
    monkeypatch.setattr(tokens.time, "monotonic", lambda: clock + 10.5)
    assert publisher.read(publisher.token())["sub"] == "x"
    assert publisher.read(old)["sub"] == "x"


def test_a_withdrawn_key_is_forgotten(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = publisher.token()
    publisher.read(old)
    publisher.signer = tokens.Signer("writer", [Ed25519PrivateKey.generate()])
    clock = tokens.time.monotonic()
    monkeypatch.setattr(tokens.time, "monotonic", lambda: clock + 301)
    with pytest.raises(tokens.TokenRefused, match="unknown kid"):
        publisher.read(old)


@pytest.mark.parametrize("body", [b"no json", b"{}", b'{"keys": [{"kty": "RSA"}]}', b"[]"])
def test_nonsense_for_keys_is_an_outage_not_a_refusal(
    publisher: Publisher, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.body = body
    for _ in range(5):  # the outage is remembered: callers do not each ask again
        with pytest.raises(tokens.KeysUnavailable):
            publisher.read(publisher.token())
    assert publisher.fetches == 1
    publisher.body = None
    clock = tokens.time.monotonic()
    monkeypatch.setattr(tokens.time, "monotonic", lambda: clock + 2.5)
    assert publisher.read(publisher.token())["sub"] == "x"


def test_a_service_that_hangs_holds_up_nobody_who_has_its_key(publisher: Publisher) -> None:
    token = publisher.token()
    publisher.read(token)
    with publisher.keys._lock:  # somebody waits for an answer that does not come
        assert publisher.read(token)["sub"] == "x"


def test_a_service_away_keeps_its_known_keys(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = publisher.token()
    publisher.read(token)
    publisher.body = b"no json"
    clock = tokens.time.monotonic()
    monkeypatch.setattr(tokens.time, "monotonic", lambda: clock + 301)
    assert publisher.read(token)["sub"] == "x"


def test_not_yet_valid_and_too_old(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tokens.time.time
    for shift in (60, -120):
        monkeypatch.setattr(tokens.time, "time", lambda shift=shift: real() + shift)
        token = publisher.token()
        monkeypatch.setattr(tokens.time, "time", real)
        with pytest.raises(tokens.TokenRefused):
            publisher.read(token)


def _segment(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "segment",
    [
        b"[" * 2900,
        b'{"a":' * 580,
        '{"alg": "EdDSA"}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b'{"a": "\xff"}',
        b"9" * 2900,
        b"",
    ],
)
@pytest.mark.parametrize("place", ["header", "claims"])
def test_segments_no_service_of_ours_writes(
    publisher: Publisher, segment: bytes, place: str
) -> None:
    header, claims, signature = publisher.token().split(".")
    parts = (
        [_segment(segment), claims, signature]
        if place == "header"
        else [header, _segment(segment), signature]
    )
    with pytest.raises(tokens.TokenRefused):
        publisher.read(".".join(parts))


@pytest.mark.parametrize("claim", ["x" * 129, "x\0y", "x\ny", "\ud800", "é", "", 5, ["x"], None])
@pytest.mark.parametrize("name", ["sub", "jti"])
def test_claims_that_fit_no_column_and_no_log(
    publisher: Publisher, name: str, claim: object
) -> None:
    with pytest.raises(tokens.TokenRefused):
        publisher.read(publisher.token(**{name: claim}))

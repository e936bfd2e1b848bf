"""Facelogin alone: accounts is out of reach, so a small HTTP server publishes its keys and hears
reports; it is held to the contract in all it answers.

The faces are NASA's public-domain portrait of Eileen Collins, shipped with scikit-image, moved and
lit a little differently in every frame, as before a webcam.
"""

import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import jwt
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection
from hypothesis import settings as property_tests

from facelogin import workers
from kubevision import contracts, tokens
from kubevision.contracts.checking import check_answer
from kubevision.tests import scans

# The same cases every time, and no word on how long they took.
property_tests.register_profile("kubevision", deadline=None, derandomize=True, database=None)
property_tests.load_profile("kubevision")


@dataclass
class Accounts:
    """Stands in for accounts: signs tickets."""

    signer: tokens.Signer
    url: str = ""
    is_away: bool = False
    reports: list[dict[str, Any]] = field(default_factory=list)

    def ticket(self, purpose: str, user_id: uuid.UUID, **changes: Any) -> str:
        typ = changes.pop("typ", "kv-ticket+jwt")
        audience = changes.pop("aud", "facelogin")
        life = changes.pop("life", 120)
        body = {"sub": str(user_id), "purpose": purpose, "sid": "session hash"}
        return self.signer.sign(body | changes, typ=typ, audience=audience, life_seconds=life)


@pytest.fixture
def accounts(settings: Any) -> Iterator[Accounts]:
    fake = Accounts(tokens.Signer("accounts", [Ed25519PrivateKey.generate()]))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(200, fake.signer.jwks())

        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            if fake.is_away:
                self.answer(503, contracts.example("problems/facelogin_unavailable"))
                return
            report = json.loads(request)["report"]
            fake.reports.append(jwt.decode(report, options={"verify_signature": False}))
            self.answer(204, None, request)

        def answer(self, status: int, body: Any, request: bytes = b"") -> None:
            content = b"" if body is None else json.dumps(body).encode()
            kind = "application/problem+json" if status >= 400 else "application/json"
            headers = {"Content-Type": kind, "Retry-After": "5"}
            check_answer(self.command, self.path, status, headers, content, request_body=request)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    settings.ACCOUNTS_URL = fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file, as in the product: Django's own choice for SQLite, in memory, locks whole tables."""
    if connection.vendor != "sqlite":
        return
    file = tmp_path_factory.mktemp("database") / "facelogin.sqlite3"
    connection.settings_dict["TEST"]["NAME"] = str(file)


@pytest.fixture
def user_id() -> uuid.UUID:
    return uuid.uuid4()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a process that starts more time than people are given: this machine may be busy."""
    monkeypatch.setattr("facelogin.lanes.CALL_TIMEOUT_SECONDS", 20.0)


@pytest.fixture
def template_key(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key file of this test's own, to be renewed without waiting for anybody else."""
    monkeypatch.setattr("facelogin.services.key_renewal.GRACE_SECONDS", 0)
    file = tmp_path / "template.key"
    file.write_bytes(settings.FACELOGIN_TEMPLATE_KEY_FILE.read_bytes())
    settings.FACELOGIN_TEMPLATE_KEY_FILE = file
    return file


@pytest.fixture(scope="session", autouse=True)
def pool() -> Iterator[None]:
    """The real processes, started once and before any frame, as the product does."""
    workers.pool().wait_until_started()
    yield
    workers.stop()


@pytest.fixture(autouse=True)
def no_challenge(settings: Any) -> None:
    """The faces here are pictures; who turns their head is in `test_turning`."""
    settings.FACELOGIN_CHALLENGE = "none"


@cache
def _portrait() -> Any:
    from skimage import data

    return cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)


def jpeg(image: Any, quality: int = 85) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


@cache
def _bent_portrait() -> Any:
    height, width = _portrait().shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return cv2.remap(_portrait(), x + 6 * np.sin(y / 14), y + 6 * np.sin(x / 14), cv2.INTER_LINEAR)


def face_frames(count: int, seed: int = 0, *, somebody_else: bool = False) -> list[bytes]:
    """Frames of one person before a camera, no two alike.

    `somebody_else`: a face that could enrol itself, and is not near the first one's.
    """
    portrait = _bent_portrait() if somebody_else else _portrait()
    random = np.random.default_rng(seed)
    frames = []
    for _ in range(count):
        scale = random.uniform(1.25, 1.35)
        turn = cv2.getRotationMatrix2D((224, 110), random.uniform(-2, 2), scale)
        turn[:, 2] += (96 + random.uniform(-12, 12), 90 + random.uniform(-12, 12))
        frame = cv2.warpAffine(portrait, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
        lit = frame * random.uniform(0.92, 1.08) + random.normal(0, 2.5, frame.shape)
        frames.append(jpeg(np.clip(lit, 0, 255).astype(np.uint8)))
    return frames


def empty_frame(seed: int = 0) -> bytes:
    random = np.random.default_rng(seed)
    return jpeg(random.normal(128, 3, (480, 640, 3)).clip(0, 255).astype(np.uint8))


def other_face_frames(count: int, seed: int = 0) -> list[bytes]:
    """Another face: the portrait bent and mirrored until it is nobody's."""
    frames = []
    grid_y, grid_x = np.mgrid[0:480, 0:640].astype(np.float32)
    bent_x = 639 - grid_x + 14 * np.sin(grid_y / 31)
    bent_y = grid_y + 11 * np.sin(grid_x / 27)
    for frame in face_frames(count, seed + 1000):
        image = cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_COLOR)
        frames.append(jpeg(cv2.remap(image, bent_x, bent_y, cv2.INTER_LINEAR)))
    return frames


@pytest.fixture(scope="session", autouse=True)
def every_question_has_an_index(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """On MongoDB: nothing these tests make the code ask reads a whole table."""
    if connection.vendor != "mongodb":
        yield
        return
    with django_db_blocker.unblock(), scans.heard(connection, *_ASKED_BY_TESTS):
        yield


_ASKED_BY_TESTS = ("{'$nor': [{'$and': [{'report': None}",)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave what is about MongoDB to the run that has one (tests/run.py)."""
    is_mongodb = collection_path.name == "mongodb"
    return True if is_mongodb and connection.vendor != "mongodb" else None

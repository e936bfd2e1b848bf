"""The client of docs/client, written from the contract alone, against the real product."""

import subprocess
import sys
from pathlib import Path

from tests.product import Product

CLIENT = Path(__file__).parent.parent / "docs/client/face_sign_in.py"
MOST_LINES = 80


def run(product: Product, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, CLIENT, product.origin, *arguments]
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )


def test_rest_and_websocket_are_enough(product: Product, ada_jpegs: Path, username: str) -> None:
    done = run(product, username, ada_jpegs, "--transcript")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{username} is active, shown: pwd face mfa;" in done.stdout
    assert "10 recovery codes were given." in done.stdout
    for step in ("attempt.ready", "capture.feedback", '"enrolled"', '"match"', "Bearer"):
        assert (step in done.stdout) is (step != "Bearer")


def test_a_taken_name_is_said_in_words(product: Product, ada_jpegs: Path, username: str) -> None:
    assert run(product, username, ada_jpegs).returncode == 0
    again = run(product, username, ada_jpegs)
    assert again.returncode == 1
    assert "username_taken" in again.stderr and "Traceback" not in again.stderr


def test_the_client_stays_short() -> None:
    assert len(CLIENT.read_text().splitlines()) < MOST_LINES

"""The client of docs/client, written from the contract alone, against the real product."""

import json
import subprocess
import sys
from pathlib import Path

from tests.product import Installation, Product

CLIENT = Path(__file__).parent.parent / "docs/client/face_sign_in.py"
TRANSCRIPT = CLIENT.with_name("transcript.txt")
MOST_LINES = 80


def run(product: Installation, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, CLIENT, product.origin, *arguments]
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )


def test_rest_and_websocket_are_enough(
    anywhere: Installation, ada_jpegs: Path, username: str
) -> None:
    done = run(anywhere, username, ada_jpegs, "--transcript")
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


def steps(transcript: str) -> list[str]:
    """Return the order of calls, statuses and message types, runs of frames taken together."""
    found: list[str] = []
    for line in transcript.splitlines():
        words = line.split(" ", 3)
        if line.startswith("< ws"):
            step = "< " + json.loads(line.removeprefix("< ws "))["type"]
        elif line.startswith("> ws"):
            step = "> frame"
        elif line.startswith((">", "<")):
            step = " ".join(words[:3] if line.startswith(">") else words[:2])
        else:
            continue
        if step not in found[-2:]:
            found.append(step)
    return found


def test_the_transcript_in_the_documentation_is_what_happens(
    product: Product, ada_jpegs: Path, username: str
) -> None:
    fresh = run(product, username, ada_jpegs, "--transcript").stdout
    assert len(steps(fresh)) >= 20
    assert steps(TRANSCRIPT.read_text()) == steps(fresh)

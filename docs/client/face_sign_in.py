"""Register, enrol a face, sign out, sign in with password and face: REST and WebSocket alone.

    python docs/client/face_sign_in.py http://localhost:8000 NAME FRAMES [--transcript]

FRAMES is a folder of 30 JPEG files or more, 640x480, all different, of one person: half of them
enrol, the rest sign in (FACELOGIN_CHALLENGE=none: they turn no heads). Needs httpx and websockets.
"""

import json
import secrets
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

origin, name, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
is_told = "--transcript" in sys.argv
frames = [file.read_bytes() for file in sorted(folder.glob("*.jpg"))]
api = httpx.Client(base_url=f"{origin}/auth/v1", timeout=10)


def tell(direction: str, what: object) -> None:
    """Print one step of the transcript."""
    if is_told:
        print(direction, what if isinstance(what, str) else json.dumps(what))


def call(method: str, path: str, token: str = "", **body: str) -> dict:
    """Make one REST call; return the answer's object, stop on a problem."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    tell(">", f"{method} /auth/v1{path} {json.dumps(body) if body else ''}")
    answer = api.request(method, path, headers=headers, json=body or None)
    content = answer.json() if answer.content else {}
    tell("<", f"{answer.status_code} {json.dumps(content)}")
    if answer.is_error:
        sys.exit(f"{method} {path}: {content['code']}: {content['detail']}")
    return content


def capture(ticket: dict, pictures: list[bytes]) -> str:
    """Run one attempt: one frame, its feedback, the next; return the assertion."""
    url, protocol = ticket["websocket_url"], ticket["websocket_subprotocol"]
    with connect(url, subprotocols=[protocol], origin=origin, proxy=None) as socket:
        socket.send(json.dumps({"type": "attempt.start", "ticket": ticket["ticket"]}))
        waiting = iter(pictures)
        for text in socket:
            message = json.loads(text)
            tell("< ws", message)
            if message["type"] == "attempt.result" and "assertion" in message:
                return message["assertion"]
            if message["type"] in ("attempt.result", "error"):
                sys.exit(f"no success: {message}")
            if message["type"] in ("attempt.ready", "capture.feedback"):
                time.sleep(0.2)  # attempt.ready says at most five a second
                picture = next(waiting, None)
                with suppress(ConnectionClosed):  # the result may be on its way already
                    socket.send(picture or '{"type": "attempt.cancel"}')
                    tell("> ws", f"(JPEG, {len(picture)} bytes)" if picture else "cancel")
    sys.exit("the socket closed without a result")


password = secrets.token_urlsafe(12)
call("POST", "/users", username=name, password=password)
token = call("POST", "/sessions", username=name, password=password)["token"]
ticket = call("POST", "/session/face-ticket", token, purpose="enrol", consent_version="2026-11.2")
assertion = capture(ticket, frames[: len(frames) // 2])
codes = call("PUT", "/user/factors/face", token, assertion=assertion)["recovery_codes"]
call("DELETE", "/session", token)

session = call("POST", "/sessions", username=name, password=password)
ticket = call("POST", "/session/face-ticket", session["token"], purpose="verify")
assertion = capture(ticket, frames[len(frames) // 2 :])
session = call("POST", "/session/factors/face", session["token"], assertion=assertion)
print(f"{session['user']['username']} is {session['state']}, shown: {' '.join(session['amr'])};")
print(f"{len(codes)} recovery codes were given.")

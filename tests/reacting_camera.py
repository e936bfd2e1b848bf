"""A camera for Chromium whose drawn person does what the page asks.

A feed from a file cannot react, so a script stands in for `getUserMedia`: it draws the person on a
canvas, turned as far as they have come, and plays that as the camera's stream. It hears what
somebody before the screen sees: the arrow of the page, nothing of the socket.
"""

import base64
import functools
import json
from collections.abc import Callable
from dataclasses import replace

from tests.drawn_faces import TURN_STEP, Frame, Person, Pose, portrait, poses
from tests.feeds import jpeg
from tests.turning_head import TURNED_DEGREES

RESTING = 14  # poses of somebody who looks straight, so that no two frames are one picture

_SCRIPT = """
(() => {
  const { resting, turned, most } = __PICTURES__;
  const REACTION_MS = 600, DEGREES_A_SECOND = 90;
  const WANTED = { turn_left: most, turn_right: -most };
  const bitmap = async (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
  };
  async function open() {
    const still = await Promise.all(resting.map(bitmap));
    const turning = new Map();
    for (const [degrees, text] of turned) turning.set(degrees, await bitmap(text));
    const canvas = document.createElement("canvas");
    canvas.width = 640;
    canvas.height = 480;
    const context = canvas.getContext("2d");
    let degrees = 0, step = "", goAt = 0, before = performance.now(), count = 0;
    const draw = () => {
      const now = performance.now();
      const asked = document.querySelector("face-capture")?.dataset.step ?? "";
      if (asked !== step) { step = asked; goAt = now + REACTION_MS; }
      if (now >= goAt) {
        const way = (WANTED[step] ?? 0) - degrees, most = (now - before) / 1000 * DEGREES_A_SECOND;
        degrees += Math.max(-most, Math.min(most, way));
      }
      before = now;
      count += 1;
      const at = Math.round(degrees / __STEP__) * __STEP__;
      const picture = at ? turning.get(at) : still[count % still.length];
      const sway = (speed) => 4 * Math.sin(now / speed) + Math.random();
      context.drawImage(picture, sway(900) - 8, sway(1300) - 8, 656, 492);
    };
    draw();
    const timer = setInterval(draw, 90);
    const stream = canvas.captureStream(15);
    for (const track of stream.getTracks()) {
      const stop = track.stop.bind(track);
      track.stop = () => { clearInterval(timer); stop(); };
    }
    return stream;
  }
  navigator.mediaDevices.getUserMedia = open;
  navigator.mediaDevices.enumerateDevices = async () => [
    { kind: "videoinput", deviceId: "drawn", label: "Webcam", groupId: "" }];
})();
"""


Look = Callable[[Pose], Frame]
"""Returns what the camera sees of somebody in a pose."""


def of(person: Person) -> Look:
    """Return how a drawn person looks."""
    return functools.partial(portrait, person)


def script(look: Look, seed: int = 0) -> str:
    """Return the script that puts somebody before the camera of a page."""
    still = list(poses(RESTING + 1, seed))
    most = round(TURNED_DEGREES / TURN_STEP)
    pictures = {
        "resting": [_text(look(pose)) for pose in still[:RESTING]],
        "turned": [
            (step * TURN_STEP, _text(look(replace(still[-1], turn=step * TURN_STEP))))
            for step in range(-most, most + 1)
            if step
        ],
        "most": TURNED_DEGREES,
    }
    filled = _SCRIPT.replace("__PICTURES__", json.dumps(pictures))
    return filled.replace("__STEP__", str(TURN_STEP))


def _text(frame: Frame) -> str:
    return base64.b64encode(jpeg(frame)).decode()

"""A camera for Chromium whose drawn person does what the page asks.

A feed from a file cannot react, so a script stands in for `getUserMedia`: it draws the person on a
canvas, turned as far as they have come, and plays that as the camera's stream. It hears what
somebody before the screen sees: the arrow of the page, nothing of the socket.
"""

import base64
import json
from dataclasses import replace

from tests.drawn_faces import TURN_STEP, Person, Pose, portrait, poses
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


def script(person: Person, seed: int = 0) -> str:
    """Return the script that puts this person before the camera of a page."""
    still = list(poses(RESTING + 1, seed))
    steps = range(-round(TURNED_DEGREES / TURN_STEP), round(TURNED_DEGREES / TURN_STEP) + 1)
    turned = [
        (step * TURN_STEP, _text(person, replace(still[-1], turn=step * TURN_STEP)))
        for step in steps
        if step
    ]
    pictures = {
        "resting": [_text(person, pose) for pose in still[:RESTING]],
        "turned": turned,
        "most": TURNED_DEGREES,
    }
    filled = _SCRIPT.replace("__PICTURES__", json.dumps(pictures))
    return filled.replace("__STEP__", str(TURN_STEP))


def _text(person: Person, pose: Pose) -> str:
    return base64.b64encode(jpeg(portrait(person, pose))).decode()

// <face-capture>: the camera, its preview and its buttons. What happens is decided by attempt.js;
// this element draws it and carries events. Its markup and all its sentences come from the server.

import { IDLE, canSend, isRunning, step } from "../attempt.js";
import { CameraProblem, closeCamera, listCameras, openCamera } from "../camera.js";
import { FrameSource } from "../frames.js";
import { CaptureSocket } from "../socket.js";

// A service that accepts and says nothing looks like one that is away.
const CONNECT_TIMEOUT_MS = 8000;
// A copy that stops sends everybody away at once; they must not all come back at once.
const JITTER = 0.5;

class FaceCapture extends HTMLElement {
  connectedCallback() {
    this.texts = JSON.parse(document.getElementById("capture-texts").textContent);
    this.form = document.getElementById("assertion-form");
    this.attempt = IDLE;
    this.runNumber = 0; // counts runs, so that what comes late is known as late
    this.parts = {};
    for (const part of this.querySelectorAll("[data-part]")) this.parts[part.dataset.part] = part;
    this.source = new FrameSource(this.parts.video);
    this.parts.start.addEventListener("click", () => this.run());
    this.parts.retry.addEventListener("click", () => this.run());
    this.parts.cancel.addEventListener("click", () => this.stop());
    this.parts.select.addEventListener("change", () => this.changeCamera());
    window.addEventListener("pagehide", () => this.release());
    this.draw();
    this.parts.start.disabled = false; // a click before this moment would do nothing
  }

  disconnectedCallback() {
    this.release();
  }

  /** The page may refuse to start by cancelling this event (the consent box does). */
  mayStart() {
    return this.dispatchEvent(new CustomEvent("capture-start", { cancelable: true, bubbles: true }));
  }

  async run() {
    if (isRunning(this.attempt) || !this.mayStart()) return;
    this.release();
    this.feed({ type: "start" });
    this.parts.cancel.focus(); // the start button is gone
    const run = this.runNumber;
    try {
      await this.showCamera(this.parts.select.value);
    } catch (error) {
      if (run !== this.runNumber) return;
      this.feed({ type: "camera-failed", code: error instanceof CameraProblem ? error.code : "busy" });
      return;
    }
    if (run !== this.runNumber) return; // stopped meanwhile
    this.feed({ type: "camera-runs" });
    await this.connect(run);
  }

  async connect(run) {
    // A try counts when its ticket is issued, so it is asked for only when the camera runs, and
    // one that nobody was there to take is shown again.
    const ticket = this.unseenTicket() ?? (await this.askForTicket(run));
    if (!ticket || run !== this.runNumber) return;
    this.ticket = ticket;
    this.showAttempts(ticket.attempts_remaining);
    this.socket = new CaptureSocket(ticket, {
      opened: () => {
        this.ticket = null;
      },
      message: (message) => this.feed({ type: "message", message }),
      closed: (wasOpen) => this.feed({ type: "closed", wasOpen }),
    });
    this.connecting = setTimeout(() => {
      if (this.attempt.phase === "connecting") this.feed({ type: "closed", wasOpen: false });
    }, CONNECT_TIMEOUT_MS);
  }

  async showCamera(deviceId) {
    const run = this.runNumber;
    closeCamera(this.stream);
    const stream = await this.openRemembered(deviceId);
    if (run !== this.runNumber) {
      closeCamera(stream); // the person stopped while the browser asked for permission
      return;
    }
    this.stream = stream;
    for (const track of stream.getTracks()) {
      // Unplugged; stopping a track ourselves does not end up here.
      track.onended = () => this.feed({ type: "camera-failed", code: "missing" });
    }
    this.parts.video.srcObject = stream;
    await this.parts.video.play();
    await this.fillPicker();
  }

  /** Open the camera picked before; any other one if it was unplugged since. */
  async openRemembered(deviceId) {
    try {
      return await openCamera(deviceId);
    } catch (error) {
      if (!deviceId || error.code !== "missing") throw error;
      return openCamera();
    }
  }

  async fillPicker() {
    const cameras = await listCameras();
    const current = this.stream.getVideoTracks()[0]?.getSettings().deviceId;
    this.parts.select.replaceChildren(
      ...cameras.map((camera, index) => {
        const name = camera.label || `${this.texts.label.camera} ${index + 1}`;
        return new Option(name, camera.deviceId, false, camera.deviceId === current);
      }),
    );
    this.parts.picker.classList.toggle("d-none", cameras.length === 0);
  }

  async changeCamera() {
    if (!this.stream?.active) return;
    try {
      await this.showCamera(this.parts.select.value);
    } catch (error) {
      this.socket?.drop();
      this.feed({ type: "camera-failed", code: error.code ?? "busy" });
    }
  }

  /** The last ticket, if no server has seen it and it is still good. */
  unseenTicket() {
    return performance.now() < this.ticketGoodUntil ? this.ticket : null;
  }

  async askForTicket(run) {
    const askedAt = performance.now();
    let answer;
    try {
      const response = await fetch(this.dataset.ticketAddress, {
        method: "POST",
        body: new FormData(this.form),
        headers: { Accept: "application/json" },
      });
      answer = await response.json();
      if (response.ok) {
        // Half of its life: the way and the other clock may take their part.
        this.ticketGoodUntil = askedAt + (answer.expires_in * 1000) / 2;
        return answer;
      }
    } catch {
      answer = { detail: "" };
    }
    if (run === this.runNumber) {
      this.feed({ type: "ticket-refused", detail: answer.detail, next: answer.next });
    }
    return null;
  }

  stop() {
    if (this.attempt.phase === "capturing" && this.socket?.isOpen) {
      this.socket.cancel(); // the result says `cancelled`
    } else {
      this.release();
      this.attempt = IDLE;
      this.draw();
    }
  }

  release() {
    this.runNumber += 1; // whatever an earlier run still waits for comes too late
    this.letGo();
    this.ticket = null;
    closeCamera(this.stream);
    this.stream = null;
    this.parts.video.srcObject = null;
  }

  /** Leave the server, keep the camera. */
  letGo() {
    clearInterval(this.timer);
    clearTimeout(this.connecting);
    clearTimeout(this.comingBack);
    this.timer = null;
    this.socket?.drop();
    this.socket = null;
  }

  feed(event) {
    const before = this.attempt.phase;
    this.attempt = step(this.attempt, event);
    if (this.attempt.phase !== before) this.enter(this.attempt.phase);
    this.draw();
  }

  enter(phase) {
    if (phase === "capturing") {
      const pause = 1000 / this.attempt.limits.maxPerSecond;
      this.timer = setInterval(() => this.sendFrame(), pause);
    }
    if (phase === "waiting") {
      this.letGo();
      const run = this.runNumber;
      const wait = this.attempt.waitMs * (1 - JITTER + 2 * JITTER * Math.random());
      this.comingBack = setTimeout(() => {
        if (run !== this.runNumber) return;
        this.feed({ type: "come-back" });
        this.connect(run);
      }, wait);
    }
    if (phase === "stopped") {
      this.release();
      this.draw();
      this.parts.retry.focus();
      if (this.attempt.nextPage) window.location.assign(this.attempt.nextPage);
    }
    if (phase === "submitting") {
      this.release();
      this.form.elements.assertion.value = this.attempt.assertion;
      this.form.requestSubmit();
    }
  }

  async sendFrame() {
    if (this.isTaking || !canSend(this.attempt)) return;
    this.isTaking = true;
    const frame = await this.source.take(this.attempt.limits.maxFrameBytes);
    this.isTaking = false;
    if (!frame || !canSend(this.attempt)) return;
    this.socket.sendFrame(frame);
    this.feed({ type: "frame-sent" });
  }

  showAttempts(count) {
    // Enrolling is not limited by tries.
    const isCounted = this.dataset.ticketAddress.includes("facelogin");
    this.parts.attempts.textContent = isCounted
      ? this.texts.label.attempts.replace("{count}", count)
      : "";
  }

  draw() {
    const { phase, message, detail, progress, face, isAccepted, advice, wish } = this.attempt;
    this.dataset.captureState = phase;
    // The arrow; the words are in the message.
    this.dataset.step = phase === "capturing" && wish?.[0] === "step" ? wish[1] : "";
    const [kind, code] = message;
    const sentences = [detail || this.texts[kind]?.[code] || this.texts.error.lost];
    for (const reason of advice ?? []) sentences.push(this.texts.reason[reason] ?? "");
    const text = sentences.join(" ").trim();
    // Written only when it changes: a screen reader repeats what is written.
    if (this.parts.message.textContent !== text) this.parts.message.textContent = text;
    const percent = Math.round(progress * 100);
    this.parts.bar.style.width = `${percent}%`;
    this.parts.progress.setAttribute("aria-valuenow", percent);
    this.drawOutline(face, isAccepted);
    this.parts.start.classList.toggle("d-none", phase !== "idle");
    this.parts.retry.classList.toggle("d-none", phase !== "stopped");
    // Pages that have another factor to offer; where the camera fails it must not be searched for.
    this.parts.otherWay?.classList.toggle("d-none", phase !== "stopped");
    this.parts.cancel.classList.toggle("d-none", !isRunning(this.attempt));
  }

  drawOutline(face, isAccepted) {
    const { outline } = this.parts;
    outline.hidden = !face;
    if (!face) return;
    outline.classList.toggle("is-accepted", isAccepted);
    // The preview is mirrored, so left and right change places.
    outline.style.left = `${(1 - face.x - face.width) * 100}%`;
    outline.style.right = `${face.x * 100}%`;
    outline.style.top = `${face.y * 100}%`;
    outline.style.bottom = `${(1 - face.y - face.height) * 100}%`;
  }
}

customElements.define("face-capture", FaceCapture);

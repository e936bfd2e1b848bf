// One attempt at the camera as a pure state machine: an attempt and an event give the next attempt.
// No DOM, no clock, no network; the element draws what is here and feeds in what happens.
//
// phases: idle -> camera -> connecting -> capturing -> submitting, or stopped from anywhere.
// An attempt that loses its server is waiting, then connecting again with a fresh ticket.

import { OUTCOMES_WITH_ASSERTION } from "./protocol.js";

// The contract lets a page have two frames unanswered.
export const MAX_UNANSWERED = 2;

// How long to wait before each coming back, in milliseconds, by what was lost. The ticket of a lost
// attempt may count as a try until its end is told, so nobody comes back for ever.
export const COME_BACK_AFTER_MS = Object.freeze({
  lost: [500, 2000, 5000], // a copy that was stopped or died: the next one is there already
  unreachable: [1000, 4000],
  server_draining: [500, 2000, 5000],
  server_full: [3000, 6000], // somebody must have finished first
  temporarily_unavailable: [2000],
});

export const IDLE = Object.freeze({
  phase: "idle",
  message: ["phase", "idle"], // kind and code of the sentence to show
  detail: "", // a sentence of the server's own, shown instead
  limits: null, // attempt.ready's
  unanswered: 0,
  progress: 0,
  face: null,
  isAccepted: false,
  wish: null, // kind and code of what the server asks the person to do, until it asks another
  assertion: "",
  nextPage: "",
  comebacks: 0, // how often this attempt has lost its server
  waitMs: 0, // before it comes back, as long as it is waiting
});

const stopped = (attempt, message, detail = "") => ({
  ...attempt,
  phase: "stopped",
  message,
  detail,
  face: null,
  progress: 0,
  unanswered: 0,
});

/** The server is lost, not the attempt: wait, then come back; stop where that was tried enough. */
function lost(attempt, code, detail = "") {
  const waits = COME_BACK_AFTER_MS[code];
  if (attempt.comebacks >= waits.length) return stopped(attempt, ["error", code], detail);
  return {
    ...stopped(attempt, ["comeback", code]),
    phase: "waiting",
    limits: null,
    wish: null,
    comebacks: attempt.comebacks + 1,
    waitMs: waits[attempt.comebacks],
  };
}

export function canSend(attempt) {
  return attempt.phase === "capturing" && attempt.unanswered < MAX_UNANSWERED;
}

export function isRunning(attempt) {
  return ["camera", "connecting", "capturing", "waiting"].includes(attempt.phase);
}

export function step(attempt, event) {
  switch (event.type) {
    case "start":
      return { ...IDLE, phase: "camera", message: ["phase", "camera"] };
    case "camera-runs":
      return { ...attempt, phase: "connecting", message: ["phase", "connecting"] };
    case "camera-failed":
      return stopped(attempt, ["camera", event.code]);
    case "ticket-refused":
      return { ...stopped(attempt, ["error", "ticket"], event.detail), nextPage: event.next ?? "" };
    case "frame-sent":
      return { ...attempt, unanswered: attempt.unanswered + 1 };
    case "message":
      return heard(attempt, event.message);
    case "closed":
      // After a result or an error the close is expected.
      if (!isRunning(attempt) || attempt.phase === "waiting") return attempt;
      return lost(attempt, event.wasOpen ? "lost" : "unreachable");
    case "come-back":
      return { ...attempt, phase: "connecting", waitMs: 0 };
    default:
      return attempt;
  }
}

function heard(attempt, message) {
  if (!isRunning(attempt) || attempt.phase === "waiting") return attempt;
  switch (message.type) {
    case "attempt.ready":
      return {
        ...attempt,
        phase: "capturing",
        message: ["phase", "capturing"],
        limits: {
          maxFrameBytes: message.max_frame_bytes,
          maxPerSecond: message.frame.max_per_second,
        },
      };
    case "challenge.step":
      return asked(attempt, ["step", message.step]);
    case "capture.prompt":
      return asked(attempt, ["prompt", message.prompt]);
    case "capture.feedback":
      return judged(attempt, message);
    case "attempt.result":
      if (OUTCOMES_WITH_ASSERTION.includes(message.outcome) && message.assertion) {
        return {
          ...attempt,
          phase: "submitting",
          message: ["phase", "submitting"],
          progress: 1,
          assertion: message.assertion,
        };
      }
      return { ...stopped(attempt, ["outcome", message.outcome]), advice: message.reasons ?? [] };
    case "error":
      if (message.code in COME_BACK_AFTER_MS) return lost(attempt, message.code, message.detail);
      return stopped(attempt, ["error", message.code], message.detail);
    default:
      return attempt;
  }
}

const asked = (attempt, wish) => ({ ...attempt, wish, message: wish });

// On its way to one side a face is not seen from the front, for a moment not at all, or blurred: no
// reason to tell somebody who is doing as they were asked to look straight or to hold still.
const WHILE_TURNING = ["not_frontal", "no_face", "blurred", "uneven_light"];
const isTurning = ({ wish }) => wish?.[0] === "step" && wish[1] !== "look_straight";

// A reason this page does not know changes nothing on it.
function reasonOf(feedback, attempt) {
  const reason = feedback.reasons?.[0];
  if (!reason) return attempt.message;
  return isTurning(attempt) && WHILE_TURNING.includes(reason) ? attempt.wish : ["reason", reason];
}

function judged(attempt, feedback) {
  const answered = { ...attempt, unanswered: Math.max(0, attempt.unanswered - 1) };
  if (feedback.verdict === "dropped") return answered;
  const isAccepted = feedback.verdict === "accepted";
  return {
    ...answered,
    face: feedback.face,
    isAccepted,
    progress: feedback.progress,
    message: isAccepted ? (attempt.wish ?? ["phase", "accepted"]) : reasonOf(feedback, attempt),
  };
}

// One attempt at the camera as a pure state machine: an attempt and an event give the next attempt.
// No DOM, no clock, no network; the element draws what is here and feeds in what happens.
//
// phases: idle -> camera -> connecting -> capturing -> submitting, or stopped from anywhere.

import { OUTCOMES_WITH_ASSERTION } from "./protocol.js";

// The contract lets a page have two frames unanswered.
export const MAX_UNANSWERED = 2;

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

export function canSend(attempt) {
  return attempt.phase === "capturing" && attempt.unanswered < MAX_UNANSWERED;
}

export function isRunning(attempt) {
  return ["camera", "connecting", "capturing"].includes(attempt.phase);
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
      if (!isRunning(attempt)) return attempt;
      return stopped(attempt, ["error", event.wasOpen ? "lost" : "unreachable"]);
    default:
      return attempt;
  }
}

function heard(attempt, message) {
  if (!isRunning(attempt)) return attempt;
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
      return stopped(attempt, ["error", message.code], message.detail);
    default:
      return attempt;
  }
}

const asked = (attempt, wish) => ({ ...attempt, wish, message: wish });

// A reason this page does not know changes nothing on it.
const reasonOf = (feedback, attempt) =>
  feedback.reasons?.length ? ["reason", feedback.reasons[0]] : attempt.message;

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

// The messages of the capture socket (contract section 3).

export const HANDLED_TYPES = Object.freeze([
  "attempt.ready",
  "challenge.step",
  "capture.prompt",
  "capture.feedback",
  "attempt.result",
  "error",
]);

export const OUTCOMES_WITH_ASSERTION = Object.freeze(["enrolled", "match"]);

/** Return a message of the server, null for one this page does not know (and so ignores). */
export function decode(text) {
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  return HANDLED_TYPES.includes(message?.type) ? message : null;
}

export const start = (ticket) => JSON.stringify({ type: "attempt.start", ticket });

export const cancel = () => JSON.stringify({ type: "attempt.cancel" });

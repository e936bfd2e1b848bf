// The browser's side of the capture socket against the contract's own examples.
// CONTRACT names the folder kubevision/contracts, SCRIPTS the folder of the page's scripts.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import test from "node:test";
import { pathToFileURL } from "node:url";

const { CONTRACT, SCRIPTS } = process.env;
const load = (name) => import(pathToFileURL(`${SCRIPTS}/${name}`));
const read = (name) => readFileSync(`${CONTRACT}/${name}`, "utf8");

const { HANDLED_TYPES, OUTCOMES_WITH_ASSERTION, decode, start, cancel } = await load("protocol.js");
const { IDLE, MAX_UNANSWERED, canSend, isRunning, step } = await load("attempt.js");

const examples = readdirSync(`${CONTRACT}/examples/messages`).map((name) => ({
  name,
  text: read(`examples/messages/${name}`),
  message: JSON.parse(read(`examples/messages/${name}`)),
}));
const schemas = readdirSync(`${CONTRACT}/messages`).map((name) => JSON.parse(read(`messages/${name}`)));
const types = schemas.map((schema) => schema.properties.type.const);
const FROM_CLIENT = ["attempt.start", "attempt.cancel"];
// The other socket's, whose own test is live.test.mjs.
const LIVE = ["live.start", "attempt.finished", "session.ended"];
const fromServer = examples.filter(({ message }) => ![...FROM_CLIENT, ...LIVE].includes(message.type));
const example = (name) => examples.find((each) => each.name === `${name}.json`).message;

// The contract: come back with a fresh ticket, or when somebody else has finished.
const COMES_BACK_FROM = ["server_draining", "server_full", "temporarily_unavailable"];

const play = (...events) => events.reduce(step, IDLE);
const STARTED = [{ type: "start" }, { type: "camera-runs" }];
const heard = (message) => ({ type: "message", message });
const CAPTURING = [...STARTED, heard(example("attempt.ready.verify"))];

test("the page handles every type that the server may send", () => {
  const sent = types.filter((type) => ![...FROM_CLIENT, ...LIVE].includes(type));
  assert.deepEqual([...HANDLED_TYPES].sort(), sent.sort());
});

test("what the page sends is the contract's", () => {
  assert.deepEqual(JSON.parse(start(example("attempt.start").ticket)), example("attempt.start"));
  assert.deepEqual(JSON.parse(cancel()), example("attempt.cancel"));
});

for (const { name, text, message } of fromServer) {
  test(`decodes ${name}`, () => assert.deepEqual(decode(text), message));

  test(`reacts to ${name}`, () => {
    const before = message.type === "attempt.ready" ? STARTED : [...CAPTURING, { type: "frame-sent" }];
    const attempt = play(...before, heard(message));
    switch (message.type) {
      case "attempt.ready":
        assert.equal(attempt.phase, "capturing");
        assert.deepEqual(attempt.limits, {
          maxFrameBytes: message.max_frame_bytes,
          maxPerSecond: message.frame.max_per_second,
        });
        break;
      case "challenge.step":
        assert.deepEqual(attempt.message, ["step", message.step]);
        break;
      case "capture.prompt":
        assert.deepEqual(attempt.message, ["prompt", message.prompt]);
        break;
      case "capture.feedback":
        assert.equal(attempt.phase, "capturing");
        assert.equal(attempt.unanswered, 0);
        if (message.verdict === "rejected") {
          assert.deepEqual(attempt.message, ["reason", message.reasons[0]]);
        }
        if (message.verdict !== "dropped") {
          assert.equal(attempt.progress, message.progress);
          assert.deepEqual(attempt.face, message.face);
        }
        break;
      case "attempt.result":
        if (OUTCOMES_WITH_ASSERTION.includes(message.outcome)) {
          assert.equal(attempt.phase, "submitting");
          assert.equal(attempt.assertion, message.assertion);
        } else {
          assert.equal(attempt.phase, "stopped");
          assert.deepEqual(attempt.message, ["outcome", message.outcome]);
          assert.deepEqual(attempt.advice, message.reasons);
          assert.equal(attempt.assertion, "");
        }
        break;
      case "error":
        if (COMES_BACK_FROM.includes(message.code)) {
          assert.equal(attempt.phase, "waiting");
          assert.deepEqual(attempt.message, ["comeback", message.code]);
          break;
        }
        assert.equal(attempt.phase, "stopped");
        assert.deepEqual(attempt.message, ["error", message.code]);
        assert.equal(attempt.detail, message.detail);
        break;
      default:
        assert.fail(`no expectation for ${message.type}`);
    }
  });

  test(`takes no notice of a new field in ${name}`, () => {
    const more = { ...message, added_later: { anything: [1] } };
    const before = message.type === "attempt.ready" ? STARTED : CAPTURING;
    const plain = play(...before, heard(message));
    assert.deepEqual(play(...before, heard(decode(JSON.stringify(more)))), plain);
  });
}

for (const text of ['{"type": "added.later"}', "{}", "[]", "null", "3", '"x"', "", "{", "\u0000"]) {
  test(`ignores ${JSON.stringify(text)}`, () => assert.equal(decode(text), null));
}

test("a wish of the server stays until it has another, through accepted frames", () => {
  const accepted = heard(example("capture.feedback.accepted"));
  const asked = play(...CAPTURING, heard(example("capture.prompt.come_closer")), accepted);
  assert.deepEqual(asked.message, ["prompt", "come_closer"]);
  const rejected = step(asked, heard(example("capture.feedback.blurred")));
  assert.deepEqual(rejected.message, ["reason", "blurred"]);
  const again = step(rejected, accepted);
  assert.deepEqual(again.message, ["prompt", "come_closer"]);
  const next = step(again, heard(example("challenge.step.look_straight")));
  assert.deepEqual(next.message, ["step", "look_straight"]);
  assert.equal(play(...CAPTURING).wish, null);
});

test("a head on its way to one side is not told to look straight or to hold still", () => {
  const reasons = (...given) => {
    const feedback = { ...example("capture.feedback.blurred"), reasons: given };
    return heard(decode(JSON.stringify(feedback)));
  };
  const turning = play(...CAPTURING, heard(example("challenge.step.turn_left")));
  for (const reason of ["not_frontal", "no_face", "blurred", "uneven_light"]) {
    assert.deepEqual(step(turning, reasons(reason)).message, ["step", "turn_left"]);
  }
  assert.deepEqual(step(turning, reasons("too_dark")).message, ["reason", "too_dark"]);
  const back = step(turning, heard(example("challenge.step.look_straight")));
  assert.deepEqual(step(back, reasons("no_face")).message, ["reason", "no_face"]);
  const told = play(...CAPTURING, heard(example("capture.prompt.turn_slightly")));
  assert.deepEqual(step(told, reasons("not_frontal")).message, ["reason", "not_frontal"]);
});

test("two frames at most are unanswered, whatever happens", () => {
  // A small generator of one's own, so that a failure can be repeated.
  let seed = 20261123;
  const random = (below) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed % below;
  };
  for (let round = 0; round < 300; round += 1) {
    let attempt = IDLE;
    let sent = 0;
    let answered = 0;
    for (const event of STARTED) attempt = step(attempt, event);
    for (let count = 0; count < 40; count += 1) {
      const wasStopped = attempt.phase === "stopped";
      if (random(2) && canSend(attempt)) {
        attempt = step(attempt, { type: "frame-sent" });
        sent += 1;
      } else {
        const { message } = fromServer[random(fromServer.length)];
        const ends = ["error", "attempt.result"].includes(message.type);
        const isEarly = message.type === "capture.feedback" && answered === sent;
        if ((ends && random(8)) || isEarly) continue;
        answered += message.type === "capture.feedback" && isRunning(attempt) ? 1 : 0;
        attempt = step(attempt, heard(message));
      }
      assert.ok(attempt.unanswered >= 0 && attempt.unanswered <= MAX_UNANSWERED);
      if (wasStopped) assert.equal(attempt.phase, "stopped");
      if (attempt.phase === "submitting") assert.ok(attempt.assertion);
    }
  }
});

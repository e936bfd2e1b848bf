// The browser's side of the live socket against the contract's own examples.
// CONTRACT names the folder kubevision/contracts, SCRIPTS the folder of the page's scripts.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import test from "node:test";
import { pathToFileURL } from "node:url";

const { CONTRACT, SCRIPTS } = process.env;
const folder = `${CONTRACT}/examples/messages`;
const examples = readdirSync(folder).map((name) => JSON.parse(readFileSync(`${folder}/${name}`, "utf8")));
const of = (type) => examples.filter((message) => message.type === type);

const live = await import(pathToFileURL(`${SCRIPTS}/live.js`));
const errors = JSON.parse(readFileSync(`${CONTRACT}/errors.json`, "utf8"));

// Sockets and timers that the test opens, closes and lets run out.
let sockets = [];
let timers = [];
globalThis.WebSocket = class {
  static OPEN = 1;
  constructor(url, subprotocol) {
    Object.assign(this, { url, subprotocol, readyState: 0, sent: [] });
    sockets.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.isClosed = true;
  }
  open() {
    this.readyState = 1;
    this.onopen();
  }
};
globalThis.setTimeout = (work, wait) => {
  const timer = { work, wait };
  timers.push(timer);
  return timer;
};
globalThis.clearTimeout = (timer) => {
  if (timer) timer.work = () => {};
};
const settle = () => new Promise((resolve) => setImmediate(resolve));
const runOut = async () => {
  const due = timers;
  timers = [];
  for (const { work } of due) work();
  await settle();
};

const TICKET = JSON.parse(readFileSync(`${CONTRACT}/examples/face_ticket.watch.json`, "utf8"));

async function page(...answers) {
  sockets = [];
  timers = [];
  const told = { news: [], states: [], ended: 0, asked: 0 };
  const ask = async () => {
    told.asked += 1;
    const status = answers.length > 1 ? answers.shift() : answers[0];
    if (status === "lost") throw new TypeError("network");
    return { status, ticket: status === 201 ? TICKET : null };
  };
  const listening = new live.Listening(ask, {
    news: (kind) => told.news.push(kind),
    ended: () => (told.ended += 1),
    state: (name) => told.states.push(name),
  });
  listening.begin();
  await settle();
  return { listening, told };
}

test("what the page sends is the contract's", () => {
  const [example] = of("live.start");
  assert.deepEqual(JSON.parse(live.start(example.ticket)), example);
});

test("the page knows what the server may send, and ignores what a newer one sends", () => {
  for (const message of [...of("attempt.finished"), ...of("session.ended"), ...of("error")]) {
    assert.deepEqual(live.decode(JSON.stringify(message)), message);
  }
  for (const text of ["", "nonsense", "null", "[]", '{"type": "news"}']) assert.equal(live.decode(text), null);
});

test("a page tells of strangers before a camera, not of its own", () => {
  for (const message of of("attempt.finished")) {
    const elsewhere = { ...message, is_own_session: false };
    const expected = message.outcome === "match" ? "matched" : "tried";
    assert.equal(live.newsOf(elsewhere), message.purpose === "verify" ? expected : null);
    assert.equal(live.newsOf({ ...message, is_own_session: true }), null);
  }
});

test("a page opens its socket with the ticket and hears its session end", async () => {
  const { told } = await page(201);
  const [socket] = sockets;
  assert.deepEqual([socket.url, socket.subprotocol], [TICKET.websocket_url, TICKET.websocket_subprotocol]);
  socket.open();
  assert.deepEqual(socket.sent, [{ type: "live.start", ticket: TICKET.ticket }]);
  socket.onmessage({ data: JSON.stringify(of("session.ended")[0]) });
  assert.equal(told.ended, 1);
  assert.deepEqual(told.states, ["live", "ended"]);
  await runOut();
  assert.equal(told.asked, 1); // and asks no more
});

test("the close code alone says it, too", async () => {
  const { told } = await page(201);
  sockets[0].open();
  sockets[0].onclose({ code: errors.close_codes.session_ended });
  assert.equal(told.ended, 1);
});

test("without a socket the page asks, until accounts says that the session is over", async () => {
  const { told } = await page(201, 503, "lost", 429, 401);
  sockets[0].onclose({ code: 1006 });
  for (let asked = 2; asked <= 5; asked += 1) {
    assert.equal(told.ended, 0);
    assert.ok(timers.at(-1).wait <= live.ASK_EVERY_MS);
    await runOut();
    assert.equal(told.asked, asked);
  }
  assert.equal(told.ended, 1);
});

test("sockets that fail come seldomer, questions do not", async () => {
  const { told } = await page(201);
  for (let round = 0; round < 20; round += 1) {
    if (sockets.at(-1).onclose && !sockets.at(-1).isLost) {
      sockets.at(-1).isLost = true;
      sockets.at(-1).onclose({ code: 1006 });
    }
    await runOut();
  }
  assert.equal(told.asked, 21);
  assert.ok(sockets.length < 4, `${sockets.length} sockets, with the clock standing still`);
});

test("waits double up to their bound, each with some chance in it", () => {
  let wait = live.FIRST_WAIT_MS;
  for (let round = 0; round < 20; round += 1) wait = live.longer(wait);
  assert.equal(wait, live.LONGEST_WAIT_MS);
  assert.deepEqual([live.jittered(1000, 0), live.jittered(1000, 1)], [500, 1000]);
});

test("where there is no live socket the page asks seldom", async () => {
  await page(204);
  assert.equal(sockets.length, 0);
  assert.ok(timers.at(-1).wait > live.ASK_EVERY_MS);
});

test("a page that nobody sees asks nothing, and goes on when it is seen", async () => {
  const { listening, told } = await page(503);
  listening.pause();
  await runOut();
  assert.equal(told.asked, 1);
  listening.begin();
  await settle();
  assert.equal(told.asked, 2);
});

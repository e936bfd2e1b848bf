// An open page that listens: a live socket while there is one, asking while there is none.
// No document here: what is heard is handed on.

export const LIVE_TYPES = Object.freeze(["attempt.finished", "session.ended", "error"]);

export const ASK_EVERY_MS = 5_000; // while the socket is away
export const ASK_SELDOM_MS = 60_000; // where there is no live socket at all
export const FIRST_WAIT_MS = 1_000; // before the next socket; doubles with every one that fails
export const LONGEST_WAIT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 8_000; // who accepts and says nothing is away
const SESSION_ENDED = 4410; // the contract's close code

/** Return a message of the live socket, null for one this page does not know (and so ignores). */
export function decode(text) {
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  return LIVE_TYPES.includes(message?.type) ? message : null;
}

export const start = (ticket) => JSON.stringify({ type: "live.start", ticket });

export const longer = (wait) => Math.min(2 * wait, LONGEST_WAIT_MS);

/** Half to all of it: pages that lost one socket together do not come back together. */
export const jittered = (wait, random = Math.random()) => wait * (0.5 + random / 2);

/** Return what the page should say of a message: "matched", "tried" or null for nothing. */
export function newsOf({ type, purpose, outcome, is_own_session: isOwn }) {
  if (type !== "attempt.finished" || purpose !== "verify" || isOwn) return null;
  return outcome === "match" ? "matched" : "tried";
}

export class Listening {
  /**
   * @param {function(): Promise<{status: number, ticket: object}>} ask for a ticket
   * @param {{news: function, ended: function, state: function}} handlers what is heard, and how
   *   the page listens: "live", "asking" or "ended"
   */
  constructor(ask, handlers) {
    this.askAccounts = ask;
    this.handlers = handlers;
    this.wait = FIRST_WAIT_MS;
    this.mayConnectAt = 0;
    this.isStopped = true;
  }

  begin() {
    if (!this.isStopped || this.isOver) return;
    this.isStopped = false;
    this.ask();
  }

  /** Leave without a word: the page is gone, or nobody looks at it and it has no socket. */
  pause() {
    this.isStopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.connecting);
    if (this.socket) {
      this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
      this.socket.close();
      this.socket = null;
    }
  }

  get isLive() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  async ask() {
    let answer;
    try {
      answer = await this.askAccounts();
    } catch {
      answer = { status: 0 };
    }
    if (this.isStopped) return;
    if (answer.status === 401) this.end();
    else if (answer.status === 204) this.askIn(ASK_SELDOM_MS);
    else if (answer.status === 201 && Date.now() >= this.mayConnectAt) this.connect(answer.ticket);
    else this.askIn(ASK_EVERY_MS);
  }

  askIn(milliseconds) {
    this.handlers.state("asking");
    this.timer = setTimeout(() => this.ask(), jittered(milliseconds, 0.8 + Math.random() / 5));
  }

  connect(ticket) {
    const socket = new WebSocket(ticket.websocket_url, ticket.websocket_subprotocol);
    this.socket = socket;
    this.connecting = setTimeout(() => socket.close(), CONNECT_TIMEOUT_MS);
    socket.onopen = () => {
      clearTimeout(this.connecting);
      socket.send(start(ticket.ticket));
      this.handlers.state("live");
      this.openedAt = Date.now();
    };
    socket.onmessage = (event) => {
      const message = decode(event.data);
      if (message?.type === "session.ended") this.end();
      else if (message && newsOf(message)) this.handlers.news(newsOf(message));
    };
    socket.onclose = (event) => this.lose(event.code);
  }

  lose(code) {
    clearTimeout(this.connecting);
    this.socket = null;
    if (code === SESSION_ENDED) {
      this.end();
      return;
    }
    // A socket that held for long was a good one; the next may come soon.
    const held = this.openedAt ? Date.now() - this.openedAt : 0;
    this.openedAt = 0;
    if (held > LONGEST_WAIT_MS) this.wait = FIRST_WAIT_MS;
    const wait = jittered(this.wait);
    this.mayConnectAt = Date.now() + wait;
    this.wait = longer(this.wait);
    this.askIn(Math.min(wait, ASK_EVERY_MS));
  }

  end() {
    this.pause();
    this.isOver = true;
    this.handlers.state("ended");
    this.handlers.ended();
  }
}

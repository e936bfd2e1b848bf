// One capture socket: opens with a ticket, hands on messages, says how it ended.

import { cancel, decode, start } from "./protocol.js";

export class CaptureSocket {
  /**
   * @param {{ticket: string, websocket_url: string, websocket_subprotocol: string}} ticket
   * @param {{opened: function, message: function, closed: function}} handlers closed gets true if
   *   it ever was open
   */
  constructor(ticket, handlers) {
    this.wasOpen = false;
    this.socket = new WebSocket(ticket.websocket_url, ticket.websocket_subprotocol);
    this.socket.onopen = () => {
      this.wasOpen = true;
      handlers.opened();
      this.socket.send(start(ticket.ticket));
    };
    this.socket.onmessage = (event) => {
      const message = decode(event.data);
      if (message) handlers.message(message);
    };
    this.socket.onclose = () => handlers.closed(this.wasOpen);
  }

  get isOpen() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  sendFrame(blob) {
    if (this.isOpen) this.socket.send(blob);
  }

  cancel() {
    if (this.isOpen) this.socket.send(cancel());
  }

  /** Leave without a word; no handler is called any more. */
  drop() {
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
  }
}

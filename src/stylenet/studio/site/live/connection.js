// The socket to the server: one frame at a time, and changed settings before the next one.

import { ServerError } from "/server.js";

const OPENING_MS = 10000;

/** There is no connection. */
export class LostError extends Error {}

export class Connection {
  #socket = null;
  #reply = null;
  #sent = "";
  #refusal = null;

  /** The painting of a frame, both JPEG files; `settings` are the fields of the interface. */
  async paint(frame, settings) {
    await this.#open();
    const words = JSON.stringify(settings);
    if (words !== this.#sent) {
      await this.#ask(words);
      this.#sent = words;
    }
    return this.#ask(frame);
  }

  /** Close the socket; the next frame opens another. */
  close() {
    this.#socket?.close();
    this.#ended();
  }

  async #open() {
    if (this.#socket) return;
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/v1/live`);
    socket.binaryType = "blob";
    this.#refusal = null;
    this.#socket = socket;
    const timer = setTimeout(() => socket.close(), OPENING_MS);
    socket.addEventListener("message", ({ data }) => socket === this.#socket && this.#heard(data));
    await new Promise((done, fail) => {
      socket.addEventListener("open", done);
      socket.addEventListener("close", () => {
        if (socket === this.#socket) this.#ended();
        fail(new LostError());
      });
    }).finally(() => clearTimeout(timer));
  }

  // The server responds to every message with one, in the same order.
  #ask(message) {
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) return Promise.reject(this.#refusal ?? new LostError());
    return new Promise((done, fail) => {
      this.#reply = { done, fail };
      socket.send(message);
    });
  }

  #heard(data) {
    const body = typeof data === "string" ? JSON.parse(data) : null;
    const reply = this.#reply;
    this.#reply = null;
    if (!body?.error) reply?.done(body ?? data);
    else if (reply) reply.fail(new ServerError(422, body));
    else this.#refusal = new ServerError(429, body); // the server takes no further camera, and closes the socket
  }

  #ended() {
    this.#socket = null;
    this.#sent = "";
    this.#reply?.fail(this.#refusal ?? new LostError());
    this.#reply = null;
  }
}

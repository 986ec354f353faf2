// The WebSocket to the server: sends one frame at a time, and changed settings before the next frame.

import { ServerError } from "/server.js";

const OPENING_MS = 10000;

/** The connection was lost. */
export class LostError extends Error {}

export class Connection {
  #socket = null;
  #reply = null;
  #sentSettings = "";
  #rejection = null;

  /** Paint a frame; the frame and the result are JPEG files. `settings` are the fields of the API. */
  async paint(frame, settings) {
    await this.#open();
    const text = JSON.stringify(settings);
    if (text !== this.#sentSettings) {
      await this.#send(text);
      this.#sentSettings = text;
    }
    return this.#send(frame);
  }

  /** Close the socket; the next frame opens a new one. */
  close() {
    this.#socket?.close();
    this.#onClose();
  }

  async #open() {
    if (this.#socket) return;
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/v1/live`);
    socket.binaryType = "blob";
    this.#rejection = null;
    this.#socket = socket;
    const timer = setTimeout(() => socket.close(), OPENING_MS);
    socket.addEventListener("message", ({ data }) => socket === this.#socket && this.#onMessage(data));
    await new Promise((done, fail) => {
      socket.addEventListener("open", done);
      socket.addEventListener("close", () => {
        if (socket === this.#socket) this.#onClose();
        fail(new LostError());
      });
    }).finally(() => clearTimeout(timer));
  }

  // The server responds to every message with one, in the same order.
  #send(message) {
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) return Promise.reject(this.#rejection ?? new LostError());
    return new Promise((done, fail) => {
      this.#reply = { done, fail };
      socket.send(message);
    });
  }

  #onMessage(data) {
    const body = typeof data === "string" ? JSON.parse(data) : null;
    const reply = this.#reply;
    this.#reply = null;
    if (!body?.error) reply?.done(body ?? data);
    else if (reply) reply.fail(new ServerError(422, body));
    else this.#rejection = new ServerError(429, body); // the server accepts no more cameras and closes the socket
  }

  #onClose() {
    this.#socket = null;
    this.#sentSettings = "";
    this.#reply?.fail(this.#rejection ?? new LostError());
    this.#reply = null;
  }
}

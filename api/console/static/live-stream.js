// The live stream. The browser reconnects by itself after most failures and then sends the number of the last alarm
// event; where it gives up (an answer other than 200, as from a proxy without a server behind it), we start it again.

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

export class LiveStream {
  #source = null;
  #timer = null;
  #wait = FIRST_WAIT_MS;
  #listener;

  /** @param listener {hello(), alarm(change), values(rows), lost()} */
  constructor(listener) {
    this.#listener = listener;
  }

  open() {
    this.close();
    const source = new EventSource("/api/v1/stream");
    this.#source = source;
    source.addEventListener("hello", () => {
      this.#wait = FIRST_WAIT_MS;
      this.#listener.hello();
    });
    source.addEventListener("alarm", (event) => this.#listener.alarm(JSON.parse(event.data)));
    source.addEventListener("values", (event) => this.#listener.values(JSON.parse(event.data)));
    source.addEventListener("error", () => {
      this.#listener.lost();
      if (source.readyState === EventSource.CLOSED) this.#openLater();
    });
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #openLater() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
  }
}

// What the console knows of the city, and how it stays true: the stream says that something has changed, the API is
// asked what it is now. So a missed or repeated event can never leave a wrong picture on the screen.

import { get, getAll } from "./api-client.js";
import { LiveStream } from "./live-stream.js";
import { CityClock, DEFAULT_ZONE } from "./times.js";

const TICK_MS = 1_000;
const COALESCE_MS = 250; // a storm of events is answered by one request

// How often each part is asked for [s]: while the stream lives, and while it is away and we have to look ourselves.
const PACES = {
  health: { live: 10, away: 5 },
  alarms: { live: 60, away: 10 },
  assets: { live: 20, away: 10 },
  coverage: { live: 60, away: 60 },
  registry: { live: 600, away: 60 },
};

const LOADS = {
  health: () => get("/health"),
  alarms: () => getAll("/alarms", { state: "open", limit: 1000 }, "before"),
  assets: () => get("/asset-states"),
  coverage: () => get("/coverage"),
  registry: async () => {
    const [city, systems, districts, properties, rules] = await Promise.all([
      get("/city"),
      get("/systems"),
      get("/districts.geojson"),
      get("/properties"),
      get("/rules"),
    ]);
    return { city, systems, districts, properties, rules };
  },
};

export class CityState {
  clock = new CityClock();
  /** "connecting", "live" or "reconnecting", and since when [ms] */
  link = { state: "connecting", since: Date.now() };
  parts = { health: null, alarms: null, assets: null, coverage: null, registry: null };
  /** why the last request for a part failed; null: it did not */
  faults = {};
  /** newest value by datastream: { time, result, quality } */
  values = new Map();
  /** the newest alarm event of the stream, to be read out */
  announced = null;
  /** grows with every alarm event, so that lists with history know when to look again */
  alarmChanges = 0;

  #asked = {};
  #pending = {};
  #again = {};
  #changed;
  #stream;

  /** @param changed called after every change */
  constructor(changed) {
    this.#changed = changed;
    this.#stream = new LiveStream({
      hello: () => this.#onHello(),
      alarm: (change) => this.#onAlarm(change),
      values: (rows) => this.#onValues(rows),
      lost: () => this.#setLink("reconnecting"),
    });
  }

  get zone() {
    return this.parts.registry?.city.time_zone ?? DEFAULT_ZONE;
  }

  /** Whether requests still get through; without them even the polled picture grows old. */
  get reachable() {
    return !Object.values(this.faults).some((fault) => fault?.kind === "offline");
  }

  start() {
    this.#stream.open();
    setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
    // background tabs are slowed down by browsers; whoever comes back wants to see what is, at once
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#askAll();
    });
  }

  /** Ask for a part soon; calls that follow each other closely become one request. */
  ask(part) {
    clearTimeout(this.#pending[part]);
    this.#pending[part] = setTimeout(() => this.#load(part), COALESCE_MS);
  }

  #tick() {
    const pace = this.link.state === "live" ? "live" : "away";
    for (const part of Object.keys(LOADS)) {
      const waited = (Date.now() - (this.#asked[part] ?? 0)) / 1000;
      const patience = this.faults[part] ? Math.min(PACES[part][pace], 5) : PACES[part][pace];
      if (waited >= patience) this.#load(part);
    }
    this.#changed();
  }

  #askAll() {
    for (const part of Object.keys(LOADS)) this.ask(part);
  }

  async #load(part) {
    if (this.#again[part] !== undefined) {
      this.#again[part] = true; // one request at a time; what happened meanwhile needs another one
      return;
    }
    this.#again[part] = false;
    const askedAt = Date.now();
    this.#asked[part] = askedAt;
    try {
      const found = await LOADS[part]();
      if (part === "health") this.clock.learn(found.at, askedAt);
      this.parts[part] = found;
      this.faults[part] = null;
    } catch (fault) {
      this.faults[part] = fault;
      // a connection can be dead without telling: a health check that fails is the proof
      if (part === "health" && fault.kind === "offline" && this.link.state === "live") {
        this.#setLink("reconnecting");
        this.#stream.open();
      }
    }
    const again = this.#again[part];
    delete this.#again[part];
    if (again) this.ask(part);
    this.#changed();
  }

  #setLink(state) {
    if (this.link.state === state) return;
    this.link = { state, since: this.clock.now() };
    this.#changed();
  }

  #onHello() {
    const wasAway = this.link.state === "reconnecting";
    this.#setLink("live");
    if (wasAway) this.#askAll();
  }

  #onAlarm(change) {
    this.announced = change;
    this.alarmChanges += 1;
    this.ask("alarms");
    this.ask("assets");
    this.#changed();
  }

  #onValues(rows) {
    for (const [stream, time, result, quality] of rows) {
      const known = this.values.get(stream);
      const at = Date.parse(time);
      if (known === undefined || known.time <= at) this.values.set(stream, { time: at, result, quality });
    }
    this.#changed();
  }
}

// Times in the city's zone, never in the browser's, and ages against the server's clock: the clock of an operator's
// machine may be wrong, and two operators must read the same.

export const DEFAULT_ZONE = "Asia/Shanghai";

export class CityClock {
  #ahead = 0; // [ms] server minus browser

  /** Learn the server's time from an answer; half of the round trip is taken for the way back. */
  learn(serverTime, askedAt) {
    const middle = (askedAt + Date.now()) / 2;
    this.#ahead = Date.parse(serverTime) - middle;
  }

  now() {
    return Date.now() + this.#ahead;
  }
}

const locale = (lang) => (lang === "zh" ? "zh-CN" : "en-GB");
const formats = new Map(); // making an Intl format is slow, and ages are drawn every second

function format(lang, zone, name) {
  const key = `${lang} ${zone} ${name}`;
  if (!formats.has(key)) {
    const parts = {
      time: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
      day: { month: "short", day: "numeric" },
      full: {
        weekday: "short",
        year: "numeric",
        month: "short",
        day: "numeric",
        hour: "2-digit",
        minute: "2-digit",
        second: "2-digit",
      },
    }[name];
    formats.set(key, new Intl.DateTimeFormat(locale(lang), { ...parts, timeZone: zone, hourCycle: "h23" }));
  }
  return formats.get(key);
}

export const fullTime = (ms, lang, zone) => format(lang, zone, "full").format(ms);

/** Time of day, with the date in front when it is not today in the city. */
export function shortTime(ms, now, lang, zone) {
  const day = format(lang, zone, "day");
  const time = format(lang, zone, "time").format(ms);
  return day.format(ms) === day.format(now) ? time : `${day.format(ms)} ${time}`;
}

/** An age in its two biggest parts at most: "40 s", "12 min", "3 h 5 min", "2 d 4 h". */
export function age(ms, words) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const part = (count, unit) => words.t(`age.${unit}`, { count });
  if (seconds < 60) return part(seconds, "s");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return part(minutes, "min");
  const hours = Math.floor(minutes / 60);
  const [count, unit, rest, small] =
    hours < 24 ? [hours, "h", minutes % 60, "min"] : [Math.floor(hours / 24), "d", hours % 24, "h"];
  return rest === 0 ? part(count, unit) : `${part(count, unit)} ${part(rest, small)}`;
}

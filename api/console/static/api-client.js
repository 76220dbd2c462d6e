// Requests to the API. Every failure becomes a Fault, whose kind names a sentence in texts.js: people never see codes.

const BASE = "/api/v1";
const PATIENCE_MS = 10_000; // a request that takes longer is given up, so that a hanging server is noticed

export class Fault extends Error {
  /**
   * @param {"offline"|"unavailable"|"conflict"|"refused"|"internal"} kind
   * @param {string} detail the API's own sentence
   */
  constructor(kind, detail = "") {
    super(detail || kind);
    this.kind = kind;
    this.detail = detail;
  }
}

export function get(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const search = new URLSearchParams(given).toString();
  return request(search ? `${path}?${search}` : path, {});
}

export function post(path, body) {
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** Walk all pages of a list; `limit` pages at most, so that a slip on the server cannot keep us busy for ever. */
export async function getAll(path, query, cursor, limit = 10) {
  const items = [];
  let from;
  for (let page = 0; page < limit; page += 1) {
    const answer = await get(path, from === undefined ? query : { ...query, [cursor]: from });
    items.push(...answer.items);
    if (answer.next === null) break;
    from = answer.next;
  }
  return items;
}

async function request(path, options) {
  let answer;
  let body;
  try {
    answer = await fetch(BASE + path, { ...options, signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store" });
    body = await answer.json();
  } catch {
    throw new Fault(answer === undefined ? "offline" : "internal");
  }
  if (answer.ok) return body;
  if (answer.status === 503) throw new Fault("unavailable");
  if (answer.status === 409) throw new Fault("conflict", body.detail);
  if (answer.status < 500) throw new Fault("refused", body.detail ?? "");
  throw new Fault("internal");
}

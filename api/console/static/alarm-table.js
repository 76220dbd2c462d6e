// The alarms: what has to be handled, most severe first, and the one thing to do about it here, to acknowledge.

import { html, useEffect, useRef, useState } from "./vendor/htm-preact/standalone.module.js";
import { get, post } from "./api-client.js";
import { Choice } from "./choice.js";
import { useRemembered } from "./remembered.js";
import { SeverityMark, isActive } from "./severity-mark.js";
import { FaultLine } from "./status-bar.js";
import { age, fullTime, shortTime } from "./times.js";
import { readableLimit, readableNumber } from "./units.js";

const PAGE = 100;
const MOST = 200; // rows at first: in a flood of alarms the page has to stay quick

export function AlarmTable({ state, words, now, system, selection, select, announce }) {
  const [which, setWhich] = useRemembered("alarms.which", "open");
  const [order, setOrder] = useRemembered("alarms.order", "by-severity");
  const [actor, setActor] = useRemembered("operator", "");
  const [missing, setMissing] = useState(false);
  const [refusal, setRefusal] = useState(null);
  const [most, setMost] = useState(MOST);
  const nameField = useRef(null);
  const history = useHistory(which === "all", state.alarmChanges);

  const known = which === "open" ? state.parts.alarms : history.alarms;
  const wanted =
    known === null
      ? undefined
      : inOrder(
          known.filter((alarm) => !system || alarm.system_id === system),
          order,
        );
  const shown = wanted?.slice(0, most);

  async function acknowledge(alarm) {
    setRefusal(null);
    if (actor.trim() === "") {
      setMissing(true);
      nameField.current.focus();
      return;
    }
    try {
      await post(`/alarms/${alarm.alarm_id}/acknowledge`, { actor: actor.trim() });
      announce(words.t("alarms.acknowledged", { message: words.name(alarm, "message") }));
    } catch (fault) {
      setRefusal(fault.kind === "conflict" ? words.t("alarms.taken") : words.t(`fault.${fault.kind}`, fault));
    }
    state.ask("alarms"); // the stream will say so too, but it may be away
    state.ask("assets");
    history.look();
  }

  const none = words.t(which === "open" ? "alarms.none" : "alarms.none-ever");
  return html`<section class="panel alarms" id="alarms" aria-labelledby="alarms-title" tabindex="-1">
    <div class="panel-head">
      <h2 id="alarms-title">${words.t("alarms.title")}</h2>
      <${Choice}
        label=${words.t("alarms.which")}
        value=${which}
        set=${setWhich}
        options=${[
          ["open", words.t("alarms.open")],
          ["all", words.t("alarms.all")],
        ]}
      />
      <${Choice}
        label=${words.t("alarms.order")}
        value=${order}
        set=${setOrder}
        options=${["by-severity", "by-time"].map((key) => [key, words.t(`alarms.${key}`)])}
      />
      <label class="operator">
        <span>${words.t("alarms.name")}</span>
        <input
          ref=${nameField}
          name="operator"
          autocomplete="name"
          maxlength="100"
          value=${actor}
          aria-invalid=${missing}
          onInput=${(event) => {
            setActor(event.target.value);
            setMissing(false);
          }}
        />
      </label>
    </div>
    ${missing && html`<p class="fault" role="alert">${words.t("alarms.name-missing")}</p>`}
    ${refusal && html`<p class="fault" role="alert">${refusal}</p>`}
    <${FaultLine} fault=${which === "open" ? state.faults.alarms : history.fault} words=${words} />
    <div class="scroll" tabindex="0" role="region" aria-labelledby="alarms-title">
      ${shown === undefined && html`<p class="empty">${words.t("page.loading")}</p>`}
      ${shown?.length === 0 && html`<p class="empty">${none}</p>`}
      ${
        shown?.length > 0 &&
        html`<table class="alarm-table" role="table">
          <caption class="unseen">
            ${words.t("alarms.caption", { order: words.t(`alarms.${order}`) })}
          </caption>
          <thead role="rowgroup">
            <tr role="row">
              ${["severity", "asset", "what", "raised", "state"].map(
                (column) =>
                  html`<th role="columnheader" scope="col" class=${column}>${words.t(`alarms.${column}`)}</th>`,
              )}
            </tr>
          </thead>
          <tbody role="rowgroup">
            ${shown.map(
              (alarm) =>
                html`<${AlarmRow}
                  key=${alarm.alarm_id}
                  alarm=${alarm}
                  words=${words}
                  now=${now}
                  zone=${state.zone}
                  selected=${selection.alarm === alarm.alarm_id}
                  select=${select}
                  acknowledge=${acknowledge}
                />`,
            )}
          </tbody>
        </table>`
      }
      ${
        wanted?.length > most &&
        html`<button type="button" class="more" onClick=${() => setMost(most + MOST)}>
          ${words.t("alarms.more", { count: wanted.length - most })}
        </button>`
      }
      ${
        which === "all" &&
        history.next !== null &&
        html`<button type="button" class="more" onClick=${history.older}>${words.t("alarms.older")}</button>`
      }
    </div>
  </section>`;
}

function AlarmRow({ alarm, words, now, zone, selected, select, acknowledge }) {
  const raised = Date.parse(alarm.detected_at);
  const waits = alarm.state === "unacknowledged" || alarm.state === "returned-unacknowledged";
  const message = words.name(alarm, "message");
  const choose = () => select({ asset: alarm.asset_id, stream: alarm.datastream_id, alarm: alarm.alarm_id });
  const past = [
    alarm.occurrences > 1 && words.t("alarms.times", { count: alarm.occurrences }),
    alarm.peak_severity > alarm.severity &&
      words.t("alarms.peak", { severity: words.t(`severity.${alarm.peak_severity}`) }),
  ].filter(Boolean);
  const classes = [
    `severity-${alarm.severity}`,
    waits && "waits",
    !isActive(alarm) && "over",
    alarm.closed_at && "closed",
    selected && "selected",
  ];
  // the roles repeat what the tags say: phones show the rows as cards, and CSS would take their meaning away
  return html`<tr
      role="row"
      class=${classes.filter(Boolean).join(" ")}
      data-alarm=${alarm.alarm_id}
      data-state=${alarm.state}
      onClick=${choose}
    >
      <td role="cell" class="severity">
        <${SeverityMark} condition=${alarm.severity} /> ${words.t(`severity.${alarm.severity}`)}
      </td>
      <td role="cell" class="asset">
        <button type="button" class="as-link" aria-pressed=${selected} onClick=${choose}>
          ${words.name(alarm, "asset")}
        </button>
        <small>${words.name(alarm, "rule")}</small>
      </td>
      <td role="cell" class="what">
        <span class="message">${message}</span>
        ${past.length > 0 && html`<small>${past.join(", ")}</small>`}
      </td>
      <td role="cell" class="raised">
        <time datetime=${alarm.detected_at} title=${fullTime(raised, words.lang, zone)}>
          ${shortTime(raised, now, words.lang, zone)}
        </time>
        <small>${words.t("age.ago", { age: age(now - raised, words) })}</small>
      </td>
      <td role="cell" class="state">
        <span
          >${words.t(`state.${alarm.state}`)}
          ${alarm.acknowledged_by && html`<small>${words.t("state.by", { actor: alarm.acknowledged_by })}</small>`}
        </span>
        ${
          waits &&
          html`<button
            type="button"
            class="acknowledge"
            aria-label=${words.t("alarms.acknowledge-one", { message })}
            onClick=${(event) => {
              event.stopPropagation();
              acknowledge(alarm);
            }}
          >
            ${words.t("alarms.acknowledge")}
          </button>`
        }
      </td>
    </tr>
    ${selected && html`<${Advice} alarm=${alarm} words=${words} now=${now} zone=${zone} />`}`;
}

function Advice({ alarm, words, now, zone }) {
  return html`<tr role="row" class="advice severity-${alarm.severity}">
    <td role="cell" colspan="5">
      <dl>
        <dt>${words.t("alarms.advice")}</dt>
        <dd>${words.name(alarm, "advice")}</dd>
        <dt>${words.t("alarms.evidence")}</dt>
        <dd>${evidenceOf(alarm, words, now, zone)}</dd>
      </dl>
    </td>
  </tr>`;
}

/** The numbers that speak for an alarm, with the limit and where it comes from; only those that the API gives. */
function evidenceOf({ evidence }, words, now, zone) {
  const { value, unit, limit, deviations, measured_at: measuredAt, limit_source: source, limit_mark: mark } = evidence;
  const parts = [];
  if (typeof value === "number") {
    // after an outage, values can be judged long after they were measured
    const time = shortTime(Date.parse(measuredAt), now, words.lang, zone);
    parts.push(words.t("alarms.measured", { value: readableLimit(value, unit ?? ""), time }));
  }
  if (typeof deviations === "number") {
    parts.push(words.t("alarms.deviation", { deviation: readableNumber(deviations, 1), limit }));
  } else if (typeof limit === "number") {
    parts.push(words.t("alarms.limit", { limit: readableLimit(limit, unit ?? "") }));
  }
  return html`${parts.join(", ")}${source && html` <span lang="en">(${source}; ${mark})</span>`}`;
}

/** What is over needs somebody's eyes, not somebody's hands: it stands below all that lasts. */
const urgency = (alarm) => (isActive(alarm) ? 10 : alarm.closed_at === null ? 5 : 0) + alarm.severity;

/** Alarms in the order of the table, "by-severity" or "by-time". */
export function inOrder(alarms, order) {
  const newest = (a, b) => Date.parse(b.detected_at) - Date.parse(a.detected_at) || b.alarm_id - a.alarm_id;
  return [...alarms].sort(order === "by-time" ? newest : (a, b) => urgency(b) - urgency(a) || newest(a, b));
}

/** All alarms with those that are closed, page by page; only asked for while they are shown. */
function useHistory(wanted, changes) {
  const [found, setFound] = useState({ alarms: null, next: null, fault: null });
  const [looks, setLooks] = useState(0);
  const length = useRef(PAGE); // rows shown so far: a refresh must not take away what was fetched with "older"

  useEffect(() => {
    if (!wanted) return undefined;
    let current = true;
    const timer = setTimeout(async () => {
      try {
        const page = await get("/alarms", { state: "all", limit: Math.min(length.current, 1000) });
        if (current) setFound({ alarms: page.items, next: page.next, fault: null });
      } catch (fault) {
        if (current) setFound((before) => ({ ...before, fault }));
      }
    }, 250);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [wanted, changes, looks]);

  const look = () => setLooks((count) => count + 1);
  return {
    ...found,
    look,
    older() {
      length.current += PAGE;
      look();
    },
  };
}

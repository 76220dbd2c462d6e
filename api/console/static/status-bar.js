// The line on top: which city, what time it is there, whether the picture is live, what needs somebody.

import { html } from "./vendor/htm-preact/standalone.module.js";
import { Choice } from "./choice.js";
import { SeverityMark, isActive } from "./severity-mark.js";
import { LANGUAGES } from "./texts.js";
import { age, fullTime, shortTime } from "./times.js";

export function StatusBar({ state, words }) {
  const { registry, assets, alarms } = state.parts;
  const city = registry === null ? "citywatch" : words.name(registry.city);
  return html`<header class="status-bar">
    <h1>${city} <small>${words.t("page.console")}</small></h1>
    <${SyntheticBadge} assets=${assets} words=${words} />
    <${OpenCounts} alarms=${alarms} words=${words} />
    <${Platform} health=${state.parts.health} words=${words} />
    <div class="link link-${state.link.state}" role="status" data-link=${state.link.state}>
      <span class="link-sign" aria-hidden="true"></span>${words.t(`link.${state.link.state}`)}
    </div>
  </header>`;
}

/** The second line: which systems are shown, the time in the city, the language. */
export function ViewBar({ state, words, now, system, setSystem, setLang }) {
  const present = new Set(state.parts.assets?.map((asset) => asset.system_id));
  const systems = (state.parts.registry?.systems ?? [])
    .filter((one) => present.has(one.system_id))
    .map((one) => [one.system_id, words.name(one)]);
  return html`<nav class="view-bar">
    <${Choice}
      label=${words.t("filter.system")}
      value=${system}
      set=${setSystem}
      options=${[["", words.t("filter.all")], ...systems]}
    />
    <time class="clock" datetime=${new Date(now).toISOString()}>
      ${fullTime(now, words.lang, state.zone)} <small>${state.zone}</small>
    </time>
    <${Choice} label=${words.t("page.language")} value=${words.lang} set=${setLang} options=${LANGUAGES} />
  </nav>`;
}

/** One sentence below the bar when the picture is not live any more; nothing otherwise. */
export function LinkBanner({ state, words, now }) {
  if (state.link.state !== "reconnecting") return null;
  const values = {
    time: shortTime(state.link.since, now, words.lang, state.zone),
    age: age(now - state.link.since, words),
  };
  const text = words.t(state.reachable ? "link.polling" : "link.lost", values);
  return html`<div class="banner">${text}</div>`;
}

export function FaultLine({ fault, words }) {
  if (!fault) return null;
  return html`<p class="fault" role="alert">${words.t(`fault.${fault.kind}`, { detail: fault.detail })}</p>`;
}

function SyntheticBadge({ assets, words }) {
  const synthetic = assets?.filter((asset) => asset.origin === "synthetic").length ?? 0;
  if (synthetic === 0) return null;
  const text = words.t("synthetic.city", { synthetic, all: assets.length });
  return html`<span class="badge" title=${text}
    >${words.t("synthetic.badge")}<span class="unseen">: ${text}</span></span
  >`;
}

function OpenCounts({ alarms, words }) {
  if (alarms === null) return null;
  const waiting = alarms.filter((alarm) => alarm.state !== "acknowledged").length;
  return html`<ul class="counts" aria-label=${words.t("summary.open")}>
    ${[4, 3, 2, 1].map((severity) => {
      const count = alarms.filter((alarm) => isActive(alarm) && alarm.severity === severity).length;
      // at zero the mark stays grey: colour is for what needs attention
      return html`<li class=${count === 0 ? "quiet" : ""}>
        <${SeverityMark} condition=${severity} /><b>${count}</b> <span>${words.t(`severity.${severity}`)}</span>
      </li>`;
    })}
    <li class=${waiting === 0 ? "quiet" : "waiting"}>
      <b>${waiting}</b> <span>${words.t("summary.unacknowledged")}</span>
    </li>
  </ul>`;
}

function Platform({ health, words }) {
  if (health === null) return html`<span class="platform">${words.t("platform.unknown")}</span>`;
  if (health.state === "ok") return html`<span class="platform">${words.t("platform.ok")}</span>`;
  return html`<details class="platform degraded">
    <summary>${words.t("platform.degraded")} (${health.reasons.length})</summary>
    <ul aria-label=${words.t("platform.why")}>
      ${health.reasons.map((reason) => html`<li lang="en">${reason}</li>`)}
    </ul>
  </details>`;
}

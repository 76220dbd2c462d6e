// Coverage: how much of what should be watched is watched, where the denominator comes from, and what is missing.

import { html, useEffect, useState } from "./vendor/htm-preact/standalone.module.js";
import { get } from "./api-client.js";
import { FaultLine } from "./status-bar.js";
import { age, shortTime } from "./times.js";
import { percent } from "./units.js";

export function CoveragePanel({ state, words, now, assets, select }) {
  const kinds = state.parts.coverage;
  return html`<section class="panel coverage" aria-labelledby="coverage-title">
    <div class="panel-head"><h2 id="coverage-title">${words.t("coverage.title")}</h2></div>
    <${FaultLine} fault=${state.faults.coverage} words=${words} />
    ${kinds === null && !state.faults.coverage && html`<p class="empty">${words.t("page.loading")}</p>`}
    ${kinds?.length === 0 && html`<p class="empty">${words.t("coverage.none")}</p>`}
    ${kinds?.map(
      (kind) =>
        html`<${KindFigure}
          key=${kind.kind_id}
          kind=${kind}
          state=${state}
          words=${words}
          now=${now}
          assets=${(assets ?? []).filter((asset) => asset.kind_id === kind.kind_id)}
          select=${select}
        />`,
    )}
  </section>`;
}

function KindFigure({ kind, state, words, now, assets, select }) {
  const [open, setOpen] = useState(false);
  const gaps = kind.required - kind.monitored;
  const synthetic = assets.filter((asset) => asset.origin === "synthetic").length;
  const properties = state.parts.registry?.properties ?? [];
  const nameOf = (property) => words.name(properties.find((one) => one.property_id === property)) || property;
  const why = words.t("coverage.synthetic-why", { synthetic, all: assets.length });
  return html`<div class="kind" data-kind=${kind.kind_id}>
    <div class="figure">
      <span class="kind-name">${words.name(kind, "kind")}</span>
      ${synthetic > 0 &&
      html`<span class="badge" title=${why}>${words.t("coverage.synthetic")}<span class="unseen">: ${why}</span></span>`}
      <span class="at"
        >${words.t("coverage.at", { time: shortTime(Date.parse(kind.at), now, words.lang, state.zone) })}</span
      >
    </div>
    ${
      kind.share === null
        ? html`<p class="empty">${words.t("coverage.nothing")}</p>`
        : html`<p class="share" aria-label=${words.t("coverage.figure", { ...kind, share: percent(kind.share) })}>
              <b>${percent(kind.share)}</b>
              <span>${words.t("coverage.figure", { ...kind, share: percent(kind.share) })}</span>
            </p>
            <progress max=${kind.required} value=${kind.monitored} aria-label=${words.t("coverage.title")}></progress>
            <p class="note">${words.t("coverage.steps", kind)}</p>`
    }
    ${
      gaps > 0 &&
      html`<button type="button" class="gaps-switch" aria-expanded=${open} onClick=${() => setOpen(!open)}>
        ${words.t(open ? "coverage.hide-gaps" : "coverage.show-gaps", { count: gaps })}
      </button>`
    }
    ${
      open &&
      html`<${Gaps} kind=${kind} words=${words} select=${select} nameOf=${nameOf} />
        <p class="note">${ruleOf(kind.rule, words, nameOf)}</p>`
    }
  </div>`;
}

function Gaps({ kind, words, select, nameOf }) {
  const [found, setFound] = useState({ rows: null, fault: null });
  useEffect(() => {
    let current = true;
    get("/coverage/assets", { kind: kind.kind_id, monitored: false }).then(
      (rows) => current && setFound({ rows, fault: null }),
      (fault) => current && setFound((before) => ({ ...before, fault })),
    );
    return () => {
      current = false;
    };
  }, [kind.kind_id, kind.at]); // a new computation brings new reasons
  return html`<${FaultLine} fault=${found.fault} words=${words} />
    <ul class="gaps">
      ${found.rows?.map(
        (row) =>
          html`<li key=${row.asset_id}>
            <button type="button" class="as-link" onClick=${() => select({ asset: row.asset_id })}>
              ${words.name(row)}
            </button>
            <span>${words.t(`reason.${row.reason}`)}</span>
            <small>${partsOf(row, kind.rule, words, nameOf)}</small>
          </li>`,
      )}
    </ul>`;
}

function partsOf(row, rule, words, nameOf) {
  return rule.required
    .map((property) => {
      const part = row.details[property];
      if (!part || part.sensors === 0) return words.t("reason.no-sensor", { property: nameOf(property) });
      return words.t("reason.sensors", { property: nameOf(property), share: percent(part.best_share) });
    })
    .join(" · ");
}

function ruleOf(rule, words, nameOf) {
  return words.t("coverage.rule", {
    properties: rule.required.map(nameOf).join(words.lang === "zh" ? "、" : ", "),
    share: percent(rule.min_share),
    window: age(rule.window * 1000, words),
    source: `${rule.source} (${rule.mark})`,
  });
}

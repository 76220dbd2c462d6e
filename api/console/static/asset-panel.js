// One asset: what it measures now, how good and how old that is, and the chart of the chosen datastream.

import { html, useEffect, useRef, useState } from "./vendor/htm-preact/standalone.module.js";
import { inOrder } from "./alarm-table.js";
import { get, getAll } from "./api-client.js";
import { hasText } from "./texts.js";
import { FaultLine } from "./status-bar.js";
import { SeverityMark } from "./severity-mark.js";
import { age, fullTime } from "./times.js";
import { readableValue } from "./units.js";
import { ValueChart } from "./value-chart.js";

const REFRESH_MS = 15_000;
const STALE_AFTER_INTERVALS = 5; // a device may lose a message or two; five in a row are news
const STALE_AFTER_AT_LEAST_MS = 15_000;

export function AssetPanel({ state, words, now, selection, select }) {
  const { asset, streams, fault } = useAsset(selection.asset);
  const chosen = streams?.find((stream) => stream.datastream_id === selection.stream) ?? defaultStream(streams, state);
  const rules = (state.parts.registry?.rules ?? []).filter((rule) => rule.kind_id === asset?.kind_id);
  const list = useRef(null);
  useEffect(() => {
    // only the list moves, never the page
    const row = list.current?.querySelector("tr.selected");
    if (row) list.current.scrollTop = row.offsetTop - list.current.clientHeight / 2;
  }, [chosen?.datastream_id, streams === null]);

  return html`<section class="panel asset" id="asset" aria-labelledby="asset-title">
    <div class="panel-head">
      <h2 id="asset-title">${asset ? words.name(asset) : words.t("asset.title")}</h2>
      ${asset && html`<${AssetFacts} asset=${asset} state=${state} words=${words} />`}
    </div>
    ${selection.asset && html`<${FaultLine} fault=${fault} words=${words} />`}
    ${!selection.asset && html`<p class="empty">${words.t("asset.none")}</p>`}
    ${selection.asset && streams === null && !fault && html`<p class="empty">${words.t("page.loading")}</p>`}
    ${streams?.length === 0 && html`<p class="empty">${words.t("asset.no-streams")}</p>`}
    ${
      streams?.length > 0 &&
      html`<div class="asset-body">
        <div class="scroll" ref=${list} tabindex="0" role="region" aria-label=${words.t("asset.streams")}>
          <table class="stream-table">
            <caption class="unseen">
              ${words.t("asset.streams")}
            </caption>
            <thead>
              <tr>
                ${["quantity", "value", "quality", "age"].map(
                    (column) => html`<th scope="col">${words.t(`asset.${column}`)}</th>`,
                  )}
              </tr>
            </thead>
            <tbody>
              ${streams.map(
                (stream) =>
                  html`<${StreamRow}
                    key=${stream.datastream_id}
                    stream=${stream}
                    live=${state.values.get(stream.datastream_id)}
                    words=${words}
                    now=${now}
                    zone=${state.zone}
                    chosen=${stream === chosen}
                    choose=${() => select({ stream: stream.datastream_id })}
                  />`,
              )}
            </tbody>
          </table>
        </div>
        ${
          chosen &&
          html`<${ValueChart}
            key=${chosen.datastream_id}
            stream=${chosen}
            words=${words}
            zone=${state.zone}
            clock=${state.clock}
            newest=${state.values.get(chosen.datastream_id)?.time ?? null}
            rules=${rules.filter((rule) => rule.property_id === chosen.property_id)}
          />`
        }
      </div>`
    }
  </section>`;
}

function AssetFacts({ asset, state, words }) {
  const system = state.parts.registry?.systems.find((one) => one.system_id === asset.system_id);
  const district = state.parts.registry?.districts.features.find((one) => one.id === asset.district_id);
  const origin = `origin.${asset.origin}`;
  return html`<p class="facts">
    <code>${asset.asset_id}</code>
    <span>${words.name(system)}</span>
    <span>${words.name(district?.properties)}</span>
    <span class=${asset.origin === "synthetic" ? "badge" : ""}
      >${hasText(origin) ? words.t(origin) : asset.origin}</span
    >
    <span>${words.t("asset.responsible", { unit: asset.responsible_unit })}</span>
  </p>`;
}

function StreamRow({ stream, live, words, now, zone, chosen, choose }) {
  const { time, result, quality } = newestOf(stream, live);
  const heard = time !== null;
  const limit = Math.max(stream.expected_interval_s * 1000 * STALE_AFTER_INTERVALS, STALE_AFTER_AT_LEAST_MS);
  const stale = heard && (now - time > limit || (stream.silent_since !== null && live === undefined));
  const faulty = quality === 3 || quality === 4;
  return html`<tr
    class=${[chosen && "selected", stale && "stale"].filter(Boolean).join(" ")}
    data-datastream=${stream.datastream_id}
    onClick=${choose}
  >
    <td>
      <button type="button" class="as-link" aria-pressed=${chosen} onClick=${choose}>
        ${words.name(stream, "property")}
      </button>
      <small>${stream.sensor_id}</small>
    </td>
    <td class="number" colspan=${heard ? 1 : 3}>
      ${heard ? readableValue(result, stream.unit, stream.decimals) : words.t("asset.never")}
    </td>
    ${
      heard &&
      html`<td class=${faulty ? "faulty" : ""}>${words.t(`quality.${quality}`)}</td>
        <td class="age">
          <time datetime=${new Date(time).toISOString()} title=${fullTime(time, words.lang, zone)}
            >${age(now - time, words)}</time
          >
          ${stale &&
          html` <span class="stale-word"><${SeverityMark} condition="no-data" />${words.t("asset.stale")}</span>`}
        </td>`
    }
  </tr>`;
}

/** The newer of what the API answered and what the stream brought since. */
export function newestOf(stream, live) {
  const time = stream.phenomenon_time === null ? null : Date.parse(stream.phenomenon_time);
  if (live !== undefined && (time === null || live.time >= time)) return live;
  return { time, result: stream.result, quality: stream.quality };
}

/** What an operator most likely wants to see first: what has raised the worst alarm, else a quantity with a rule. */
function defaultStream(streams, state) {
  if (!streams?.length) return undefined;
  const own = (state.parts.alarms ?? []).filter((alarm) => alarm.asset_id === streams[0].asset_id);
  const worst = inOrder(own, "by-severity")[0]?.datastream_id;
  const alarmed = streams.find((stream) => stream.datastream_id === worst);
  if (alarmed) return alarmed;
  const watched = new Set((state.parts.registry?.rules ?? []).map((rule) => rule.property_id));
  return streams.find((stream) => watched.has(stream.property_id)) ?? streams[0];
}

function useAsset(assetId) {
  const [found, setFound] = useState({ of: null });
  useEffect(() => {
    if (!assetId) return undefined;
    let current = true;
    const look = async () => {
      try {
        const [asset, streams] = await Promise.all([
          get(`/assets/${encodeURIComponent(assetId)}`),
          getAll("/datastreams", { asset_id: assetId }, "after"),
        ]);
        if (current) setFound({ of: assetId, asset, streams, fault: null });
      } catch (fault) {
        if (current) setFound((before) => ({ ...(before.of === assetId ? before : { of: assetId }), fault }));
      }
    };
    look();
    // presence and gaps change without a value: nothing on the stream tells of them
    const timer = setInterval(look, REFRESH_MS);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [assetId]);
  const mine = found.of === assetId ? found : {};
  return { asset: mine.asset ?? null, streams: mine.streams ?? null, fault: mine.fault ?? null };
}

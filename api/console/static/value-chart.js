// The values of one datastream over the last hours, with the limits of its rules. uPlot draws, we fetch.

import { html, useEffect, useMemo, useRef, useState } from "./vendor/htm-preact/standalone.module.js";
import uPlot from "./vendor/uplot/uPlot.esm.js";
import { get } from "./api-client.js";
import { Choice } from "./choice.js";
import { useRemembered } from "./remembered.js";
import { FaultLine } from "./status-bar.js";
import { fullTime } from "./times.js";
import { readableLimit, readableNumber, readableUnit, readableValue } from "./units.js";

const HOUR_MS = 3_600_000;
const PAGE = 20_000; // the most that the API gives at once
const PAGES = 8;
const GAP_INTERVALS = 3; // a line across a longer silence would claim what nobody measured
const TABLE_ROWS = 100;

export function ValueChart({ stream, words, zone, clock, newest, rules }) {
  const [hours, setHours] = useRemembered("chart.hours", "1");
  const [limits, setLimits] = useRemembered("chart.limits", "yes");
  const [table, setTable] = useState(false);
  const { rows, fault, truncated } = useObservations(stream.datastream_id, Number(hours), clock, newest);
  const lines = limits === "yes" ? limitLines(rules) : [];

  const summary = useMemo(
    () => (rows?.length > 0 ? summaryOf(rows, stream, words) : ""),
    [rows, words, stream.expected, stream.scale], // the page is drawn every second, a day has thousands of values
  );

  return html`<div class="chart" data-points=${rows?.length ?? 0} data-limits=${lines.length}>
    <div class="chart-head">
      <h3>
        ${words.name(stream, "property")}
        <small>${[stream.sensor_id, readableUnit(stream.unit)].filter(Boolean).join(", ")}</small>
      </h3>
      <${Choice}
        label=${words.t("chart.range")}
        value=${hours}
        set=${setHours}
        options=${["1", "6", "24"].map((key) => [key, words.t(`chart.hours-${key}`)])}
      />
      ${
        limitLines(rules).length > 0 &&
        html`<label
          ><input
            type="checkbox"
            checked=${limits === "yes"}
            onChange=${(event) => setLimits(event.target.checked ? "yes" : "no")}
          />
          ${words.t("chart.limits")}</label
        >`
      }
      <label
        ><input type="checkbox" checked=${table} onChange=${(event) => setTable(event.target.checked)} />
        ${words.t("chart.as-table")}</label
      >
    </div>
    <${FaultLine} fault=${fault} words=${words} />
    ${rows?.length === 0 && html`<p class="empty">${words.t("chart.empty", { hours })}</p>`}
    ${
      rows?.length > 0 &&
      (table
        ? html`<${ValueTable} rows=${rows} stream=${stream} words=${words} zone=${zone} />`
        : html`<${Plot}
            rows=${rows}
            lines=${lines}
            stream=${stream}
            words=${words}
            zone=${zone}
            summary=${summary}
            hours=${Number(hours)}
            clock=${clock}
          />`)
    }
    ${rows?.length > 0 && html`<p class="note">${summary} ${truncated && words.t("chart.truncated")}</p>`}
  </div>`;
}

function Plot({ rows, lines, stream, words, zone, summary, hours, clock }) {
  const place = useRef(null);
  const plot = useRef(null);
  const theme = useTheme();

  const shape = JSON.stringify([lines, words.lang, zone, theme, hours]);
  useEffect(() => {
    // the whole range that was asked for, so that missing data is seen to be missing
    const span = () => [clock.now() / 1000 - hours * 3600, clock.now() / 1000];
    const made = new uPlot(
      optionsOf({ lines, stream, words, zone, span, element: place.current }),
      columnsOf(rows, stream),
      place.current,
    );
    plot.current = made;
    const resizing = new ResizeObserver(() => made.setSize(sizeOf(place.current)));
    resizing.observe(place.current);
    return () => {
      resizing.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => {
    plot.current?.setData(columnsOf(rows, stream));
  }, [rows]);

  // the picture says nothing to a screen reader; the sentence below it and the table do
  return html`<div class="plot" ref=${place} role="img" aria-label=${summary}></div>`;
}

function ValueTable({ rows, stream, words, zone }) {
  return html`<div class="scroll plot-table" tabindex="0" role="region" aria-label=${words.name(stream, "property")}>
    <table>
      <thead>
        <tr>
          <th scope="col">${words.t("chart.time")}</th>
          <th scope="col">${words.t("asset.value")}</th>
          <th scope="col">${words.t("asset.quality")}</th>
        </tr>
      </thead>
      <tbody>
        ${rows
          .slice(-TABLE_ROWS)
          .reverse()
          .map(
            (row) =>
              html`<tr key=${row.time}>
                <td>${fullTime(row.time, words.lang, zone)}</td>
                <td class="number">${readableValue(row.result, stream.unit, stream.decimals)}</td>
                <td>${words.t(`quality.${row.quality}`)}</td>
              </tr>`,
          )}
      </tbody>
    </table>
  </div>`;
}

const isFaulty = (row) => row.quality === 3 || row.quality === 4;

function summaryOf(rows, stream, words) {
  const value = (number) => readableValue(number, stream.unit, stream.decimals);
  let [low, high, faulty] = [Infinity, -Infinity, 0];
  for (const row of rows) {
    low = Math.min(low, row.result);
    high = Math.max(high, row.result);
    if (isFaulty(row)) faulty += 1;
  }
  const last = value(rows[rows.length - 1].result);
  const parts = [words.t("chart.summary", { count: rows.length, low: value(low), high: value(high), last })];
  if (faulty > 0) parts.push(words.t("chart.faulty", { count: faulty }));
  if (stream.expected !== null && stream.scale !== null) {
    parts.push(
      words.t("chart.usual", {
        expected: readableNumber(stream.expected, stream.decimals),
        scale: value(stream.scale),
      }),
    );
  }
  return parts.join(" ");
}

/** Limits that can be drawn: those of residual rules move with the hour and are not a height in the chart. */
function limitLines(rules) {
  const lines = [];
  for (const rule of rules.filter((one) => one.method === "limit")) {
    for (const { limit, severity } of rule.tiers) {
      lines.push({ limit, severity });
      if (rule.direction === "both") lines.push({ limit: -limit, severity });
    }
  }
  return lines;
}

/** Times [s], good values, faulty values; a hole in time becomes a hole in the line. */
function columnsOf(rows, stream) {
  const [times, good, faulty] = [[], [], []];
  const longest = stream.expected_interval_s * 1000 * GAP_INTERVALS;
  let before = null;
  for (const row of rows) {
    if (before !== null && row.time - before > longest) {
      times.push((before + 1) / 1000);
      good.push(null);
      faulty.push(null);
    }
    times.push(row.time / 1000);
    good.push(isFaulty(row) ? null : row.result);
    faulty.push(isFaulty(row) ? row.result : null);
    before = row.time;
  }
  return [times, good, faulty];
}

const sizeOf = (element) => ({ width: element.clientWidth, height: element.clientHeight });

function optionsOf({ lines, stream, words, zone, span, element }) {
  const css = getComputedStyle(element);
  const colour = (name) => css.getPropertyValue(`--${name}`).trim();
  const font = `11px ${css.fontFamily}`;
  const axis = { stroke: colour("text-2"), font, grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } };
  const number = (value) => (value === null ? "–" : readableValue(value, stream.unit, stream.decimals));
  const seen = [...new Set(lines.map((line) => line.limit))];
  return {
    ...sizeOf(element),
    padding: [8, 64, 0, 0], // room for the names of the limits
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    legend: { show: true, live: true },
    cursor: { drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: true, range: span }, y: { range: (_, low, high) => heightOf(low, high, seen) } },
    axes: [
      { ...axis, size: 24, values: timeLabels(zone) },
      { ...axis, size: 52 },
    ],
    series: [
      {
        label: words.t("chart.time"),
        value: (_, seconds) => (seconds === null ? "–" : fullTime(seconds * 1000, words.lang, zone)),
      },
      {
        label: words.name(stream, "property"),
        stroke: colour("series"),
        width: 1.5,
        spanGaps: false,
        points: { show: true, size: 4, fill: colour("series"), filter: lonely },
        value: (_, value) => number(value),
      },
      {
        label: words.t("chart.faulty-series"),
        stroke: "transparent",
        points: { show: true, size: 6, stroke: colour("no-data"), fill: colour("no-data") },
        value: (_, value) => number(value),
      },
    ],
    hooks: { draw: [(u) => drawLimits(u, lines, { stream, words, colour, font })] },
  };
}

function timeLabels(zone) {
  const label = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  return (_, splits) => splits.map((seconds) => label.format(seconds * 1000));
}

/** Values with a hole on both sides, which a line cannot show. */
function lonely(u, index, show) {
  if (!show) return [];
  const values = u.data[index];
  return values.flatMap((value, at) =>
    value !== null && values[at - 1] == null && values[at + 1] == null ? [at] : [],
  );
}

/** Data with air around it, up to the nearest limit on each side: how far away trouble is. */
function heightOf(low, high, limits) {
  if (low === null) return [0, 1];
  const above = limits.filter((limit) => limit > high);
  const below = limits.filter((limit) => limit < low);
  const top = above.length > 0 ? Math.min(...above) : high;
  const bottom = below.length > 0 ? Math.max(...below) : low;
  const air = (top - bottom || Math.abs(top) || 1) * 0.08;
  return [bottom - air, top + air];
}

function drawLimits(u, lines, { stream, words, colour, font }) {
  const { ctx, bbox } = u;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.font = font.replace("11px", `${11 * scale}px`);
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (const { limit, severity } of lines) {
    const y = Math.round(u.valToPos(limit, "y", true));
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = colour(`severity-${severity}-line`);
    ctx.lineWidth = 1.5 * scale;
    ctx.setLineDash([6 * scale, 4 * scale]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.fillStyle = colour("text-2");
    const at = bbox.left + bbox.width + 4 * scale;
    ctx.fillText(words.t(`severity.${severity}`), at, y - 6 * scale);
    ctx.fillText(readableLimit(limit, stream.unit), at, y + 6 * scale);
  }
  ctx.restore();
}

/** Canvas does not follow style sheets: a change of theme means drawing again. */
function useTheme() {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const change = (event) => setDark(event.matches);
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, []);
  return dark ? "dark" : "light";
}

/** Observations of the last hours; a live value fetches the tail, so that nothing between two live values is lost. */
function useObservations(datastream, hours, clock, newest) {
  const [found, setFound] = useState({ of: null, rows: null, fault: null, truncated: false });
  const key = `${datastream} ${hours}`;
  const known = useRef({ key: null, rows: [] });
  const busy = useRef(false);
  const [again, setAgain] = useState(0);

  useEffect(() => {
    let current = true;
    const look = async () => {
      if (busy.current && known.current.key === key) return;
      busy.current = true;
      const before = known.current.key === key ? known.current.rows : [];
      const oldest = clock.now() - hours * HOUR_MS;
      const last = before.length > 0 ? before[before.length - 1].time + 1 : oldest;
      try {
        const { rows, truncated } = await observations(datastream, Math.max(last, oldest));
        if (!current) return;
        const all = [...before.filter((row) => row.time >= oldest), ...rows];
        known.current = { key, rows: all };
        setFound({ of: key, rows: all, fault: null, truncated });
      } catch (fault) {
        if (current) setFound((old) => ({ ...(old.of === key ? old : { of: key, rows: null }), fault }));
      } finally {
        busy.current = false;
      }
    };
    look();
    return () => {
      current = false;
      busy.current = false;
    };
  }, [key, newest, again]);
  useEffect(() => {
    // without the stream nobody calls: look now and then, which also lets old values leave the window
    const timer = setInterval(() => setAgain((count) => count + 1), 15_000);
    return () => clearInterval(timer);
  }, []);
  return found.of === key ? found : { rows: null, fault: null, truncated: false };
}

async function observations(datastream, begin) {
  const rows = [];
  let from = new Date(begin).toISOString();
  for (let page = 0; page < PAGES && from !== null; page += 1) {
    const answer = await get(`/datastreams/${datastream}/observations`, { begin: from, limit: PAGE });
    for (const item of answer.items)
      rows.push({ time: Date.parse(item.phenomenon_time), result: item.result, quality: item.quality });
    from = answer.next;
  }
  return { rows, truncated: from !== null };
}

// One mark for each condition: its shape and its figure say what its colour says, for those who do not see the colour.

import { html } from "./vendor/htm-preact/standalone.module.js";

const SHAPES = {
  4: "M6.2 1.5h7.6l4.7 4.7v7.6l-4.7 4.7H6.2l-4.7-4.7V6.2z",
  3: "M10 1.2 19 17.8H1z",
  2: "M10 .9 19.1 10 10 19.1.9 10z",
  1: "M10 2a8 8 0 1 0 .01 0z",
  0: "M10 5.5a4.5 4.5 0 1 0 .01 0z",
  "no-data": "M2.5 2.5h15v15h-15z",
  partial: "M10 4.5a5.5 5.5 0 1 0 .01 0z",
  unequipped: "M10 6a4 4 0 1 0 .01 0z",
};
const FIGURES = { 4: "4", 3: "3", 2: "2", 1: "1", "no-data": "?" };

export function SeverityMark({ condition }) {
  const figure = FIGURES[condition];
  return html`<svg class="mark mark-${condition}" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
    <path d=${SHAPES[condition]} />
    ${figure && html`<text x="10" y=${condition === 3 ? 15.6 : 14} text-anchor="middle">${figure}</text>`}
  </svg>`;
}

/** The condition of an asset, worst first: an alarm hides silence, and silence hides nothing. */
export function conditionOf(asset) {
  if (asset.severity > 0) return asset.severity;
  if (asset.origin === "platform") return 0;
  if (asset.datastreams === 0) return "unequipped";
  const heard = asset.heard_datastreams - asset.silent_datastreams;
  if (heard <= 0) return "no-data";
  return heard < asset.datastreams ? "partial" : 0;
}

/** Whether the trouble behind an alarm still lasts; one that has returned may yet wait to be acknowledged. */
export const isActive = (alarm) => alarm.state === "unacknowledged" || alarm.state === "acknowledged";

/** Order of urgency for sorting and stacking: 0 nothing to do ... 6 critical. */
export const urgencyOf = (condition) =>
  ({ unequipped: 0, 0: 1, partial: 2, "no-data": 2.5 })[condition] ?? condition + 2;

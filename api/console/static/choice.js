// One of a few: a row of buttons of which one is pressed. Texts stay in view, unlike in a drop-down list.

import { html } from "./vendor/htm-preact/standalone.module.js";

export function Choice({ label, value, set, options }) {
  return html`<div class="switch" role="group" aria-label=${label}>
    ${options.map(
      ([key, text]) =>
        html`<button type="button" data-choice=${key} aria-pressed=${key === value} onClick=${() => set(key)}>
          ${text}
        </button>`,
    )}
  </div>`;
}

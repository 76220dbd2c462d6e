// What one browser remembers of its operator. Storage may be forbidden (private windows): then we forget on reload.

import { useState } from "./vendor/htm-preact/standalone.module.js";

function read(key) {
  try {
    return localStorage.getItem(`citywatch.${key}`);
  } catch {
    return null;
  }
}

function write(key, value) {
  try {
    localStorage.setItem(`citywatch.${key}`, value);
  } catch {
    // nothing to do: the value still holds until the page is left
  }
}

/** State of a component that survives a reload. */
export function useRemembered(key, fallback) {
  const [value, setValue] = useState(() => read(key) ?? fallback);
  return [
    value,
    (next) => {
      write(key, next);
      setValue(next);
    },
  ];
}

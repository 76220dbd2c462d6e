// Values as people read them. The API speaks UCUM, which is made for machines ("um/m", "Cel").

const READABLE = new Map([
  ["um/m", "µm/m"],
  ["Cel", "°C"],
  ["%{LEL}", "%LEL"],
  ["m/s2", "m/s²"],
  ["deg", "°"],
  ["1", ""],
]);

export const readableUnit = (unit) => READABLE.get(unit) ?? unit;

/** Number alone, with as many decimals as the observed property has. */
export const readableNumber = (value, decimals) => value.toFixed(decimals).replace("-", "−");

export function readableValue(value, unit, decimals) {
  const shown = readableUnit(unit);
  const gap = shown === "" || shown === "°" ? "" : "\u00a0";
  return `${readableNumber(value, decimals)}${gap}${shown}`;
}

/** A limit or another number whose decimals nobody has given. */
export const readableLimit = (value, unit) => readableValue(value, unit, decimalsOf(value));

export const percent = (share) => `${(share * 100).toFixed(1)}\u00a0%`;

function decimalsOf(value) {
  const text = String(Number(value.toPrecision(4)));
  return text.includes(".") ? text.length - text.indexOf(".") - 1 : 0;
}

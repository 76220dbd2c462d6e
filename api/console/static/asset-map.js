// The map: district outlines from our own API, no tiles from anywhere, one mark per asset.

import { html, render, useEffect, useMemo, useRef, useState } from "./vendor/htm-preact/standalone.module.js";
import * as L from "./vendor/leaflet/leaflet-src.esm.js";
import { SeverityMark, conditionOf, urgencyOf } from "./severity-mark.js";
import { FaultLine } from "./status-bar.js";

const LEGEND = [4, 3, 2, 1, 0, "partial", "no-data", "unequipped"];
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export function AssetMap({ state, words, assets, selected, select }) {
  const place = useRef(null);
  const [map, setMap] = useState(null);
  const districts = state.parts.registry?.districts;

  useEffect(() => {
    const made = new CityMap(place.current, (asset) => select({ asset }));
    setMap(made);
    return () => made.remove();
  }, []);
  useEffect(() => {
    if (map && districts) map.drawDistricts(districts, words);
  }, [map, districts, words.lang]);
  useEffect(() => {
    if (map && assets) map.drawAssets(assets, selected, words);
  }, [map, assets, selected, words.lang]);

  return html`<section class="panel map" aria-labelledby="map-title">
    <div class="panel-head">
      <h2 id="map-title">${words.t("map.title")}</h2>
      <${AssetList}
        assets=${assets}
        systems=${state.parts.registry?.systems}
        selected=${selected}
        select=${select}
        words=${words}
      />
    </div>
    <${FaultLine} fault=${state.faults.assets} words=${words} />
    <div class="map-place" ref=${place} role="group" aria-label=${words.t("map.label")}></div>
    <ul class="legend" aria-label=${words.t("map.legend")}>
      ${LEGEND.map(
        (condition) => html`<li>
          <${SeverityMark} condition=${condition} /> <span>${words.t(`severity.${condition}`)}</span>
        </li>`,
      )}
    </ul>
    <p class="note">${words.t("map.schematic")}</p>
  </section>`;
}

/** The map as a list: what a keyboard or a screen reader can use, worst first within each system. */
function AssetList({ assets, systems, selected, select, words }) {
  // an open list that is drawn again every second would move under the hand
  return useMemo(() => assetOptions({ assets, systems, selected, select, words }), [assets, systems, selected, words]);
}

function assetOptions({ assets, systems, selected, select, words }) {
  const label = (asset) => {
    const condition = conditionOf(asset);
    return condition === 0 ? words.name(asset) : `${words.name(asset)} (${words.t(`severity.${condition}`)})`;
  };
  const urgent = (a, b) =>
    urgencyOf(conditionOf(b)) - urgencyOf(conditionOf(a)) || words.name(a).localeCompare(words.name(b), words.lang);
  return html`<select
    class="asset-list"
    aria-label=${words.t("map.choose")}
    value=${selected ?? ""}
    onChange=${(event) => event.target.value && select({ asset: event.target.value })}
  >
    <option value="" selected=${!selected}>${words.t("map.choose")} …</option>
    ${(systems ?? []).map((system) => {
      const members = (assets ?? []).filter((asset) => asset.system_id === system.system_id).sort(urgent);
      return (
        members.length > 0 &&
        html`<optgroup label=${words.name(system)}>
          ${members.map(
            ({ asset_id: id, ...asset }) => html`<option value=${id} selected=${id === selected}>${label(asset)}</option>`,
          )}
        </optgroup>`
      );
    })}
  </select>`;
}

/** Leaflet behind three verbs, so that Preact never touches what Leaflet owns. */
class CityMap {
  #map;
  #select;
  #districts = null;
  #markers = new Map(); // asset -> { marker, look }
  #bounds = null;
  #touched = false;
  #zoomControl = null;
  #resizing;

  constructor(element, select) {
    this.#select = select;
    this.#map = L.map(element, {
      attributionControl: false,
      zoomControl: false,
      zoomSnap: 0.25,
      zoomAnimation: !calm(),
      fadeAnimation: !calm(),
      markerZoomAnimation: !calm(),
    });
    this.#map.setView([0, 0], 2);
    this.#map.createPane("names").style.zIndex = "450"; // above the outlines, below the marks
    this.#resizing = new ResizeObserver(() => {
      this.#map.invalidateSize({ animate: false });
      this.#frame();
    });
    this.#resizing.observe(element);
    for (const gesture of ["pointerdown", "wheel", "keydown"]) {
      element.addEventListener(
        gesture,
        () => {
          this.#touched = true;
        },
        { passive: true },
      );
    }
    this.#map.on("zoomend", () => this.#showNames());
  }

  remove() {
    this.#resizing.disconnect();
    this.#map.remove();
  }

  drawDistricts(collection, words) {
    this.#districts?.remove();
    this.#districts = L.geoJSON(collection, { interactive: false, style: { className: "district", weight: 1 } });
    this.#districts.eachLayer((layer) => {
      const name = document.createElement("span"); // an element, not text: Leaflet would take text for HTML
      name.textContent = words.name(layer.feature.properties);
      layer.bindTooltip(name, { permanent: true, direction: "center", className: "district-name", pane: "names" });
    });
    this.#districts.addTo(this.#map).bringToBack();
    this.#zoomControl?.remove();
    this.#zoomControl = L.control.zoom({ zoomInTitle: words.t("map.zoom-in"), zoomOutTitle: words.t("map.zoom-out") });
    this.#zoomControl.addTo(this.#map);
    this.#showNames();
  }

  drawAssets(assets, selected, words) {
    const present = new Set(assets.map((asset) => asset.asset_id));
    for (const [id, { marker }] of this.#markers) {
      if (!present.has(id)) {
        marker.remove();
        this.#markers.delete(id);
      }
    }
    for (const asset of assets) this.#drawAsset(asset, asset.asset_id === selected, words);
    if (assets.length > 0) this.#bounds ??= L.latLngBounds(assets.map((asset) => [asset.latitude, asset.longitude]));
    this.#frame();
  }

  #drawAsset(asset, isSelected, words) {
    const condition = conditionOf(asset);
    const look = `${condition} ${isSelected} ${words.lang}`;
    let known = this.#markers.get(asset.asset_id);
    if (known?.look === look) return;
    if (known === undefined) {
      // the list beside the map is the way in for keyboards; 150 tab stops would be none
      const marker = L.marker([asset.latitude, asset.longitude], { keyboard: false });
      marker.on("click", () => this.#select(asset.asset_id)).addTo(this.#map);
      known = { marker };
      this.#markers.set(asset.asset_id, known);
    }
    known.look = look;
    known.marker.setIcon(iconOf(asset, condition, isSelected));
    known.marker.setZIndexOffset(urgencyOf(condition) * 1000 + (isSelected ? 500 : 0));
    const text = document.createElement("span");
    text.textContent = `${words.name(asset)}: ${words.t(`severity.${condition}`)}`;
    known.marker.unbindTooltip().bindTooltip(text, { direction: "top", offset: [0, -8] });
  }

  /** Show all assets, until the operator has taken the map in hand. */
  #frame() {
    if (this.#touched || this.#bounds === null) return;
    this.#map.setMinZoom(0);
    this.#map.fitBounds(this.#bounds, { padding: [16, 16], animate: false });
    this.#map.setMinZoom(this.#map.getZoom() - 1);
    this.#map.setMaxBounds(this.#bounds.pad(0.5));
    this.#showNames();
  }

  /** Names that are wider than their district would lie on those of its neighbours. */
  #showNames() {
    this.#districts?.eachLayer((layer) => {
      const name = layer.getTooltip().getElement();
      if (!name) return;
      const bounds = layer.getBounds();
      const width =
        this.#map.latLngToLayerPoint(bounds.getNorthEast()).x - this.#map.latLngToLayerPoint(bounds.getSouthWest()).x;
      name.classList.toggle("too-wide", name.offsetWidth > width * 0.8);
    });
  }
}

function iconOf(asset, condition, isSelected) {
  const size = urgencyOf(condition) > 2 ? 20 : 14;
  const element = document.createElement("div");
  render(html`<${SeverityMark} condition=${condition} />`, element);
  const className = isSelected ? "asset-mark selected" : "asset-mark";
  const icon = L.divIcon({ html: element, className, iconSize: [size, size] });
  const create = icon.createIcon.bind(icon);
  icon.createIcon = (old) => {
    const made = create(old);
    made.dataset.asset = asset.asset_id;
    made.dataset.condition = condition;
    return made;
  };
  return icon;
}

// The console: puts the parts on the page and keeps what they share: language, filter, selection.

import { html, render, useEffect, useMemo, useRef, useState } from "./vendor/htm-preact/standalone.module.js";
import { AlarmTable, inOrder } from "./alarm-table.js";
import { AssetMap } from "./asset-map.js";
import { AssetPanel } from "./asset-panel.js";
import { CityState } from "./city-state.js";
import { CoveragePanel } from "./coverage-panel.js";
import { useRemembered } from "./remembered.js";
import { FaultLine, LinkBanner, StatusBar, ViewBar } from "./status-bar.js";
import { wordsIn } from "./texts.js";

const NARROW = "(max-width: 900px)";

function Console() {
  const state = useCity();
  const [lang, setLang] = useRemembered("language", navigator.language.startsWith("zh") ? "zh" : "en");
  const words = useMemo(() => wordsIn(lang), [lang]);
  const [system, setSystem] = useRemembered("system", "");
  const [selection, setSelection] = useState(() => ({ asset: assetOfAddress(), stream: null, alarm: null }));
  const [said, announce] = useState("");
  const now = state.clock.now();
  const { registry, assets, alarms } = state.parts;

  useEffect(() => {
    document.documentElement.lang = lang;
    document.title = words
      .t("page.title", { city: registry === null ? "" : words.name(registry.city) })
      .replace(/^ · /, "");
  }, [words, registry]);

  // whoever opens the page sees the worst first, unless the address asks for something
  const opened = useRef(selection.asset !== null);
  useEffect(() => {
    if (opened.current || !alarms?.length) return;
    opened.current = true;
    const worst = inOrder(alarms, "by-severity")[0];
    setSelection({ asset: worst.asset_id, stream: worst.datastream_id, alarm: worst.alarm_id });
  }, [alarms]);

  const select = (wish) => {
    opened.current = true;
    // without a wish the stream of another asset would stay chosen
    setSelection((before) =>
      wish.asset === undefined ? { ...before, ...wish } : { stream: null, alarm: null, ...wish },
    );
    if (wish.asset === undefined) return;
    history.replaceState(null, "", `#asset=${encodeURIComponent(wish.asset)}`);
    if (matchMedia(NARROW).matches) document.getElementById("asset").scrollIntoView();
  };

  const shownAssets = useMemo(
    () => assets?.filter((asset) => !system || asset.system_id === system) ?? null,
    [assets, system],
  );
  const change = state.announced;
  const spoken = change && spokenText(change, words);

  return html`
    <a class="skip" href="#alarms">${words.t("page.skip")}</a>
    <${StatusBar} state=${state} words=${words} />
    <${LinkBanner} state=${state} words=${words} now=${now} />
    ${state.reachable && html`<${FaultLine} fault=${state.faults.registry} words=${words} />`}
    <${ViewBar} state=${state} words=${words} now=${now} system=${system} setSystem=${setSystem} setLang=${setLang} />
    <main class=${state.link.state === "reconnecting" && !state.reachable ? "old" : ""}>
      <${AlarmTable}
        state=${state}
        words=${words}
        now=${now}
        system=${system}
        selection=${selection}
        select=${select}
        announce=${announce}
      />
      <${AssetPanel} state=${state} words=${words} now=${now} selection=${selection} select=${select} />
      <div class="side">
        <${AssetMap} state=${state} words=${words} assets=${shownAssets} selected=${selection.asset} select=${select} />
        <${CoveragePanel} state=${state} words=${words} now=${now} assets=${assets} select=${select} />
      </div>
    </main>
    <div class="unseen" role="status" aria-live="polite">${said}${spoken && change.severity < 4 && spoken}</div>
    <div class="unseen" role="alert" aria-live="assertive">${spoken && change.severity === 4 && spoken}</div>
  `;
}

/** Alarms that are new or worse are read out; the rest is to be seen, not heard. */
function spokenText(change, words) {
  const text = { raised: "alarms.new", "raised-again": "alarms.new", escalated: "alarms.worse" }[change.event];
  if (text === undefined) return null;
  return words.t(text, { severity: words.t(`severity.${change.severity}`), message: change.message[words.lang] });
}

function assetOfAddress() {
  return new URLSearchParams(location.hash.slice(1)).get("asset");
}

function useCity() {
  const [, draw] = useState(0);
  const state = useMemo(() => new CityState(() => draw((count) => count + 1)), []);
  useEffect(() => state.start(), []);
  return state;
}

render(html`<${Console} />`, document.getElementById("console"));

// @ts-check
/* "#2026Q1/some-line?unit=twh&view=4/56/65" in the address says everything that is shown, so that a
   link brings it back. A frame in a notebook has no address of its own. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const REST = 120; // ms

  /* The address of what is shown at this moment. */
  G.address = (model) => location.href.split("#")[0] + write(model);

  const plain = (text) => encodeURIComponent(text).replace(/%(3A|2C|2F)/g, (all) => decodeURIComponent(all));

  /* Only what differs from the start stands in the address. */
  function write(model) {
    const data = model.data;
    const said = {
      cal: model.calendar === data.calendars[0] ? "" : model.calendar.key,
      unit: model.unit === data.units[0] ? "" : model.unit.key,
      scenario: data.projection && model.scenario !== data.projection.start
        ? data.projection.scenarios[model.scenario].key : "",
      compare: model.compare ? model.compare.text : "",
      swipe: model.compare && model.swipes ? "1" : "",
      odds: G.oddsText ? G.oddsText(model.odds) : "",
      hide: [...model.hidden].sort().map((key) => key.replace("\n", ":")).join(","),
      ...Object.fromEntries([...model.filters].map(([group, value]) => ["only-" + group, value])),
      lang: G.language() === "en" ? "" : G.language(),
      table: model.tableOpen ? "1" : "",
      view: model.moved ? view(model.map) : "",
    };
    const query = Object.entries(said).filter(([, value]) => value).map(([key, value]) => `${key}=${plain(value)}`);
    const parts = [model.steps[model.step].id, model.selected && model.selected.id].filter(Boolean);
    return "#" + parts.map(encodeURIComponent).join("/") + (query.length ? "?" + query.join("&") : "");
  }

  function view(map) {
    const { lat, lng } = map.getCenter();
    return [map.getZoom(), lat.toFixed(3), lng.toFixed(3)].join("/");
  }

  function read(hash) {
    const [path, query] = hash.replace(/^#/, "").split("?");
    const decode = (text) => {
      try {
        return decodeURIComponent(text);
      } catch (error) {
        return text; // cut off in the middle of a sign: show what can be shown
      }
    };
    const [step, ...line] = path.split("/").map(decode);
    return { step: step, line: line.join("/"), said: new URLSearchParams(query || "") };
  }

  /* Everything but the choice and the view, which need the finished map. */
  function apply(model, wanted) {
    const { said } = wanted;
    const data = model.data;
    model.calendar = data.calendars.find((item) => item.key === said.get("cal")) || data.calendars[0];
    model.unit = data.units.find((item) => item.key === said.get("unit")) || data.units[0];
    if (data.projection) {
      const found = data.projection.scenarios.findIndex((item) => item.key === said.get("scenario"));
      model.scenario = found < 0 ? data.projection.start : found;
    }
    if (data.odds && G.readOdds) model.odds = G.readOdds(data.odds, said.get("odds"));
    const step = model.steps.findIndex((item) => item.id === wanted.step);
    model.step = step >= 0 ? step : Math.max(0, model.place(model.moment));
    const [first, end] = model.parts(model.step);
    if (model.moment < first || model.moment >= end) model.moment = first;
    model.hidden = new Set((said.get("hide") || "").split(",").filter(Boolean).map((key) => key.replace(":", "\n")));
    model.filters = new Map([...said].filter(([key]) => key.startsWith("only-")).map(([key, value]) => [key.slice(5), value]));
    model.swipes = said.get("swipe") === "1";
    model.tableOpen = said.get("table") === "1";
    G.speak(said.get("lang") || "en", model.map.getContainer());
  }

  function place(model, wanted) {
    const [zoom, lat, lng] = (wanted.said.get("view") || "").split("/").map(Number);
    model.compare = model.comparison(wanted.said.get("compare") || "");
    model.select(model.byId.get(wanted.line) || null, wanted.said.has("view"));
    if (![zoom, lat, lng].every(Number.isFinite)) return;
    model.moved = true;
    model.map.setView([lat, lng], zoom, { animate: false });
  }

  /* Show what an address says, also where the page has no address of its own. */
  function visit(model, hash) {
    const wanted = read(hash);
    apply(model, wanted);
    place(model, wanted);
    model.draw();
    model.refilter();
    model.map.fire("gd:step", { step: model.step });
    model.map.fire("gd:table");
  }
  G.visit = visit;

  G.permalink = function (model) {
    const map = model.map;
    const own = /^(file|https?):$/.test(location.protocol);
    // Where the address says nothing, the page may say itself at what it opens.
    const opened = document.querySelector("meta[name=geodraw-open]");
    const asked = (own && location.hash) || (opened ? opened.getAttribute("content") : "");
    if (own || asked) apply(model, read(asked));
    let touched = false;
    let waiting = 0;
    let known = location.hash; // an address that somebody else has changed is read, not written over
    // Browsers count and limit writes to the address: once the hand rests is enough.
    const put = () => {
      if (location.hash !== known) return;
      history.replaceState(null, "", write(model));
      known = location.hash;
    };
    const save = () => {
      clearTimeout(waiting);
      if (own && model.ready) waiting = setTimeout(put, REST);
    };
    for (const kind of ["pointerdown", "wheel", "keydown"]) {
      map.getContainer().addEventListener(kind, () => (touched = true), { capture: true, passive: true });
    }
    map.on("gd:ready", () => {
      if (own || asked) place(model, read(asked));
      if (model.compare) model.draw(); // the lines were drawn before they knew of the other period
      model.ready = true;
      // All pieces were made for what the address says but for the choice and what is compared.
      if (asked) map.fire("gd:change");
      else save();
    });
    map.on("gd:step gd:select gd:change gd:table gd:odds", save);
    map.on("moveend", () => {
      model.moved = model.moved || (touched && model.ready);
      if (model.moved) save();
    });
    if (!own) return;
    addEventListener("hashchange", () => {
      known = location.hash;
      visit(model, location.hash);
    });
  };
})();

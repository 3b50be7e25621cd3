// @ts-check
/* Names and figures on the lines: the largest first, each where it hides least, none over another. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const SHARES = [0.5, 0.36, 0.64, 0.24, 0.76, 0.14, 0.86];
  const REST = 90; // ms
  const NEAR = 4.4; // zoom from which lines without a flow are named too
  const CITIES = [0, 3.4, 4.4]; // zoom from which cities of a rank have a name
  const KINDS = { field: 4.8, landfall: 5.2, hub: 5.6, border: 5.6, compressor: 6.2 }; // the same of places
  const HIGH = 14; // px, a line of text
  const GAP = 4; // px

  const apart = (a, b) => a.right < b.left || a.left > b.right || a.bottom < b.top || a.top > b.bottom;
  const EDGE = 4; // px left free at the rim of the window
  const inBox = (p, box) => p.x > box.left && p.x < box.right && p.y > box.top && p.y < box.bottom;
  const middle = ({ x, y }, { wide, high }) => around(x - wide / 2, y - high / 2, wide, high);
  const corners = ({ left, right, top, bottom }) => [left, right].flatMap((x) => [top, bottom].map((y) => ({ x, y })));

  const around = (left, top, wide, high) => ({ left, top, right: left + wide, bottom: top + high });

  /* Even-odd: how often a ray to the right meets the ring. */
  function inRing({ x, y }, ring) {
    let inside = false;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const [a, b] = [ring[i], ring[j]];
      if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
    }
    return inside;
  }

  class Names {
    constructor(model) {
      this.model = model;
      this.pane = model.map.createPane("gd-label");
      this.pane.style.zIndex = 465;
      this.pane.style.pointerEvents = "none";
      this.pen = G.el("canvas").getContext("2d");
      const soon = () => this.soon();
      model.map.on("gd:step gd:change gd:select gd:ready gd:layout moveend zoomend resize", soon);
      model.map.on("zoomstart", () => this.pane.replaceChildren());
    }

    soon() {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => !this.model.hurried && this.place(), REST);
    }

    /* What no name may cover: cards, bar, panels, in px of the map's window. */
    cards() {
      const box = this.model.map.getContainer();
      const outer = box.getBoundingClientRect();
      const nodes = box.querySelectorAll(".gd-card, .gd-time, .gd-panel:not([hidden]), .gd-story:not([hidden]), .leaflet-control-zoom, .leaflet-control-scale, .gd-over span, .leaflet-marker-icon.gd-event span");
      // What lies in a folded card hides nothing, and to ask for its place would lay it out.
      return [...nodes].filter((node) => !node.parentElement.closest("details:not([open])"))
        .map((node) => node.getBoundingClientRect()).filter((rect) => rect.width)
        .map((rect) => around(rect.left - outer.left - 2, rect.top - outer.top - 2, rect.width + 4, rect.height + 4));
    }

    /* Two short lines of text: the name before its bracket, the figure. */
    words(line) {
      const now = line.now(this.model.step);
      const name = this.short(line);
      if (now.look.name === "change") {
        const unit = G.t(this.model.data.scale.unit);
        return { name, figure: `${now.change > 0 ? "+" : "\u2212"}${G.number(Math.abs(now.change), 1)}\u00a0${unit}`, weight: Math.abs(now.change) };
      }
      if (now.look.name === "chance") {
        return { name, figure: G.t("{share} % by {period}", { share: G.number(100 * now.chance, 0), period: this.model.steps[this.model.step].id }), weight: now.chance * 40 };
      }
      if (["flow", "ahead"].includes(now.look.name)) return { name, figure: this.model.rateWords(line, now), part: this.model.part(now), weight: Math.abs(now.value) / now.days * 365 };
      return { name, figure: "", weight: 0 };
    }

    /* The name before its bracket; where two lines share it, the second has what stands in the bracket. */
    short(line) {
      const [name, rest] = line.name.split(" (");
      if (!rest || this.named().get(name) === line) return name;
      const own = rest.replace(/\)$/, "");
      return own.length < 12 ? `${name}, ${own}` : own; // "A, B, C" alone says nothing
    }

    /* The line that a name alone stands for: the last that has it. */
    named() {
      if (this.language !== G.language()) {
        this.language = G.language();
        this.first = new Map(this.model.lines.map((line) => [line.name.split(" (")[0], line]));
      }
      return this.first;
    }

    wanted() {
      const { model } = this;
      const close = model.map.getZoom() >= NEAR;
      const most = model.map.getSize().x < 640 ? 5 : close ? 60 : 14;
      const rows = model.lines.filter((line) => line.shown && line.parts.length)
        .map((line) => ({ line, ...this.words(line) }))
        .filter((row) => row.weight > 0 || close || row.line === model.selected);
      const first = (row) => (row.line === model.selected ? 1e6 : row.weight);
      return rows.sort((a, b) => first(b) - first(a)).slice(0, most);
    }

    size(row) {
      this.pen.font = "600 11.5px sans-serif";
      const texts = [row.name, row.figure, row.part].filter(Boolean);
      return { wide: Math.max(...texts.map((text) => this.pen.measureText(text).width)) + 6, high: texts.length * HIGH };
    }

    /* Points every few pixels along the lines, which names should leave free: most of all what flows. */
    dots() {
      const { map, lines, step } = this.model;
      const corner = map.layerPointToContainerPoint([0, 0]);
      const window = map.getSize();
      const dots = [];
      for (const line of lines.filter((one) => one.shown)) {
        const weight = line.flows(line.now(step)) ? 3 : 2;
        for (const part of line.casing._parts || []) {
          for (let i = 0; i < part.length; i += 3) {
            const [x, y] = [part[i].x + corner.x, part[i].y + corner.y];
            if (x > 0 && y > 0 && x < window.x && y < window.y) dots.push({ x, y, weight });
          }
        }
      }
      return dots;
    }

    /* Boxes beside a point of the line, above or below, to either side; what ends at the line is set to its right. */
    boxes({ x, y }, { wide, high }, off) {
      const left = (top) => ({ ...around(x - wide - off, top, wide, high), ends: true });
      return [
        around(x + off, y - high - GAP, wide, high), left(y - high - GAP),
        around(x + off, y + GAP, wide, high), left(y + GAP),
        around(x + off, y - high / 2, wide, high), left(y - high / 2),
        around(x - wide / 2, y - high - off - GAP, wide, high), around(x - wide / 2, y + off + GAP, wide, high),
      ];
    }

    best(row, taken, dots) {
      const { map } = this.model;
      const size = this.size(row);
      const off = 6 + Math.min(14, row.line.now(this.model.step).look.weight / 2);
      let best = null;
      for (const [turn, share] of SHARES.entries()) {
        const spot = row.line.spot(row.line.longest, share);
        const point = map.latLngToContainerPoint(spot.place);
        const near = dots.filter((p) => Math.abs(p.x - point.x) < size.wide + off && Math.abs(p.y - point.y) < size.high + off + GAP);
        for (const box of this.boxes(point, size, off)) {
          if (!this.free(box, taken)) continue;
          const hidden = near.filter((p) => inBox(p, box));
          const cost = hidden.reduce((sum, p) => sum + p.weight, 0) + turn;
          if (!best || cost < best.cost) best = { cost, box };
        }
      }
      return best && best.box;
    }

    place() {
      const { map } = this.model;
      if (!this.model.begun) return;
      const taken = this.cards();
      const dots = this.dots();
      const nodes = [];
      for (const row of this.wanted()) {
        const box = this.best(row, taken, dots);
        if (!box) continue;
        taken.push(around(box.left - 3, box.top - 2, box.right - box.left + 6, box.bottom - box.top + 4));
        nodes.push(this.node(row, map.containerPointToLayerPoint([box.ends ? box.right : box.left, box.top]), box.ends));
      }
      nodes.push(...this.cities(taken));
      this.pane.replaceChildren(...nodes);
      this.clear(taken, dots);
    }

    /* Cities and, closer by, fields and stations, the most far-seen first. */
    places() {
      const { map } = this.model;
      const cities = (map.geodrawCities || []).map((city) => ({ ...city, from: CITIES[city.rank] }));
      const rest = (map.geodrawPlaces || []).map((place) => ({ ...place, from: KINDS[place.about] }));
      return [...cities, ...rest].filter((place) => place.from <= map.getZoom()).sort((one, other) => one.from - other.from);
    }

    /* Where they lie over nothing, as a ring with their name beside it. */
    cities(taken) {
      const { map } = this.model;
      const language = { ru: 0, zh: 1 }[G.language()];
      const nodes = [];
      for (const city of this.places()) {
        const name = (language === undefined ? "" : city.names[language]) || city.name;
        const { x, y } = map.latLngToContainerPoint([city.lat, city.lon]);
        this.pen.font = "11px sans-serif";
        const box = around(x - 4, y - 7, this.pen.measureText(name).width + 14, HIGH);
        if (!this.free(box, taken)) continue;
        taken.push(box);
        const node = G.el("div", { class: "gd-city", "data-kind": city.about, "aria-hidden": "true" }, name);
        L.DomUtil.setPosition(node, map.containerPointToLayerPoint([x - 3, y - 7]).round());
        nodes.push(node);
      }
      return nodes;
    }

    node(row, at, ends) {
      const node = G.el("div", { class: "gd-label" + (row.figure ? "" : " gd-quiet") + (ends ? " gd-ends" : ""), "data-id": row.line.id, "aria-hidden": "true" }, [
        G.el("b", { dir: "auto" }, row.name), row.figure ? G.el("span", { "data-number": "rate" }, row.figure) : null,
        row.part ? G.el("small", { "data-said": "coverage" }, row.part) : null,
      ]);
      L.DomUtil.setPosition(node, at.round());
      return node;
    }

    /* Names of countries give way: to a free place in their own country, else they are hidden. */
    clear(taken, dots) {
      const { map } = this.model;
      const away = [];
      for (const node of map.getContainer().querySelectorAll(".gd-country span")) {
        const country = map.geodrawCountries.find((one) => one.a3 === node.dataset.country);
        const name = { node, country, wide: node.offsetWidth, high: node.offsetHeight };
        const home = map.latLngToContainerPoint([country.label[1], country.label[0]]);
        const box = middle(home, name);
        if (this.free(box, taken) && !dots.some((p) => inBox(p, box))) this.call(name, null, home, taken);
        else away.push({ ...name, home });
      }
      for (const name of away.sort((one, other) => other.country.area - one.country.area)) {
        const point = this.elsewhere(name, taken, dots);
        if (point) this.call(name, map.containerPointToLatLng(point), point, taken);
        else if (this.free(middle(name.home, name), taken)) this.call(name, null, name.home, taken); // over a line
        else name.node.classList.add("gd-under");
      }
    }

    free(box, taken) {
      const window = this.model.map.getSize();
      const within = box.left > EDGE && box.top > EDGE && box.right < window.x - EDGE && box.bottom < window.y - EDGE;
      return within && taken.every((other) => apart(other, box));
    }

    call(name, place, point, taken) {
      name.country.name_at(place);
      name.node.classList.remove("gd-under");
      taken.push(middle(point, name));
    }

    /* The nearest place in the country, on a grid of px, that hides neither a line nor another name. */
    elsewhere(name, taken, dots) {
      const { map } = this.model;
      const corner = map.layerPointToContainerPoint([0, 0]);
      const rings = map.geodrawOutline(name.country);
      const inside = (x, y) => rings.some(({ ring, box }) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom && inRing({ x, y }, ring));
      const window = map.getSize();
      const [xs, ys] = [rings.flatMap(({ box }) => [box.left + corner.x, box.right + corner.x]), rings.flatMap(({ box }) => [box.top + corner.y, box.bottom + corner.y])];
      const { home } = name;
      const [left, right] = [Math.max(Math.min(...xs), 0), Math.min(Math.max(...xs), window.x)];
      const [top, bottom] = [Math.max(Math.min(...ys), 0), Math.min(Math.max(...ys), window.y)];
      /* The spots of the grid that lie so far from home. */
      const spots = (least, most) => {
        const from = (low, middle, gap) => low + gap * Math.max(0, Math.ceil((middle - most - low) / gap));
        const found = [];
        for (let x = from(left, home.x, 16); x < right && x <= home.x + most; x += 16) {
          for (let y = from(top, home.y, 12); y < bottom && y <= home.y + most; y += 12) {
            const far = Math.hypot(x - home.x, y - home.y);
            if (far > least && far <= most) found.push({ x, y, far });
          }
        }
        return found.sort((one, other) => one.far - other.far);
      };
      const fits = (spot) => {
        const box = middle(spot, name);
        return this.free(box, taken) && !dots.some((p) => inBox(p, box)) && corners(box).every((p) => inside(p.x - corner.x, p.y - corner.y));
      };
      // By growing circles: most are found in the first, and a large country has thousands of spots.
      const end = Math.hypot(Math.max(home.x - left, right - home.x), Math.max(home.y - top, bottom - home.y));
      let found;
      for (let [least, most] = [-1, 60]; !found && least < end; [least, most] = [most, 2 * most]) found = spots(least, most).find(fits);
      return found;
    }
  }

  G.Names = Names;
})();

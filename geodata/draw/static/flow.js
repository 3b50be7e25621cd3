/* Lines whose geometry is held once and whose width, colour, dash and arrows follow a matrix
   (line x step). Knows widths, states and texts; what they mean is said by the data. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const LEAST = 1.2; // px, so that the smallest flow can still be seen
  const FAR = 3.2; // zoom
  const LANE = 8; // px between lines of one corridor
  const THIN = 2; // px, lines without a width
  const HATCH = "1 5"; // lines whose flow is not known

  class Model {
    constructor(map, data) {
      this.map = map;
      this.data = data;
      this.step = data.start;
      this.selected = null;
      this.hidden = new Set();
      this.lines = data.lines.map((line, index) => new Line(this, line, index));
      this.byId = new Map(this.lines.map((line) => [line.id, line]));
    }

    get last() {
      return this.data.steps.length - 1;
    }

    setStep(step) {
      const next = Math.max(0, Math.min(this.last, step));
      if (next === this.step) return;
      this.step = next;
      this.draw();
      this.map.fire("gd:step", { step: next });
    }

    draw() {
      for (const line of this.lines) line.draw(this.step);
      // Nobody listens to 57 lines while the slider moves.
      clearTimeout(this.labels);
      this.labels = setTimeout(() => this.lines.forEach((line) => line.label()), 150);
    }

    select(line, fly) {
      if (this.selected) this.selected.mark(false);
      this.selected = line || null;
      if (line) line.mark(true);
      this.map.fire("gd:select", { line: this.selected });
      if (line && !fly && line.anchors.length) this.uncover(line.anchors[0].place);
    }

    /* Keep the place in sight beside the panel, or above it on a phone. */
    uncover(place) {
      const size = this.map.getSize();
      const panel = this.map.getContainer().querySelector(".gd-panel:not([hidden])");
      const wide = size.x >= 640;
      const low = panel ? size.y - panel.offsetTop : 130;
      this.map.panInside(place, {
        paddingTopLeft: [20, wide ? 40 : 120],
        paddingBottomRight: wide ? [390, 130] : [20, low + 30],
      });
    }

    toggle(group, value, on) {
      const key = group + "\n" + value;
      if (on) this.hidden.delete(key);
      else this.hidden.add(key);
      for (const line of this.lines) line.show(this.visible(line));
    }

    visible(line) {
      return !Object.entries(line.data.groups).some(([g, v]) => this.hidden.has(g + "\n" + v));
    }

    bounds() {
      const bounds = L.latLngBounds([]);
      for (const line of this.lines) {
        if (line.data.frame !== false) line.parts.forEach((part) => bounds.extend(part));
      }
      return bounds;
    }

    events(step) {
      return this.data.events.filter((event) => event.step === step);
    }
  }

  /* Lanes draw together far out. */
  const room = (map) => (map && map.getZoom() < FAR ? 0.55 : 1);

  /* A polyline drawn some pixels to the right of its own direction. */
  const Lane = L.Polyline.extend({
    _simplifyPoints: function () {
      L.Polyline.prototype._simplifyPoints.call(this);
      const offset = this.options.offset * room(this._map);
      if (offset) this._parts = this._parts.map((part) => shifted(part, offset));
    },
  });

  function shifted(points, offset) {
    const normals = [];
    for (let i = 1; i < points.length; i += 1) {
      const step = points[i].subtract(points[i - 1]);
      const size = Math.hypot(step.x, step.y) || 1;
      normals.push([-step.y / size, step.x / size]);
    }
    return points.map((point, i) => {
      const a = normals[Math.max(0, i - 1)] || [0, 0];
      const b = normals[Math.min(normals.length - 1, i)] || [0, 0];
      const [x, y] = [a[0] + b[0], a[1] + b[1]];
      const stretch = (2 * offset) / Math.max(x * x + y * y, 1.4); // no long spikes at sharp bends
      return L.point(point.x + x * stretch, point.y + y * stretch);
    });
  }

  class Line {
    constructor(model, data, index) {
      this.model = model;
      this.data = data;
      this.index = index;
      this.id = data.id;
      this.name = data.name;
      this.parts = data.parts.map((part) => G.points(part, model.data.geometry_scale));
      const spots = anchors(this.parts);
      this.anchors = spots.arrows;
      this.spots = spots;
      this.offset = (data.lane || 0) * LANE;
      this.shown = false;
    }

    /* Everything known of one step; null where nothing is known. */
    at(step) {
      const data = this.model.data;
      const get = (name) => {
        const raw = G.cell(this.data.series[name], step);
        return raw === null ? null : raw / data.series[name].scale;
      };
      const state = G.cell(this.data.state, step);
      return {
        value: get("value"),
        limit: get("limit"),
        share: get("share"),
        get: get,
        state: data.states[state === null ? data.states.length - 1 : state],
        grade: data.grades[G.cell(this.data.grade, step)] || null,
        gradeOf: (name) => data.grades[G.cell((this.data.grades || {})[name], step)] || null,
        refs: data.sets[G.cell(this.data.refs, step)] || [],
      };
    }

    build(panes) {
      const options = (pane, extra) => ({
        renderer: panes[pane],
        pane: pane,
        interactive: false,
        smoothFactor: 0.8,
        offset: this.offset,
        ...extra,
      });
      this.casing = new Lane(this.parts, options("gd-casing", { className: "gd-casing" }));
      this.core = new Lane(this.parts, options("gd-core", { className: "gd-core" }));
      this.hit = new Lane(
        this.parts,
        options("gd-hit", { className: "gd-hit", interactive: true, weight: 16, bubblingMouseEvents: false })
      );
      this.hit.on("click", () => this.model.select(this));
      this.hit.bindTooltip(() => this.tip(), { sticky: true, className: "gd-tip", opacity: 1 });
      this.hit.on("add", () => this.name_hit());
      this.arrows = this.anchors.map((anchor) => marker(anchor, "gd-arrow", arrowShape()));
      this.badge = this.spots.badge && marker(this.spots.badge, "gd-over", G.el("span", {}));
      this.ring = this.spots.ring && marker(this.spots.ring, "gd-event", G.el("span", {}));
      this.group = L.layerGroup([this.casing, this.core, this.hit]);
    }

    name_hit() {
      const path = this.hit.getElement();
      path.setAttribute("tabindex", "0");
      path.setAttribute("role", "button");
      path.setAttribute("data-id", this.id);
      path.setAttribute("aria-label", this.say(this.model.step));
      if (path.dataset.keys) return;
      path.dataset.keys = "1";
      path.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        this.model.select(this);
      });
    }

    show(on) {
      if (on === this.shown) return;
      this.shown = on;
      const map = this.model.map;
      if (on) map.addLayer(this.group);
      else map.removeLayer(this.group);
      this.draw(this.model.step);
    }

    draw(step) {
      const now = this.at(step);
      const look = this.look(now);
      const key = [this.shown, now.state.key, JSON.stringify(look)].join();
      if (key !== this.drawn) this.drawPaths(now, look);
      this.drawn = key;
      this.drawMarks(now, look);
    }

    drawPaths(now, look) {
      for (const [layer, style] of [[this.casing, look.casing], [this.core, look.core]]) {
        layer.setStyle({ weight: style.weight, dashArray: style.dash || null, lineCap: style.cap });
        const path = this.shown && layer.getElement();
        if (path) {
          path.setAttribute("class", style.className + " gd-s-" + now.state.key);
          path.setAttribute("data-id", this.id);
          path.setAttribute("data-look", look.name);
        }
      }
    }

    label() {
      const path = this.shown && this.hit.getElement();
      if (path) path.setAttribute("aria-label", this.say(this.model.step));
    }

    /* Flow known: width by flow. Zero or idle: a hollow tube. Unknown: hatched. Not yet there:
       faint dots. Planned: the dash of the project in the colour of its state. */
    look(now) {
      const data = this.model.data;
      const px = (value) => Math.abs(value) * data.scale.px * data.scale.factor;
      const dash = data.dashes[this.data.dash];
      const tube = now.limit === null ? 0 : px(now.limit);
      const shade = data.light.includes(now.grade) ? " gd-light" : "";
      const style = (className, weight, pattern, cap) => ({
        className: className, weight: round(weight), dash: pattern, cap: cap || "butt",
      });
      if (now.state.style === "faint" && !now.value) {
        return {
          name: "absent",
          weight: 1,
          casing: style("gd-casing gd-faint", 1, "", "butt"),
          core: style("gd-core gd-faint", 1, "0.1 4", "round"),
        };
      }
      if (now.value !== null && now.value !== 0) {
        const weight = Math.max(LEAST, px(now.value));
        return {
          name: "flow",
          weight: weight,
          casing: style("gd-casing", Math.max(tube, weight + 1.5), "", "round"),
          core: style("gd-core" + shade, weight, dash.dash, dash.dash ? "butt" : "round"),
        };
      }
      if (now.value === 0 || now.state.style === "hollow") {
        const weight = Math.max(tube, 4);
        return {
          name: "zero",
          weight: weight,
          casing: style("gd-casing gd-tube", weight, "", "butt"),
          core: style("gd-core gd-hollow", weight - 2, "", "butt"),
        };
      }
      if (now.state.style === "solid") {
        return {
          name: "project",
          weight: THIN,
          casing: style("gd-casing", Math.max(tube, 5), "", "round"),
          core: style("gd-core", THIN + 0.4, dash.dash, dash.cap),
        };
      }
      return {
        name: "unknown",
        weight: THIN,
        casing: style("gd-casing gd-ticks-across", Math.max(tube, 5), HATCH, "butt"),
        core: style("gd-core gd-dots", 1.2, "", "butt"),
      };
    }

    drawMarks(now, look) {
      const flowing = this.shown && look.name === "flow";
      const size = 13 + Math.min(9, look.weight * 0.7);
      this.arrows.forEach((arrow, i) => {
        place(this.model.map, arrow, flowing);
        if (!flowing) return;
        const turn = this.anchors[i].angle + (now.value < 0 ? 180 : 0);
        const aside = this.aside(this.anchors[i]);
        const shape = arrow.options.icon.options.html;
        shape.style.transform = `translate(-50%, -50%) ${aside} rotate(${round(turn)}deg)`;
        shape.style.width = shape.style.height = size + "px";
        shape.dataset.direction = now.value < 0 ? "back" : "forth";
        shape.dataset.id = this.id;
        shape.setAttribute(
          "class",
          "gd-s-" + now.state.key + (this.model.data.light.includes(now.grade) ? " gd-open" : "")
        );
      });
      if (this.badge) {
        const over = flowing && now.share !== null && now.share > 1;
        place(this.model.map, this.badge, over);
        const text = this.badge.options.icon.options.html;
        text.style.transform = `translate(-50%, -190%) ${this.aside(this.spots.badge)}`;
        text.textContent = over ? G.number(now.share * 100, 0) + " %" : "";
        text.dataset.id = this.id;
      }
      if (this.ring) {
        const events = this.model.events(this.model.step);
        const on = this.shown && !this.model.quiet && events.some((e) => e.lines.includes(this.index));
        this.ring.options.icon.options.html.style.transform =
          `translate(-50%, -50%) ${this.aside(this.spots.ring)} rotate(45deg)`;
        place(this.model.map, this.ring, on);
      }
    }

    /* Marks keep to the lane of their line. */
    aside(anchor) {
      const angle = (anchor.angle * Math.PI) / 180;
      const offset = this.offset * room(this.model.map);
      const [x, y] = [-Math.sin(angle) * offset, Math.cos(angle) * offset];
      return `translate(${round(x)}px, ${round(y)}px)`;
    }

    /* "Name: 9.7 bcm in 2026 Q1, flowing", for tooltips and screen readers. */
    say(step) {
      const now = this.at(step);
      const data = this.model.data;
      const value = now.value === null
        ? "flow not known"
        : `${G.number(now.value, 2)} ${data.series.value.unit}`;
      return `${this.name}: ${value}, ${data.steps[step].label}, ${now.state.label.toLowerCase()}`;
    }

    tip() {
      const now = this.at(this.model.step);
      const data = this.model.data;
      const value = now.value === null
        ? "Flow not known"
        : `${G.number(now.value, 2)} ${data.series.value.unit} (${data.basis})`;
      const share = now.share === null ? "" : ` · ${G.number(now.share * 100, 0)} % of capacity`;
      return G.el("div", {}, [
        G.el("strong", {}, this.name),
        G.el("div", {}, value + share),
        G.el("div", { class: "gd-soft" }, `${data.steps[this.model.step].label} · ${now.state.label}`),
      ]);
    }

    mark(on) {
      for (const layer of [this.casing, this.core]) {
        const path = layer.getElement();
        if (path) path.parentNode.classList.toggle("gd-has-choice", on);
      }
      if (this.halo) this.halo.remove();
      if (!on || !this.parts.length) return;
      this.halo = new Lane(this.parts, {
        offset: this.offset,
        renderer: this.casing.options.renderer,
        pane: "gd-casing",
        className: "gd-halo",
        interactive: false,
        weight: this.casing.options.weight + 8,
      }).addTo(this.model.map);
      this.halo.bringToBack();
    }
  }

  const round = (value) => Math.round(value * 100) / 100;

  /* Marks are made when first needed and hidden after, which is cheaper than removing them. */
  function place(map, layer, on) {
    if (on && !map.hasLayer(layer)) map.addLayer(layer);
    layer.options.icon.options.html.style.display = on ? "" : "none";
  }

  function marker(anchor, className, html) {
    const icon = L.divIcon({ className: className, iconSize: [0, 0], html: html });
    const options = { icon: icon, interactive: false, keyboard: false, pane: "gd-arrow" };
    return L.marker(anchor.place, options);
  }

  function arrowShape() {
    return G.svg("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" }, [
      G.svg("path", { d: "M-4.2 -4.2 L4.8 0 L-4.2 4.2 L-2 0 Z" }),
    ]);
  }

  /* Places along the longest part, one to three for arrows, one for each mark, with the bearing of the line there, on the map
     plane, so that they hold at every zoom. */
  function anchors(parts) {
    if (!parts.length) return { arrows: [], badge: null, ring: null };
    const plane = parts.map((part) => part.map((p) => L.CRS.EPSG3857.project(L.latLng(p))));
    const runs = plane.map(lengths);
    let best = 0;
    runs.forEach((run, i) => {
      if (run[run.length - 1] > runs[best][runs[best].length - 1]) best = i;
    });
    const total = runs[best][runs[best].length - 1];
    const count = total > 4.5e6 ? 3 : total > 2e6 ? 2 : 1;
    const at = (share) => anchor(plane[best], runs[best], total * share, total * 0.02);
    const arrows = [];
    for (let k = 0; k < count; k += 1) arrows.push(at((k + 0.5) / count));
    return { arrows: arrows, badge: at(0.62), ring: at(0.36) };
  }

  function lengths(points) {
    const run = [0];
    for (let i = 1; i < points.length; i += 1) {
      run.push(run[i - 1] + points[i].distanceTo(points[i - 1]));
    }
    return run;
  }

  function along(points, run, distance) {
    let i = 1;
    while (i < run.length - 1 && run[i] < distance) i += 1;
    const share = run[i] > run[i - 1] ? (distance - run[i - 1]) / (run[i] - run[i - 1]) : 0;
    const t = Math.max(0, Math.min(1, share));
    return L.point(
      points[i - 1].x + t * (points[i].x - points[i - 1].x),
      points[i - 1].y + t * (points[i].y - points[i - 1].y)
    );
  }

  function anchor(points, run, distance, span) {
    const before = along(points, run, distance - span);
    const after = along(points, run, distance + span);
    const angle = (Math.atan2(before.y - after.y, after.x - before.x) * 180) / Math.PI;
    return { place: L.CRS.EPSG3857.unproject(along(points, run, distance)), angle: angle };
  }

  function panes(map) {
    const made = {};
    const names = ["gd-casing", "gd-core", "gd-hit", "gd-arrow"];
    names.forEach((name, i) => {
      map.createPane(name).style.zIndex = 410 + 10 * i;
      made[name] = L.svg({ pane: name, padding: 0.5 });
    });
    map.getPane("gd-arrow").style.pointerEvents = "none";
    return made;
  }

  function fit(model) {
    const map = model.map;
    const bounds = model.bounds();
    if (!bounds.isValid()) return;
    const wide = map.getSize().x >= 640;
    const part = (name) => map.getContainer().querySelector(name);
    const bar = part(".gd-time");
    const below = (bar ? bar.offsetHeight : 0) + 14;
    const legend = part(".gd-legend[open]");
    const left = legend && wide ? legend.offsetWidth + 26 : wide ? 24 : 6;
    map.fitBounds(bounds, {
      paddingTopLeft: [left, wide ? 24 : 60],
      paddingBottomRight: [wide ? 24 : 6, below],
      animate: false,
    });
  }

  /* "#2026Q1/some-line" in the address says what is shown; a frame in a notebook has no address. */
  function permalink(model) {
    if (!/^(file|https?):$/.test(location.protocol)) return;
    const wanted = decodeURIComponent(location.hash.slice(1)).split("/");
    const step = model.data.steps.findIndex((item) => item.id === wanted[0]);
    if (step >= 0) model.step = step;
    const write = () => {
      const parts = [model.data.steps[model.step].id, model.selected && model.selected.id];
      history.replaceState(null, "", "#" + parts.filter(Boolean).map(encodeURIComponent).join("/"));
    };
    model.map.on("gd:step", write);
    model.map.on("gd:select", write);
    model.map.once("gd:ready", () => {
      const line = model.byId.get(wanted[1]);
      if (line) model.select(line);
    });
  }

  /* Far out there is room for little more than the lines. */
  function distance(map) {
    const far = () => map.getContainer().classList.toggle("gd-far", map.getZoom() < FAR);
    map.on("zoomend", () => {
      far();
      map.geodraw.draw();
    });
    far();
  }

  G.flow = function (map, data) {
    map.getContainer().classList.add("gd-map");
    const made = new Model(map, data);
    map.geodraw = made;
    map.getContainer().geodraw = made;
    map.getContainer().setAttribute("role", "main");
    map.getContainer().setAttribute("aria-label", document.title || "Map");
    permalink(made);
    const layers = panes(map);
    for (const line of made.lines) {
      line.build(layers);
      line.show(made.visible(line));
    }
    for (const text of data.attribution) {
      if (map.attributionControl) map.attributionControl.addAttribution(G.escape(text));
    }
    map.on("click", () => made.select(null));
    L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
    fit(made);
    let settled = map.getSize().x > 0;
    map.on("resize", () => {
      if (!settled && map.getSize().x > 0) {
        settled = true;
        fit(made);
      }
    });
    map.on("gd:ready", () => fit(made));
    distance(map);
  };
})();

// @ts-check
/* Lines whose geometry is held once and whose width, colour, dash and arrows follow a matrix
   (line x step). Knows widths, states and texts; what they mean is said by the data and by model.js. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const LEAST = 1.2; // px, so that the smallest flow can still be seen
  const FAR = 3.2; // zoom
  const LANE = 8; // px between lines of one corridor
  const THIN = 1.6; // px, projects
  const DOTS = 1.2; // px, lines whose flow is not known
  const UNKNOWN = "0.1 3.2"; // their dots
  const TUBE = 3; // px, lines that stand idle
  const PART = "7 2"; // flows known of a part of the period
  const APART = 120; // px between the arrows of a line
  const MOST = 40; // arrows a line
  const ARROW = 12; // px of an arrow before it is scaled
  const STRIPES = "2.5 1.5"; // projected flows
  const striped = (weight) => (weight < 4 ? STRIPES : "14 3"); // short slices of a wide line in bends look torn

  /* Lanes draw together far out. */
  const room = (map) => (map && map.getZoom() < FAR ? 0.55 : 1);

  /* A polyline drawn some pixels to the right of its own direction. One that follows another on the
     same points takes its projected, clipped and thinned points; Leaflet would make them anew. */
  const Course = G.planed(L.Polyline);
  const Lane = Course.extend({
    _project: function () {
      const first = this.options.follows;
      if (!first) return Course.prototype._project.call(this);
      this._rings = first._rings;
      this._rawPxBounds = first._rawPxBounds;
      return this._updateBounds();
    },
    _update: function () {
      const first = this.options.follows;
      if (!first) return Course.prototype._update.call(this);
      if (!this._map) return undefined;
      this._parts = first._parts;
      return this._renderer._setPath(this, first._path.getAttribute("d"));
    },
    _simplifyPoints: function () {
      Course.prototype._simplifyPoints.call(this);
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

  class Line extends G.Figures {
    constructor(model, data, index) {
      super(model, data, index);
      this.parts = data.parts.map((part) => G.points(part, model.data.geometry_scale));
      this.plane = this.parts.map((part) => G.flat(model.map.options.crs, part));
      this.runs = this.plane.map(lengths);
      this.spots = this.marks();
      this.anchors = [];
      this.offset = (data.lane || 0) * LANE;
      this.shown = false;
    }

    /* The name in the language of the page, else the first one. */
    get name() {
      const own = this.data.names.find(([language]) => language === G.language());
      return own ? own[1] : this.data.name;
    }

    get names() {
      return [["en", this.data.name], ...this.data.names].filter(([, name]) => name !== this.name);
    }

    build(panes) {
      const options = (pane, extra) => ({
        renderer: panes[pane],
        pane: pane,
        interactive: false,
        smoothFactor: 0.8,
        offset: this.offset,
        places: () => this.parts,
        ...extra,
      });
      const rings = (map) => this.plane.map((part) => G.pixels(map, part));
      this.casing = new Lane(rings, options("gd-casing", { className: "gd-casing" }));
      const follows = this.casing;
      this.core = new Lane(rings, options("gd-core", { className: "gd-core", follows }));
      this.hit = new Lane(rings, options("gd-hit", {
        className: "gd-hit", interactive: true, weight: 16, bubblingMouseEvents: false, follows,
      }));
      this.hit.on("click", () => this.model.select(this));
      this.hit.bindTooltip(() => this.tip(), { sticky: true, className: "gd-tip", opacity: 1 });
      this.hit.on("add", () => this.name_hit());
      const { map } = this.model;
      const span = () => G.el("span", {});
      this.space();
      this.badge = this.spots.badge && new Mark(map, this.spots.badge, "gd-over", span);
      this.dated = this.spots.badge && new Mark(map, this.spots.badge, "gd-dated", span);
      this.ring = this.spots.ring && new Mark(map, this.spots.ring, "gd-event", span);
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
      if (this.model.selected === this) this.mark(on);
      this.draw(this.model.step);
    }

    draw(step) {
      const now = this.now(step);
      for (const name of ["casing", "core"]) this.stroke(this[name], now.look[name], now);
      this.drawArrows(now);
      this.tags(now);
    }

    /* The figures of a step and how they are drawn. */
    now(step) {
      const now = this.at(step);
      // Beside another period the look says the change, which is none of the figures kept.
      const beside = this.model.compare && !this.model.swipes ? this.model.compare.text : "";
      if (!now.look || now.beside !== beside) Object.assign(now, { look: this.look(now), beside });
      return now;
    }

    /* Only what differs is written: most lines stay as they are from step to step. */
    stroke(layer, style, now) {
      Object.assign(layer.options, { weight: style.weight, dashArray: style.dash || null, lineCap: style.cap });
      const path = this.shown && layer.getElement();
      if (!path) return;
      const last = layer.drawn;
      // So stand most lines, and the page need not be asked.
      if (last && last.path === path && last.state === now.state && last.name === now.look.name && alike(last.style, style)) return;
      layer.drawn = { path, style, state: now.state, name: now.look.name };
      put(path, "stroke-width", style.weight);
      put(path, "stroke-dasharray", style.dash || null);
      put(path, "stroke-linecap", style.cap);
      put(path, "class", style.className + " gd-s-" + now.state.key);
      put(path, "data-id", this.id);
      put(path, "data-look", now.look.name);
    }

    label() {
      const path = this.shown && this.hit.getElement();
      if (path) path.setAttribute("aria-label", this.say(this.model.step));
    }

    /* Pixels of an amount of one period, as a yearly rate. */
    px(value, whole) {
      const { px, factor } = this.model.data.scale;
      return (Math.abs(value) * px * factor) / whole;
    }

    /* Pixels of a flow: the rate over the days that are known. */
    wide(now) {
      const all = now.length || now.days;
      return Math.max(LEAST, this.px(now.value, now.whole) * (all / now.days));
    }

    /* Flow known: width by flow as a rate, striped where projected, hatched where a part of the period
       is known. Zero or idle: a thin hollow line. Stale: grey, as wide as the newest figure, and
       thin dots where history has ended. Unknown:
       thin dots, grey, or in the colour of flow where gas is known to flow. Not yet there: faint dots.
       Planned: the dash of the project; where projected, as strong as the chance that gas flows. The
       casing is the capacity; its texture says how well the course is known. */
    look(now, alone) {
      const data = this.model.data;
      const dash = data.dashes[this.data.dash];
      const course = data.textures[this.data.texture || 0].dash;
      const tube = now.limit === null ? 0 : halves(this.px(now.limit, now.whole));
      const shade = data.light.includes(now.grade) ? " gd-light" : "";
      const style = (className, weight, pattern, cap) => ({
        className: className, weight: round(weight), dash: pattern, cap: cap || "butt",
      });
      const none = style("gd-casing gd-none", 1, "", "butt");
      const casing = (className, weight) => style(className, halves(weight), course, course ? "butt" : "round");
      const made = (name, weight, under, over) => ({ name, weight, casing: under, core: over });
      const other = this.model.compare && !alone && !this.model.swipes ? this.differs(now, style, none, made) : null;
      if (other) return other;
      if (now.state.style === "faint" && !now.value) return made("absent", 1, none, style("gd-core gd-faint", 1, "0.1 4", "round"));
      if (now.plain) {
        const weight = this.wide(now);
        return made("chance", weight, none, style(`gd-core gd-chance-${Math.ceil(now.chance * 5)}`, weight, dash.dash || STRIPES, "butt"));
      }
      if (now.value !== null && now.value !== 0) {
        const weight = this.wide(now);
        const part = this.model.part(now) ? PART : "";
        const pattern = now.ahead ? striped(weight) : dash.dash || part;
        return made(now.ahead ? "ahead" : "flow", weight, casing("gd-casing", Math.max(tube, weight + 1.5)),
          style("gd-core" + (now.ahead ? " gd-ahead" : shade), weight, pattern, pattern ? "butt" : "round"));
      }
      const waits = now.ahead && now.value === 0 && this.data.dash; // projected: not yet
      if ((now.value === 0 && !waits) || now.state.style === "hollow") {
        return made("zero", TUBE, style("gd-casing gd-tube", TUBE, course, "butt"), style("gd-core gd-hollow", TUBE - 1.6, "", "butt"));
      }
      if (now.stale && now.late) { // beyond history its date says nothing, and nobody projects it: quiet
        return made("stale", DOTS, none, style("gd-core gd-dots", DOTS, UNKNOWN, "round"));
      }
      if (now.stale) {
        const weight = Math.max(LEAST, this.px(now.newest.value, 1));
        return made("stale", weight, style("gd-casing gd-grey", weight + 2, "", "butt"), style("gd-core gd-grey", weight, "", "butt"));
      }
      if (now.state.style === "solid" && this.data.dash) return made("project", THIN, none, style("gd-core", THIN, dash.dash, dash.cap));
      const flowing = now.state.style === "solid";
      return made(flowing ? "unfigured" : "unknown", DOTS, none, style("gd-core" + (flowing ? "" : " gd-dots"), DOTS, UNKNOWN, "round"));
    }

    /* Beside another period or scenario: the change, as wide as it is large, in the colour of its sign. */
    differs(now, style, none, made) {
      const before = this.model.versus(this);
      if (before.value === null || now.value === null) return null;
      const rate = (figures) => ((figures.plain || figures).value * this.model.data.scale.factor * ((figures.length || figures.days) / figures.days)) / figures.whole;
      const change = rate(now) - rate(before);
      now.change = change;
      if (Math.abs(change) < 0.05) return made("same", DOTS, none, style("gd-core gd-same", DOTS, "", "butt"));
      const weight = Math.max(LEAST, Math.abs(change) * this.model.data.scale.px);
      return made("change", weight, none, style(`gd-core ${change > 0 ? "gd-more-gas" : "gd-less-gas"}`, weight, "", "round"));
    }

    /* The longest part. */
    get longest() {
      return this.runs.reduce((best, run, i) => (run[run.length - 1] > this.runs[best][this.runs[best].length - 1] ? i : best), 0);
    }

    /* A place along a part with the bearing of the line there, on the plane, so that it holds at every zoom. */
    spot(part, share) {
      const [points, run] = [this.plane[part], this.runs[part]];
      const total = run[run.length - 1];
      const found = anchor(points, run, total * share, total * 0.02);
      return { ...found, place: this.model.map.options.crs.projection.unproject(found.point) };
    }

    marks() {
      if (!this.parts.length) return { badge: null, ring: null };
      return { badge: this.spot(this.longest, 0.76), ring: this.spot(this.longest, 0.36) };
    }

    /* Arrows stand some 120 px apart at the zoom that is shown, at least one a line. */
    space() {
      const { map } = this.model;
      const { crs } = map.options;
      const px = (run) => run[run.length - 1] * crs.transformation._a * crs.scale(map.getZoom());
      const spots = this.runs.flatMap((run, part) => {
        const count = Math.min(MOST, Math.round(px(run) / APART));
        return Array.from({ length: part === this.longest ? Math.max(1, count) : count }, (all, k) => this.spot(part, (k + 0.5) / Math.max(1, count)));
      });
      for (const arrow of this.arrows || []) arrow.remove();
      this.anchors = spots;
      this.arrows = spots.map((spot) => new Mark(map, spot, "gd-arrow", arrowShape));
    }

    flows(now) {
      return this.shown && Boolean(now.value) && ["flow", "ahead", "change"].includes(now.look.name);
    }

    drawArrows(now) {
      const flowing = this.flows(now);
      const back = now.value < 0;
      const own = flowing ? this.arrowLook(now) : {};
      const look = flowing ? `${back} ${room(this.model.map)} ${own.size} ${own.className}` : "";
      if (this.arrowed === this.arrows && this.arrowedAs === look) return;
      [this.arrowed, this.arrowedAs] = [this.arrows, look];
      this.arrows.forEach((arrow, i) => {
        arrow.show(flowing);
        if (flowing) this.turn(arrow, this.arrow(this.anchors[i], now, own), back);
      });
    }

    /* Above capacity, the date of a stale figure, events. */
    tags(now) {
      const { look } = now;
      if (this.badge) {
        const over = this.flows(now) && now.share !== null && now.share > 1;
        this.tag(this.badge, over, over ? this.shareWords(now) : "");
        const old = this.shown && look.name === "stale" && !now.late;
        this.tag(this.dated, old, old ? this.model.data.steps[now.newest.step].id : "");
      }
      if (this.ring) {
        const model = this.model;
        const on = this.shown && !model.quiet && model.concerns(model.step, this.index);
        this.ring.show(on);
        if (on) this.ring.move(`translate(-50%, -50%) ${this.moved(this.spots.ring)} rotate(45deg)`);
      }
    }

    /* Place beside its anchor, bearing, size in px and look of an arrow. */
    arrow(anchor, now, look) {
      const [x, y] = this.aside(anchor);
      return { x, y, angle: round(anchor.angle + (now.value < 0 ? 180 : 0)), ...look };
    }

    arrowLook(now) {
      const { model } = this;
      const light = model.data.light.includes(now.grade) || now.ahead;
      const size = 13 + 3 * Math.round(Math.min(9, now.look.weight * 0.7) / 3); // few sizes: one of its own a flow is styled anew each step
      return {
        size: Math.round(room(model.map) < 1 ? 0.75 * size : size),
        className: "gd-s-" + now.state.key + (light ? " gd-open" : ""),
      };
    }

    /* Its size is part of the transform: other width and height would be laid out. */
    turn(arrow, { x, y, angle, size, className }, back) {
      arrow.move(`translate(-50%, -50%) translate(${x}px, ${y}px) rotate(${angle}deg) scale(${round(size / ARROW)})`);
      put(arrow.node, "data-direction", back ? "back" : "forth");
      put(arrow.node, "data-id", this.id);
      put(arrow.node, "class", className);
    }

    /* "103 % of the contract of the year": of which kind of capacity. */
    shareWords(now) {
      const kind = this.model.kindWords(now);
      return G.t(kind ? "{share} % of the {kind}" : "{share} % of capacity", { share: G.number(now.share * 100, 0), kind });
    }

    /* A short text beside the line. */
    tag(mark, on, text) {
      mark.show(on);
      if (!on) return;
      mark.move(`translate(-50%, -190%) ${this.moved(this.spots.badge)}`);
      mark.node.textContent = text;
      put(mark.node, "data-id", this.id);
    }

    /* Marks keep to the lane of their line: [x, y] in px. */
    aside(anchor) {
      const angle = (anchor.angle * Math.PI) / 180;
      const offset = this.offset * room(this.model.map);
      return [round(-Math.sin(angle) * offset), round(Math.cos(angle) * offset)];
    }

    moved(anchor) {
      const [x, y] = this.aside(anchor);
      return `translate(${x}px, ${y}px)`;
    }

    /* "Name: 9.7 bcm, 2026 Q1 (Jan–Mar), flowing", for screen readers. */
    say(step) {
      const now = this.at(step);
      const value = now.value === null ? G.t("flow not known") : this.model.written(this, "value", now);
      const told = now.value === null ? [] : this.model.qualifiers(this, "value", now).filter(([kind]) => kind !== "age");
      const about = [G.words(this.model.steps[step].label), G.t(now.state.label).toLowerCase(), ...told.map(([, text]) => text)];
      return `${this.name}: ${[value, ...about].join(", ")}`;
    }

    tip() {
      const model = this.model;
      const now = this.at(model.step);
      const step = model.steps[model.step];
      const value = now.value === null
        ? G.t("Flow not known")
        : `${model.written(this, "value", now)} (${G.t(model.unit.note)})`;
      const share = now.share === null ? "" : ` · ${this.shareWords(now)}`;
      return G.el("div", {}, [
        G.el("strong", { dir: "auto" }, this.name),
        G.el("div", { "data-number": "value" }, value + share),
        now.value === null ? null : G.said(model.qualifiers(this, "value", now)),
        this.chanceWords(now) ? G.el("div", {}, this.chanceWords(now)) : null,
        now.newest ? G.el("div", { class: "gd-soft" }, this.sayNewest(now)) : null,
        G.el("div", { class: "gd-soft" }, `${G.words(step.label)} · ${G.t(now.state.label)}`),
      ]);
    }

    /* "21 % that gas flows in 2035; 38 bcm/yr if it does" */
    chanceWords(now) {
      if (now.chance === null || now.chance === undefined || !this.data.dash) return "";
      const values = { ...this.model.chanceWord(now), period: this.model.steps[this.model.step].id };
      const built = now.plain ? "; " + G.t("{volume} if it does", { volume: this.model.rateWords(this, now) }) : "";
      return G.t("{share} % chance that gas flows in {period}", values) + built;
    }

    sayNewest(now) {
      const { step, value } = now.newest;
      const days = { days: this.model.data.days[step] };
      return G.t("newest figure: {value} in {period}", {
        value: this.model.written(this, "value", days, value), period: this.model.data.steps[step].id,
      });
    }

    mark(on) {
      if (this.halo) this.halo.remove();
      this.halo = null;
      if (!on || !this.shown || !this.parts.length) return;
      this.halo = new Lane((map) => this.plane.map((part) => G.pixels(map, part)), {
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

  const alike = (one, other) => one.weight === other.weight && one.className === other.className && one.dash === other.dash && one.cap === other.cap;

  const round = (value) => Math.round(value * 100) / 100;

  /* A capacity a quarter follows its days by 2 %; a casing that follows too is painted anew each step. */
  const halves = (value) => Math.round(value * 2) / 2;

  /* Write an attribute if it differs; null takes it away. */
  function put(node, name, value) {
    const text = value === null ? null : String(value);
    if (node.getAttribute(name) === text) return;
    if (text === null) node.removeAttribute(name);
    else node.setAttribute(name, text);
  }

  /* A sign beside a line: made when first needed and hidden after, which is cheaper than removing. */
  class Mark {
    constructor(map, anchor, className, make) {
      this.map = map;
      this.anchor = anchor;
      this.className = className;
      this.make = make;
      this.on = false;
      this.node = null;
    }

    show(on) {
      if (on === this.on) return;
      this.on = on;
      if (!this.node) this.add();
      this.node.style.display = on ? "" : "none";
    }

    add() {
      this.node = this.make();
      const icon = L.divIcon({ className: this.className, iconSize: [0, 0], html: this.node });
      const options = { icon: icon, interactive: false, keyboard: false, pane: this.className === "gd-arrow" ? "gd-arrow" : "gd-mark" };
      this.marker = L.marker(this.anchor.place, options).addTo(this.map);
    }

    remove() {
      if (this.marker) this.marker.remove();
    }

    move(transform) {
      if (transform === this.moved) return;
      this.moved = transform;
      this.node.style.transform = transform;
    }
  }

  function arrowShape() {
    return G.svg("svg", { viewBox: "-6 -6 12 12", width: ARROW, height: ARROW, "aria-hidden": "true" }, [
      G.svg("path", { d: G.ARROW }),
    ]);
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
    return { point: along(points, run, distance), angle: angle };
  }

  function panes(map) {
    const made = {};
    const names = ["gd-casing", "gd-core", "gd-hit"];
    for (const name of names) made[name] = L.svg({ pane: name, padding: 0.5 });
    [...names, "gd-arrow", "gd-mark"].forEach((name, i) => (map.createPane(name).style.zIndex = 410 + 10 * i));
    for (const name of ["gd-arrow", "gd-mark"]) map.getPane(name).style.pointerEvents = "none";
    return made;
  }

  function fit(model) {
    model.frame(model.lines.filter((line) => line.data.frame !== false));
  }

  /* Far out there is room for little more than the lines, and lanes draw together. */
  function distance(map) {
    let far = null;
    const look = () => {
      const now = map.getZoom() < FAR;
      if (now === far) return;
      map.getContainer().classList.toggle("gd-far", now);
      if (far !== null) map.geodraw.draw();
      far = now;
    };
    map.on("zoomend", () => {
      look();
      for (const line of map.geodraw.lines) {
        line.space();
        line.drawArrows(line.now(map.geodraw.step));
      }
    });
    look();
  }

  /* Lines enter the map once the view is settled, so that they are laid out once. */
  function begin(model, layers) {
    if (model.begun) return;
    model.begun = true;
    fit(model);
    for (const line of model.lines) {
      line.build(layers);
      line.show(model.visible(line));
    }
    distance(model.map);
  }

  /* On paper the map has another place: the padding above the text, below the title. What a reader has
     chosen to see is kept, else all lines fill it; the view on the screen comes back after. */
  function printing(model) {
    const { map } = model;
    let before = null;
    let plane = null; // what is to be seen, at zoom 0
    const lay = () => {
      const box = map.getContainer();
      map.invalidateSize({ pan: false });
      const head = box.querySelector(".gd-title");
      const top = head ? head.getBoundingClientRect().bottom - box.getBoundingClientRect().top + 8 : 0;
      const place = L.point(box.clientWidth, parseFloat(getComputedStyle(box).paddingTop) - top);
      if (place.x < 60 || place.y < 60) return;
      const span = plane.getSize();
      const raw = Math.log2(Math.min((place.x - 40) / span.x, (place.y - 80) / span.y));
      const zoom = Math.max(map.getMinZoom() - 1, Math.min(map.getMaxZoom(), Math.floor(raw * 4) / 4));
      const shift = map.getSize().divideBy(2).subtract(L.point(place.x / 2, top + (place.y - 44) / 2));
      const middle = plane.getCenter().multiplyBy(Math.pow(2, zoom)).add(shift);
      map.setView(map.unproject(middle, zoom), zoom, { animate: false, reset: true });
      model.names.place(); // a sheet does not wait
    };
    matchMedia("print").addEventListener("change", (event) => {
      if (event.matches) {
        const scale = Math.pow(2, map.getZoom());
        const seen = map.getPixelBounds();
        before = { center: map.getCenter(), zoom: map.getZoom(), least: map.getMinZoom() };
        const lines = model.selected && model.selected.parts.length ? [model.selected] : model.lines.filter((line) => line.data.frame !== false);
        const points = model.onPlane(lines);
        plane = model.moved || !points.length ? L.bounds(seen.min.divideBy(scale), seen.max.divideBy(scale)) : L.bounds(points);
        map.options.minZoom = before.least - 1;
        lay();
        map.on("resize", lay);
      } else if (before) {
        map.off("resize", lay);
        map.options.minZoom = before.least;
        map.invalidateSize({ pan: false });
        map.setView(before.center, before.zoom, { animate: false, reset: true });
      }
    });
  }

  /* The first stop of the Tab key leads past the lines. */
  function skip(map) {
    const find = (name) => map.getContainer().querySelector(name);
    const to = () => (find(".gd-range") || find(".gd-search input") || map.getContainer()).focus();
    const node = G.el("button", { type: "button", class: "gd-skip", t: "Skip the lines: to the time slider", on: { click: to } });
    map.getContainer().prepend(G.still(node));
  }

  G.flow = function (map, data) {
    const container = map.getContainer();
    container.classList.add("gd-map");
    const made = new G.Model(map, G.unshare(data));
    made.lines = data.lines.map((line, index) => new Line(made, line, index));
    made.byId = new Map(made.lines.map((line) => [line.id, line]));
    map.geodraw = made;
    container.geodraw = made;
    container.setAttribute("role", "main");
    container.setAttribute("aria-label", document.title || "Map");
    const layers = panes(map);
    made.brush = new G.Brush(made);
    made.names = new G.Names(made);
    made.swiper = G.Swipe && new G.Swipe(made);
    made.shortName = (line) => made.names.short(line);
    map.on("gd:ready", () => begin(made, layers));
    Promise.resolve().then(() => begin(made, layers)); // where no slider says that all is ready
    G.permalink(made);
    G.bridge(made);
    for (const text of data.attribution) {
      if (map.attributionControl) map.attributionControl.addAttribution(G.el("span", { t: text }).outerHTML);
    }
    // Leaflet writes all of them anew from their texts, the first of which is older than the language.
    if (map.attributionControl && G.language() !== "en") G.speak(G.language(), map.attributionControl.getContainer());
    skip(map);
    printing(made);
    map.on("click", () => made.select(null));
    L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
    let settled = map.getSize().x > 0;
    map.on("resize", () => {
      if (!settled && map.getSize().x > 0) {
        settled = true;
        fit(made);
      }
    });
  };
})();

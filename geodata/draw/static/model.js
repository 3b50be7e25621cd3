// @ts-check
/* What is shown: step, calendar, scenario, unit, filters, choice. Adds steps up to the periods of a
   calendar and turns history into projection; draws nothing. */
(function () {
  "use strict";
  const G = window.GeoDraw;

  /* Rows and notes that repeat are stored once, see geodata/draw/sharing.py: put them where they belong. */
  G.unshare = function (data) {
    const each = (part) => (typeof part === "number" ? data.rows[part] : part === null ? null
      : Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, each(inner)])));
    data.rows = data.rows.map((text) => new Course(text));
    const told = data.told.map(each);
    for (const line of data.lines) if (line.ahead) line.ahead = line.ahead.map((number) => told[number]);
    for (const record of data.records) if (record.note !== undefined) record.note = data.notes[record.note];
    for (const sheet of (data.odds || { sheets: [] }).sheets) if (sheet.counts) lazy(sheet, "counts", (texts) => texts.map(unpacked));
    return data;
  };

  /* What a page is opened without is read when it is first asked for. */
  function lazy(object, key, make) {
    const packed = object[key];
    let made;
    Object.defineProperty(object, key, { enumerable: true, get: () => made || (made = make(packed)) });
  }

  /* Whole numbers out of a text: printable signs are digits, those of the second half go on. */
  function reader(text) {
    let at = 0;
    const next = () => {
      for (let value = 0, scale = 1; ; scale *= 45) {
        const code = text.charCodeAt(at++);
        const digit = code - 33 - (code > 34 ? 1 : 0) - (code > 60 ? 1 : 0) - (code > 92 ? 1 : 0);
        value += (digit % 45) * scale;
        if (digit < 45) return value;
      }
    };
    return { next, more: () => at < text.length };
  }

  /* Begin, length and values of each row, one after another. */
  function unpacked(text) {
    const { next, more } = reader(text);
    const rows = [];
    while (more()) {
      const [o, length] = [next(), next()];
      rows.push(length ? { o, v: Array.from({ length }, next) } : null);
    }
    return rows;
  }

  /* Begin and the steps of one row: odd ones up, even ones down, 0 where there is no value. */
  function course(text) {
    const { next, more } = reader(text);
    const row = { o: next(), v: [] };
    for (let at = 0; more();) {
      const step = next();
      at += step % 2 ? (step - 1) / 2 : -step / 2;
      row.v.push(step ? at : null);
    }
    return row;
  }

  /* A row {o, v}, read out of its text when it is first looked at: most belong to other scenarios. */
  class Course {
    constructor(text) {
      this.text = text;
      this.row = null;
    }

    get o() {
      return (this.row || (this.row = course(this.text))).o;
    }

    get v() {
      return (this.row || (this.row = course(this.text))).v;
    }
  }

  /* The figures of one line. `base` reads one step as stored, `at` one period of the calendar. */
  class Figures {
    constructor(model, data, index) {
      this.model = model;
      this.data = data;
      this.index = index;
      this.id = data.id;
      this.kept = new Map();
    }

    read(name, step) {
      const raw = G.cell(this.data.series[name], step);
      return raw === null ? null : raw / this.model.data.series[name].scale;
    }

    base(step, scenario) {
      const data = this.model.data;
      const now = { days: data.days[step], bounds: {}, ahead: 0, whole: 1, sets: {}, grades: {} };
      for (const name of Object.keys(data.series)) now[name] = this.read(name, step);
      const state = G.cell(this.data.state, step);
      now.place = state === null ? this.lasting(step) : state;
      now.grades.value = G.cell(this.data.grade, step);
      for (const [name, row] of Object.entries(this.data.grades || {})) now.grades[name] = G.cell(row, step);
      for (const [name, row] of Object.entries(this.data.refs || {})) {
        now.sets[name] = data.sets[G.cell(row, step)] || [];
      }
      now.kind = G.cell(this.data.kind, step) || 0;
      this.qualify(now, step);
      if (now.value === null) this.project(now, step, scenario);
      now.known = now.value === null ? 0 : 1;
      return now;
    }

    /* How many of the days the figure speaks of, which months these are, and how sure it is. */
    qualify(now, step) {
      const data = this.model.data;
      const told = G.cell(this.data.days, step);
      const part = told !== null && data.grades[now.grades.value] !== "balanced";
      now.length = now.days;
      now.reportedDays = told;
      if (part && now.value !== null) now.days = told;
      const span = G.cell(this.data.span, step);
      now.span = span === null ? "" : data.spans[span];
      const edges = (band) => ["low", "high"].map((key) => G.cell(band && band[key], step));
      const [flow, price] = [edges(this.data.band), edges(this.data.price_band)];
      if (!flow.includes(null) && now.value !== null) now.bounds.value = flow.map((edge) => now.value + edge / data.series.value.scale);
      if (!price.includes(null)) now.bounds.price = price.map((edge) => edge / data.series.price.scale);
      this.worth(now);
    }

    /* The interval of flow times price: their distances to an end, squared and added. */
    worth(now) {
      if (!now.bounds.value || !now.value || now.price === null || now.price === undefined || now.revenue === null || now.revenue === undefined) return;
      const away = (i) => Math.hypot((now.bounds.value[i] - now.value) * now.price,
        now.bounds.price ? (now.bounds.price[i] - now.price) * now.value : 0);
      const low = now.revenue - away(0);
      now.bounds.revenue = [now.bounds.value[0] < 0 ? low : Math.max(0, low), now.revenue + away(1)];
    }

    /* Where history has no figure, the middle of the projection and its edges. */
    project(now, step, scenario) {
      const told = this.data.ahead && this.data.ahead[scenario];
      const rows = told && told.base;
      const chance = rows && told.chance ? G.cell(told.chance, step) : null;
      now.chance = chance === null ? null : chance / 1000;
      if (!rows || G.cell(rows.value.mid, step) === null) return;
      this.take(now, rows, step);
      now.ahead = 1;
      now.share = now.limit ? now.value / now.limit : null;
      now.grades.value = null;
      now.place = this.after(now.value);
    }

    /* Middle and edges of each projected series. */
    take(now, rows, step) {
      for (const [name, row] of Object.entries(rows)) {
        const { scale } = this.model.data.series[name];
        const [mid, low, high] = ["mid", "low", "high"].map((key) => G.cell(row[key], step));
        if (mid === null) continue;
        now[name] = mid / scale;
        now.bounds[name] = low === null || high === null ? null : [low / scale, high / scale];
      }
    }

    /* The newest state. */
    get newestState() {
      const row = this.data.state;
      return row ? row.v[row.v.length - 1] : null;
    }

    /* After the last figure a project stays what it was; whether gas flows is not known. */
    lasting(step) {
      const data = this.model.data;
      const unknown = data.states.length - 1;
      const before = this.newestState;
      if (!data.projection || step < data.past || before === null) return unknown;
      return [data.projection.flowing, data.projection.idle].includes(before) ? unknown : before;
    }

    /* State of a projected step: gas flows, or the line stays what it last was. */
    after(value) {
      const { flowing, idle } = this.model.data.projection;
      const before = this.newestState;
      if (value) return flowing;
      const unknown = this.model.data.states.length - 1;
      return before === null || before === flowing || before === unknown ? idle : before;
    }

    at(step, scenario) {
      const model = this.model;
      const chosen = scenario === undefined ? model.scenario : scenario;
      if (!this.kept.has(model.calendar)) this.kept.set(model.calendar, new Map());
      const kept = this.kept.get(model.calendar);
      const key = step + (chosen || 0) * 1e5;
      if (!kept.has(key)) kept.set(key, this.make(step, chosen));
      return kept.get(key);
    }

    make(step, scenario) {
      const data = this.model.data;
      const [first, end] = this.model.parts(step);
      const parts = [];
      for (let i = first; i < end; i += 1) parts.push(this.base(i, scenario));
      const now = parts.length === 1 && !this.model.calendar.whole ? parts[0] : this.add(parts);
      if (now.ahead && this.model.calendar.whole) this.exact(now, step, scenario);
      if (now.ahead && now.chance !== null && this.data.dash) this.suppose(now, step, end - 1, scenario);
      now.state = data.states[now.place];
      now.grade = now.ahead ? "projection" : data.grades[now.grades.value] || null;
      now.refs = [...new Set(Object.values(now.sets).flat())];
      now.newest = now.value === null && now.place === data.states.length - 1 ? this.newest(first) : null;
      now.late = first >= data.past;
      now.stale = Boolean(now.newest) && now.newest.value !== 0 && first - now.newest.step > data.stale;
      return now;
    }

    /* Edges of a sum, as if its parts moved together. */
    bound(now, name, parts) {
      if (now[name] === null || !parts.some((part) => part.bounds[name])) return;
      const edge = (part, i) => (part.bounds[name] ? part.bounds[name][i] : part[name] || 0);
      now.bounds[name] = [0, 1].map((i) => parts.reduce((total, part) => total + edge(part, i), 0));
      now.loose = true;
    }

    /* Where the projection tells the years themselves, they need not be added up. */
    exact(now, step, scenario) {
      const rows = this.data.ahead[scenario][this.model.calendar.key];
      if (!rows || !rows.value || now.known < now.whole || G.cell(rows.value.mid, step) === null) return;
      this.take(now, rows, step);
      now.loose = false;
      now.share = now.limit && now.share !== null ? now.value / now.limit : null;
    }

    /* Of a line to come: what flows if gas flows. The median of a yes or no is 0, then all at once; it
       stays in `plain`, for sums and differences. A period that no row tells is as its last quarter. */
    suppose(now, step, last, scenario) {
      const told = this.data.ahead[scenario].built;
      const exact = told && (this.model.calendar.whole ? told[this.model.calendar.key] : told.base);
      const rows = exact || (told && told.base);
      const at = exact ? step : last;
      if (!rows || G.cell(rows.value.mid, at) === null) return;
      now.plain = { value: now.value, bounds: now.bounds };
      now.bounds = {};
      this.take(now, rows, at);
      if (!exact) this.times(now, Object.keys(rows), now.whole);
      now.loose = !exact;
      now.share = now.limit ? now.value / now.limit : null;
    }

    times(now, names, count) {
      for (const name of names) {
        now[name] *= count;
        if (now.bounds[name]) now.bounds[name] = now.bounds[name].map((edge) => edge * count);
      }
    }

    /* The newest figure before a step. */
    newest(step) {
      const row = this.data.series.value;
      for (let i = Math.min(step, row ? row.o + row.v.length : 0) - 1; row && i >= row.o; i -= 1) {
        if (G.cell(row, i) !== null) return { step: i, value: this.read("value", i) };
      }
      return null;
    }

    /* Sums and ratios of several steps by the rule of each series; a sum of some steps stays a sum
       of some, and says of how many. */
    add(parts) {
      const data = this.model.data;
      const known = parts.filter((part) => part.value !== null);
      const sum = (name, of) => (of.length ? of.reduce((total, part) => total + part[name], 0) : null);
      const now = { whole: this.model.calendar.whole, known: known.length, bounds: {}, sets: {}, grades: {} };
      now.ahead = known.filter((part) => part.ahead).length;
      const last = parts[parts.length - 1];
      now.chance = last.chance; // that gas flows by the end of the period
      for (const [name, { rule }] of Object.entries(data.series)) now[name] = RULES[rule || "sum"](parts, name, now, sum);
      for (const name of ["value", "revenue"]) this.bound(now, name, known);
      if (now.price !== null && parts.some((part) => part.bounds.price)) {
        const edge = (i) => parts.map((part) => ({ ...part, price: part.bounds.price ? part.bounds.price[i] : part.price }));
        now.bounds.price = [0, 1].map((i) => RULES.mean(edge(i), "price", now, (name, of) => of.reduce((total, part) => total + part[name], 0)));
      }
      const told = parts.filter((part) => part.reported !== null && part.reported !== undefined);
      now.reportedDays = told.reduce((total, part) => total + (part.reportedDays || part.length), 0) || null;
      now.kind = parts.reduce((kinds, part) => kinds | part.kind, 0);
      now.days = sum("days", known.length ? known : parts);
      now.length = sum("length", parts);
      now.spanned = sum("length", known.length ? known : parts);
      now.span = "";
      now.thin = known.some((part) => part.days < part.length);
      const states = parts.map((part) => part.place);
      now.place = states.includes(0) ? 0 : states[states.length - 1];
      for (const part of parts) {
        for (const [name, set] of Object.entries(part.sets)) now.sets[name] = [...new Set([...(now.sets[name] || []), ...set])];
        for (const [name, grade] of Object.entries(part.grades)) {
          if (grade !== null) now.grades[name] = Math.max(grade, now.grades[name] || 0);
        }
      }
      return now;
    }
  }

  /* How a series adds up; "carried" and "mean" count only the steps in which something moved. */
  const RULES = {
    sum: (parts, name, now, sum) => {
      const known = parts.filter((part) => part[name] !== null);
      // Beside projected flows the capacity of some quarters would look like that of all.
      return now.ahead && name !== "value" && known.length < parts.length ? null : sum(name, known);
    },
    share: (parts, name, now) =>
      (parts.length === now.whole && parts.every((part) => part[name] !== null) && now.limit
        ? now.value / now.limit : null),
    carried: (parts, name, now, sum) => {
      const moved = parts.filter((part) => part.value > 0);
      if (now.value === null || moved.some((part) => part[name] === null)) return null;
      return moved.length ? sum(name, moved) : 0;
    },
    mean: (parts, name, now, sum) => {
      const moved = parts.filter((part) => part.value > 0);
      if (!moved.length || moved.some((part) => part[name] === null)) return null;
      return moved.reduce((total, part) => total + part.value * part[name], 0) / sum("value", moved);
    },
  };

  class Model {
    constructor(map, data) {
      this.map = map;
      this.data = data;
      this.calendar = data.calendars[0];
      this.unit = data.units[0];
      this.step = data.start;
      this.moment = data.start;
      this.scenario = data.projection ? data.projection.start : null;
      this.compare = null;
      this.swipes = false;
      this.odds = new Map(); // question -> percent of each answer, where a reader has set them
      this.selected = null;
      this.hidden = new Set();
      this.filters = new Map();
      this.happened = new Map();
      this.lines = [];
      this.brush = null; // set by flow.js
      this.hurried = false;
    }

    get steps() {
      return this.calendar.steps || this.data.steps;
    }

    get last() {
      return this.steps.length - 1;
    }

    /* First stored step of a period and the one after its last. */
    parts(step) {
      return this.steps[step].of || [step, step + 1];
    }

    /* The period that holds a stored step. */
    place(base) {
      if (!this.calendar.whole) return base;
      return this.steps.findIndex((step) => base >= step.of[0] && base < step.of[1]);
    }

    setStep(step) {
      const next = Math.max(0, Math.min(this.last, step));
      if (next === this.step) return;
      this.step = next;
      const [first, end] = this.parts(next);
      if (this.moment < first || this.moment >= end) this.moment = first;
      this.draw();
      this.map.fire("gd:step", { step: next });
    }

    /* While a slider is dragged the lines are painted, and written when it rests. */
    hurry(on) {
      if (on === this.hurried) return;
      this.hurried = on;
      if (on) this.brush.start();
      this.draw();
      if (!on) this.brush.stop();
    }

    draw() {
      if (this.hurried) this.brush.paint(this.step);
      else for (const line of this.lines) line.draw(this.step);
      // Nobody listens to 57 lines while the slider moves.
      clearTimeout(this.labels);
      this.labels = setTimeout(() => this.lines.forEach((line) => line.label()), 150);
    }

    changed() {
      this.draw();
      this.map.fire("gd:change");
    }

    setCalendar(key) {
      const found = this.data.calendars.find((calendar) => calendar.key === key);
      if (!found || found === this.calendar) return;
      this.calendar = found;
      this.step = Math.max(0, this.place(this.moment));
      if (this.compare && this.compare.step !== undefined) this.compare = null;
      this.changed();
    }

    setUnit(key) {
      this.unit = this.data.units.find((unit) => unit.key === key) || this.unit;
      this.changed();
    }

    setScenario(key) {
      if (!this.data.projection) return;
      const found = this.data.projection.scenarios.findIndex((item) => item.key === key);
      if (found < 0) return;
      this.scenario = found;
      this.changed();
    }

    /* Beside each other with a divider, or as the difference. */
    setSwipe(on) {
      this.swipes = on;
      this.changed();
    }

    /* "step:2024Q1", "scenario:low" or "". */
    setCompare(text) {
      this.compare = this.comparison(text);
      this.changed();
    }

    comparison(text) {
      const [kind, ...rest] = text.split(":");
      const id = rest.join(":");
      const index = kind === "step" ? this.steps.findIndex((step) => step.id === id)
        : this.data.projection ? this.data.projection.scenarios.findIndex((item) => item.key === id) : -1;
      const known = index >= 0 && (kind === "step" || kind === "scenario");
      return known ? { [kind]: index, text: text, label: this.other(kind, index) } : null;
    }

    other(kind, index) {
      return kind === "step" ? this.steps[index].id : this.data.projection.scenarios[index].label;
    }

    /* The figures of a line to compare with. */
    versus(line) {
      if (!this.compare) return null;
      return this.compare.step === undefined ? line.at(this.step, this.compare.scenario) : line.at(this.compare.step);
    }

    setLanguage(name) {
      G.speak(name, this.map.getContainer());
      this.changed();
    }

    select(line, fly) {
      if (this.selected) this.selected.mark(false);
      this.selected = line || null;
      if (line) line.mark(true);
      this.map.fire("gd:select", { line: this.selected });
      if (line && !fly && line.parts.length && !this.inSight(line)) this.frame([line], Math.max(this.map.getZoom(), 5));
    }

    /* The part of the window that no card covers, as paddings. */
    free(beside = true) {
      const size = this.map.getSize();
      const box = this.map.getContainer();
      const outer = box.getBoundingClientRect();
      const pad = { left: 16, top: 16, right: 16, bottom: 16 };
      const wide = size.x >= 640;
      for (const [name, side] of [[".gd-panel:not([hidden])", wide ? "right" : "bottom"], [".gd-story:not([hidden])", wide ? "right" : "bottom"],
        [beside ? ".gd-legend[open]" : "", "left"], [".gd-time", "bottom"], [wide ? "" : ".gd-tour.gd-under-way", "bottom"]]) {
        if (!name) continue;
        const node = box.querySelector(name);
        if (!node) continue;
        const rect = node.getBoundingClientRect();
        if (!rect.width) continue;
        if (side === "right") pad.right = Math.max(pad.right, outer.right - rect.left + 16);
        if (side === "bottom") pad.bottom = Math.max(pad.bottom, outer.bottom - rect.top + 12);
        if (side === "left" && wide && size.x > 1000) pad.left = Math.max(pad.left, rect.right - outer.left + 16);
      }
      const title = box.querySelector(".gd-title");
      if (title && !wide) pad.top = Math.max(pad.top, title.getBoundingClientRect().bottom - outer.top + 8);
      return pad;
    }

    /* What is left between the cards at the top and those at the foot. */
    between(pad) {
      const box = this.map.getContainer();
      const { top, bottom } = box.getBoundingClientRect();
      const shown = (names) => [...box.querySelectorAll(names)].map((node) => node.getBoundingClientRect()).filter(({ width }) => width);
      const heads = shown(".gd-title, .gd-search, .gd-layers, .gd-opener").map((card) => card.bottom - top + 8);
      const feet = shown(".gd-tour, .gd-legend:not([open]), .leaflet-control-attribution").map((card) => bottom - card.top + 8);
      return { ...pad, top: Math.max(pad.top, ...heads), bottom: Math.max(pad.bottom, ...feet) };
    }

    /* Bring lines whole into the free part of the window; on the plane, where any projection is right.
       The strips beside, above and below the cards are used too where no line comes to lie under a card. */
    frame(lines, most) {
      const { map } = this;
      const parts = lines.map((line) => this.onPlane([line])).filter((points) => points.length);
      if (!parts.length) return;
      const boxes = parts.map((points) => L.bounds(points));
      const plane = L.bounds(boxes.flatMap(({ min, max }) => [min, max]));
      const [least, all] = [this.free(false), this.free()];
      const views = [0, 0.25, 0.5, 0.75, 1].map((share) => ({ ...least, left: least.left + share * (all.left - least.left) }));
      const tries = [...views, ...views.map((pad) => this.between(pad))].map((pad) => this.framed(plane, most, pad));
      const { middle, zoom } = tries.find((view) => !this.covered(parts, boxes, view)) || tries[tries.length - 1];
      map.setView(map.unproject(middle, zoom), zoom, { animate: false });
    }

    /* All points of lines as at zoom 0. */
    onPlane(lines) {
      const { crs } = this.map.options;
      const scale = crs.scale(0);
      return lines.flatMap((line) => line.plane.flat()).map((p) => crs.transformation.transform(p, scale));
    }

    /* Does a card hide a point of a view that is planned? */
    covered(parts, boxes, { middle, zoom }) {
      const box = this.map.getContainer();
      const outer = box.getBoundingClientRect();
      const corner = middle.subtract(this.map.getSize().divideBy(2)).subtract([outer.left, outer.top]);
      const scale = Math.pow(2, zoom);
      const nodes = [...box.querySelectorAll(".gd-legend, .gd-title, .gd-search, .gd-tour, .gd-layers, .gd-opener, .leaflet-control-zoom, .leaflet-control-attribution")];
      // The cards on the plane of the points: four comparisons a point.
      return nodes.map((node) => node.getBoundingClientRect()).some((card) => {
        const [left, right] = [card.left - 8, card.right + 8].map((x) => (x + corner.x) / scale);
        const [top, bottom] = [card.top - 8, card.bottom + 8].map((y) => (y + corner.y) / scale);
        const meets = ({ min, max }) => max.x > left && min.x < right && max.y > top && min.y < bottom;
        return parts.some((points, i) => meets(boxes[i]) && points.some(({ x, y }) => x > left && x < right && y > top && y < bottom));
      });
    }

    /* Middle and zoom that show a box of the plane between paddings. */
    framed(plane, most, pad) {
      const { map } = this;
      const size = map.getSize();
      const [wide, high] = [Math.max(60, size.x - pad.left - pad.right), Math.max(60, size.y - pad.top - pad.bottom)];
      const span = plane.getSize();
      const raw = Math.log2(Math.min(wide / Math.max(span.x, 1e-6), high / Math.max(span.y, 1e-6)));
      const snap = map.options.zoomSnap || 1;
      const zoom = Math.max(map.getMinZoom(), Math.min(most || map.getMaxZoom(), Math.floor(raw / snap) * snap));
      const shift = L.point((pad.right - pad.left) / 2, (pad.bottom - pad.top) / 2);
      return { middle: plane.getCenter().multiplyBy(Math.pow(2, zoom)).add(shift), zoom };
    }

    /* Is the line whole in the free part, and under no card? */
    inSight(line) {
      const { map } = this;
      const pad = this.free();
      const size = map.getSize();
      const points = this.onPlane([line]);
      const view = { middle: map.project(map.getCenter()), zoom: map.getZoom() };
      return !this.covered([points], [L.bounds(points)], view) && line.parts.flat().every((place) => {
        const { x, y } = map.latLngToContainerPoint(place);
        return x >= pad.left && y >= pad.top && x <= size.x - pad.right && y <= size.y - pad.bottom;
      });
    }

    toggle(group, value, on) {
      const key = group + "\n" + value;
      if (on) this.hidden.delete(key);
      else this.hidden.add(key);
      this.refilter();
    }

    /* Only lines with this value of a group; "" lifts the filter. */
    filter(group, value) {
      if (value) this.filters.set(group, value);
      else this.filters.delete(group);
      this.refilter();
    }

    refilter() {
      for (const line of this.lines) line.show(this.visible(line));
      this.map.fire("gd:change");
    }

    visible(line) {
      const groups = line.data.groups;
      const values = (name) => [].concat(groups[name] === undefined ? [] : groups[name]);
      for (const [name, wanted] of this.filters) if (!values(name).includes(wanted)) return false;
      return !Object.keys(groups).some((name) => {
        const own = values(name);
        return own.length > 0 && own.every((value) => this.hidden.has(name + "\n" + value));
      });
    }

    bounds() {
      const bounds = L.latLngBounds([]);
      for (const line of this.lines) {
        if (line.data.frame !== false) line.parts.forEach((part) => bounds.extend(part));
      }
      return bounds;
    }

    /* The events of a period, sorted into periods once: there may be thousands. */
    events(step) {
      return this.sorted().lists.get(step) || [];
    }

    concerns(step, index) {
      const found = this.sorted().lines.get(step);
      return Boolean(found) && found.has(index);
    }

    sorted() {
      if (!this.happened.has(this.calendar.key)) this.happened.set(this.calendar.key, this.sort());
      return this.happened.get(this.calendar.key);
    }

    sort() {
      const found = { lists: new Map(), lines: new Map() };
      for (const event of this.data.events) {
        if (event.step === null) continue;
        const step = this.place(event.step);
        if (!found.lists.has(step)) {
          found.lists.set(step, []);
          found.lines.set(step, new Set());
        }
        found.lists.get(step).push(event);
        event.lines.forEach((line) => found.lines.get(step).add(line));
      }
      return found;
    }

    /* A figure in the chosen unit; null where it is not known or cannot be converted. */
    figure(line, key, now, raw) {
      const value = raw === undefined ? now[key] : raw;
      const series = this.data.series[key];
      if (value === null || value === undefined) return null;
      if (series.unit === "%") return value * 100;
      if (!series.volume) return value;
      if (this.unit.heat && !line.data.heat) return null;
      return (value * this.unit.factor * (this.unit.heat ? line.data.heat : 1)) / (this.unit.rate ? this.daysOf(key, now) : 1);
    }

    /* A capacity is that of all days, also where the flow is known of some. */
    daysOf(key, now) {
      if (key === "limit") return now.spanned || now.length || now.days;
      return key === "reported" ? now.reportedDays || now.days : now.days;
    }

    /* The figure as a yearly rate over the days that are known, or the daily rate that was asked for. */
    rate(line, now, raw) {
      const value = this.figure(line, "value", now, raw);
      if (value === null) return null;
      return this.unit.rate ? value : (value * 365.25) / now.days;
    }

    /* "≈ 11 bcm/yr": what a line carries, in few signs; estimates, parts and projections are rounded so. */
    rateWords(line, now, raw) {
      const rate = this.rate(line, now, raw);
      if (rate === null) return "";
      const loose = now.ahead || this.data.light.includes(now.grade) || this.part(now) || now.bounds.value;
      return `${loose ? "≈\u2009" : ""}${this.rateNumber(Math.abs(rate))}\u00a0${G.t(this.unit.unit)}${this.unit.rate ? "" : G.t("/yr")}`;
    }

    rateNumber(rate) {
      return G.number(rate, Math.abs(rate) < 9.95 ? 1 : 0);
    }

    /* How figures of a series are written: unit, basis, digits. */
    style(key) {
      const series = this.data.series[key];
      const said = series.volume ? this.unit : series;
      return G.language() === "en" ? said : { ...said, unit: G.t(said.unit) };
    }

    written(line, key, now, raw) {
      const { digits, unit } = this.style(key);
      const value = this.figure(line, key, now, raw);
      return value === null ? "–" : `${G.number(value, digits)}\u00a0${unit}`;
    }

    /* "Oct only, 31 of 92 days", and "2 of 4 quarters" where a period lacks some of its steps. */
    part(now) {
      if (!now.known) return "";
      const lacks = this.calendar.whole && now.known < now.whole;
      if (lacks && !this.thin(now)) return G.t("{known} of {whole} " + this.data.calendars[0].plural, now);
      if (now.days >= now.length) return "";
      const days = G.t("{days} of {length} days", now);
      return now.span ? G.t("{span} only", { span: G.words(now.span) }) + ", " + days : days;
    }

    /* The same of the published figure that stands beside a flow of the whole period. */
    publishedPart(now) {
      if (now.reported === null || now.reported === undefined || !now.reportedDays || now.reportedDays >= now.length) return "";
      const days = G.t("{days} of {length} days", { days: now.reportedDays, length: now.length });
      return now.span ? G.t("{span} only", { span: G.words(now.span) }) + ", " + days : days;
    }

    /* What a capacity is, and what its utilisation is a share of. */
    kindWords(now) {
      return this.data.kinds.filter((word, i) => now.kind & (1 << i)).map((word) => G.t(word)).join("; ");
    }

    /* Standing of a number: its own, of a derived one that of each figure it is made from. */
    standing(key, now) {
      if (key === "limit") return [];
      if (key === "value" && now.grade) return [now.grade];
      const from = this.data.series[key].from || [];
      if (from.length) return [...new Set(from.flatMap((name) => this.standing(name, now)))];
      const grade = this.data.grades[now.grades[key]];
      return grade ? [grade] : [];
    }

    /* Does one of the known parts lack days of its own? */
    thin(now) {
      return Boolean(now.thin);
    }

    /* Everything that must be said with a number: [kind, text] of its standing, what of the period it
       covers, its interval, the day of its evidence. The interval of a "rate" is one a year, as its figure. */
    qualifiers(line, asked, now) {
      const key = asked === "rate" ? "value" : asked;
      const said = [];
      const from = this.data.series[key].from || [key];
      const standing = this.standing(key, now).map((grade) => G.t(grade)).join(", ");
      if (standing) said.push(["status", standing]);
      const kind = ["limit", "share"].includes(key) ? this.kindWords(now) : "";
      if (kind) said.push(["kind", kind]);
      if (now.plain && ["value", "revenue"].includes(key)) said.push(["chance", G.t("if gas flows ({share} % chance)", this.chanceWord(now))]);
      const part = key === "reported" ? this.publishedPart(now) : ["value", "revenue"].includes(key) ? this.part(now) : "";
      if (part) said.push(["coverage", part]);
      const edges = now.bounds[key];
      if (edges) {
        const { digits } = this.style(key);
        const [low, high] = edges.map((edge) => (asked === "rate"
          ? this.rateNumber(this.rate(line, now, edge))
          : G.number(this.figure(line, key, now, edge), digits)));
        said.push(["interval", `${this.interval(now)}: ${low} – ${high}`]);
      }
      const own = (name) => (name === "limit" ? (line.data.standing || {}).limit : now.sets[name === "reported" ? "value" : name]) || [];
      const seen = this.dated(from.flatMap(own));
      if (seen) said.push(["age", G.t("evidence of {date}", { date: seen })]);
      else if (key === "value" && this.inferred(now)) said.push(["own", this.inferred(now)]);
      return said;
    }

    chanceWord(now) {
      return { share: now.chance > 0 && now.chance < 0.01 ? "<\u20091" : G.number(100 * now.chance, 0) };
    }

    interval(now) {
      return now.ahead && this.data.projection ? this.data.projection.interval : "P10–P90";
    }

    /* A flow that follows from those of other lines: nobody published it, so it is as old as all figures. */
    inferred(now) {
      const lone = now.value !== null && now.grade === "balanced" && !(now.sets.value || []).length;
      return lone ? G.t("no figure of its own; facts to {date}", { date: this.data.as_of || "–" }) : "";
    }

    /* The newest day on which one of the figures behind a number was published: zeros age as flows do. */
    evidence(now, key) {
      return this.dated(now.sets[key] || []);
    }

    dated(refs) {
      const dates = refs.map((r) => {
        const record = this.data.records[r];
        const source = this.data.sources[record.source];
        return record.published || (source && source.published) || record.day || "";
      }).filter(Boolean).sort();
      return dates.length ? dates[dates.length - 1] : "";
    }

    scenarioLabel(index) {
      const item = this.data.projection.scenarios[index];
      // What is only asked "what if" has no share.
      const share = !item.probability ? "" : ` (${G.number(item.probability * 100, 0)}\u00a0%)`;
      return G.t(item.label) + share;
    }

    /* The question of the tree that a scenario answers: "Back" says nothing alone. */
    question(key) {
      return this.data.odds ? this.data.odds.questions.find((one) => key.startsWith(`${one.key}-`)) : undefined;
    }

    /* Does the period hold projected figures, of some lines or, beyond history, of all? */
    isAhead(step) {
      return Boolean(this.data.projection) && (Boolean(this.steps[step].ahead) || this.parts(step)[1] > this.data.past);
    }

    /* The scenario, where the period holds projected figures. */
    scenarioWords(step) {
      if (!this.isAhead(step)) return "";
      return `${G.t("projection")}: ${this.scenarioLabel(this.scenario)}`;
    }

    banner(asOf) {
      const step = this.steps[this.step];
      const words = [step.rough ? G.t("provisional") : "", this.scenarioWords(this.step)].filter(Boolean);
      const change = this.compare && !this.swipes ? ` · ${G.t("Change against {label}", { label: G.t(this.compare.label) })}` : "";
      return `${[`${G.t("As of")} ${asOf}`, ...words].join(", ")}${change} · ${G.t(this.unit.unit)} ${G.t(this.unit.note)}`;
    }
  }

  G.Figures = Figures;
  G.Model = Model;
})();

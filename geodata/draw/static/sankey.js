// @ts-check
/* From field by route to market in the chosen period, as ribbons; and two periods on one map with a
   divider between them. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const [WIDE, HIGH, BAR, GAP] = [336, 470, 9, 5];
  const LEAST = 0.03; // bcm, a ribbon that can be seen
  const LISTED = 13; // routes with a ribbon of their own
  const COLUMNS = [0, 130, WIDE - BAR];
  const LINE = 12; // px from one line of names to the next

  const amount = (value) => G.number(value, Math.abs(value) < 9.95 ? 1 : 0);

  /* Ways of the period: its quarters added up; null where history does not hold all of them. */
  function ways(model, data) {
    const [first, end] = model.parts(model.step);
    const sum = (row) => {
      let total = 0;
      for (let i = first; i < end; i += 1) total += G.cell(row, i) || 0;
      return total / data.scale;
    };
    const some = (i) => data.rows.some(([, , , row]) => G.cell(row, i) !== null);
    for (let i = first; i < end; i += 1) if (!some(i)) return null;
    return data.rows.map(([field, route, market, row]) => ({ field, route, market, value: sum(row) })).filter((way) => way.value >= LEAST);
  }

  /* The smaller routes are one. */
  function listed(found) {
    const sizes = new Map();
    for (const way of found) sizes.set(way.route, (sizes.get(way.route) || 0) + way.value);
    const kept = new Set([...sizes].sort((a, b) => b[1] - a[1]).slice(0, LISTED).map(([route]) => route));
    return found.map((way) => (kept.has(way.route) ? way : { ...way, route: -1 }));
  }

  /* Places of the nodes of one column: {key, top, size, used}. */
  function stack(found, name, order, scale) {
    const sizes = new Map();
    for (const way of found) sizes.set(way[name], (sizes.get(way[name]) || 0) + way.value);
    const keys = [...sizes.keys()].sort(order(sizes));
    const free = HIGH - 22 - [...sizes.values()].reduce((a, b) => a + b, 0) * scale;
    const gap = keys.length > 1 ? free / (keys.length - 1) : 0;
    let top = 14;
    return new Map(keys.map((key) => {
      const node = { key, top, size: sizes.get(key), before: 0, after: 0 };
      top += node.size * scale + gap;
      return [key, node];
    }));
  }

  const ribbon = (x0, y0, x1, y1, high) => {
    const middle = (x0 + x1) / 2;
    return `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}v${high}C${middle} ${y1 + high} ${middle} ${y0 + high} ${x0} ${y0 + high}Z`;
  };

  /* The longest beginning of a name that fits beside its figure. */
  function shortened(pen, name, figure, room) {
    let text = name;
    while (text.length > 3 && pen.measureText(`${text} ${figure}`).width > room) text = text.replace(/…$/, "").slice(0, -1).trimEnd() + "…";
    return `${text} ${figure}`;
  }

  /* Names at the nodes; one of the first two columns ends before the next bar or the names of the last. */
  function names(model, nodes, words, scale, root) {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `11px ${getComputedStyle(model.map.getContainer()).fontFamily}`;
    const middle = (node) => node.top + Math.max(3.5, (node.size * scale) / 2 + 3.5);
    const ends = [...nodes[2].values()].map((node) => [middle(node), pen.measureText(`${words[2](node.key)} ${amount(node.size)}`).width + 12]);
    nodes.forEach((column, i) => column.forEach((node) => {
      const start = COLUMNS[i] + BAR + 4;
      const taken = i === 1 ? Math.max(4, ...ends.filter(([y]) => Math.abs(y - middle(node)) < LINE).map(([, wide]) => wide)) : 4;
      const name = words[i](node.key);
      const text = i === 2 ? `${name} ${amount(node.size)}` : shortened(pen, name, amount(node.size), COLUMNS[i + 1] - start - taken);
      root.append(G.svg("text", {
        x: i === 2 ? COLUMNS[i] - 4 : start, y: middle(node), "text-anchor": i === 2 ? "end" : "start", class: "gd-flow-name", "data-name": name,
      }, text));
    }));
  }

  function picture(model, data, found, tell) {
    const total = found.reduce((sum, way) => sum + way.value, 0);
    const count = (name) => new Set(found.map((way) => way[name])).size;
    const most = Math.max(count("field"), count("route"), count("market"));
    const scale = (HIGH - 22 - GAP * 2.4 * (most - 1)) / total;
    const home = new Map(found.map((way) => [way.route, way.market]));
    const big = (sizes) => (a, b) => sizes.get(b) - sizes.get(a);
    const markets = stack(found, "market", big, scale);
    const place = (market) => [...markets.keys()].indexOf(market);
    const nodes = [stack(found, "field", big, scale), stack(found, "route", (sizes) => (a, b) => place(home.get(a)) - place(home.get(b)) || sizes.get(b) - sizes.get(a), scale), markets];
    const story = model.data.story;
    const colour = (market) => {
      const at = story ? story.markets.findIndex((one) => one.key === data.markets[market].key) : market;
      return `gd-m${at < 0 ? 6 : at % 7}`;
    };
    const words = [(key) => G.t(data.fields[key]), (key) => (key < 0 ? G.t("Others") : name(model, data.routes[key])), (key) => G.t(data.markets[key].label)];
    const root = G.svg("svg", { class: "gd-sankey", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": G.t("From field by route to market") });
    const joined = [["field", "route"], ["route", "market"]].map(([from, to], column) => {
      const links = new Map();
      for (const way of found) {
        const key = `${way[from]} ${way[to]} ${way.market}`;
        const link = links.get(key) || { from: way[from], to: way[to], market: way.market, value: 0 };
        link.value += way.value;
        links.set(key, link);
      }
      const order = (side, at) => [...nodes[at].keys()].indexOf(side);
      return [...links.values()].sort((a, b) => order(a.from, column) - order(b.from, column) || order(a.to, column + 1) - order(b.to, column + 1));
    });
    joined.forEach((links, column) => {
      const arriving = new Map();
      for (const link of [...links].sort((a, b) => [...nodes[column].keys()].indexOf(a.from) - [...nodes[column].keys()].indexOf(b.from))) {
        arriving.set(link, nodes[column + 1].get(link.to).before);
        nodes[column + 1].get(link.to).before += link.value * scale;
      }
      for (const link of links) {
        const [a, b] = [nodes[column].get(link.from), nodes[column + 1].get(link.to)];
        const high = Math.max(0.5, link.value * scale);
        const path = G.svg("path", {
          d: ribbon(COLUMNS[column] + BAR, a.top + a.after, COLUMNS[column + 1], b.top + arriving.get(link), high), class: `gd-ribbon ${colour(link.market)}`, "data-value": link.value.toFixed(2),
        });
        a.after += link.value * scale;
        const said = `${words[column](link.from)} → ${words[column + 1](link.to)}: ${amount(link.value)} ${G.t("bcm")}`;
        path.append(G.svg("title", {}, said));
        path.addEventListener("pointerenter", () => tell(said));
        path.addEventListener("pointerleave", () => tell(null));
        root.append(path);
      }
    });
    nodes.forEach((column, i) => column.forEach((node) => {
      root.append(G.svg("rect", { x: COLUMNS[i], y: node.top, width: BAR, height: Math.max(0.6, node.size * scale), class: i === 2 ? colour(node.key) : "gd-stem" }));
    }));
    names(model, nodes, words, scale, root);
    return root;
  }

  function name(model, route) {
    const line = model.byId.get(route);
    return line ? model.shortName(line) : G.t(route);
  }

  G.sankey = function (map, model) {
    const data = model.data.ways;
    const [title, holder, said] = [G.el("p", { class: "gd-axis-title" }), G.el("div"), G.el("p", { class: "gd-readout" })];
    const node = G.el("div", {}, [title, holder, said, G.el("p", { class: "gd-key", t: "Gas that leaves Russia, by the balance. At each node all that comes in counts as mixed: a convention, not a measurement." })]);
    let waiting = 0;
    function draw() {
      const step = model.steps[model.step];
      const found = ways(model, data);
      title.textContent = `${G.words(step.label)}, ${G.t("bcm at 20 °C")}, ${G.t("balanced")}`;
      if (!found || !found.length) {
        holder.replaceChildren(G.el("p", { class: "gd-soft", t: "The balance does not hold the whole of this period." }));
        said.textContent = "";
        return;
      }
      const total = `${G.t("All that leaves")}: ${amount(found.reduce((sum, way) => sum + way.value, 0))} ${G.t("bcm")}`;
      const tell = (text) => (said.textContent = text || total);
      holder.replaceChildren(picture(model, data, listed(found), tell));
      tell(null);
    }
    const later = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => (node.offsetParent ? draw() : null), 120);
    };
    map.on("gd:step gd:change gd:layout", later);
    node.refresh = draw;
    draw();
    return node;
  };

  /* Two periods or scenarios on one map: what is compared with lies left of a divider that is dragged. */
  class Swipe {
    constructor(model) {
      this.model = model;
      this.share = 0.5;
      const { map } = model;
      this.pane = map.createPane("gd-swipe");
      this.pane.style.zIndex = 424;
      this.pane.style.pointerEvents = "none";
      this.range = G.el("input", { type: "range", min: 2, max: 98, step: 1, value: 50, "t:aria-label": "Divider between the two", class: "gd-swipe-range", on: { input: () => this.place(Number(this.range.value) / 100) } });
      this.bar = G.el("div", { class: "gd-swipe-bar", "aria-hidden": "true" }, G.el("i", {}, "⇔"));
      this.names = ["left", "right"].map((side) => G.el("b", { class: `gd-swipe-name gd-swipe-${side}`, "aria-hidden": "true" }));
      this.node = G.el("div", { class: "gd-swipe", hidden: true }, [this.bar, ...this.names, this.range]);
      map.getContainer().append(this.node);
      this.drag();
      map.on("gd:step gd:change gd:select gd:layout moveend zoomend viewreset resize", () => this.draw());
      map.on("move", () => this.place(this.share));
    }

    drag() {
      L.DomEvent.disableClickPropagation(this.range);
      const move = (event) => {
        const box = this.model.map.getContainer().getBoundingClientRect();
        this.place(Math.max(0.02, Math.min(0.98, (event.clientX - box.left) / box.width)));
      };
      this.bar.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        event.stopPropagation();
        this.bar.setPointerCapture(event.pointerId);
        this.bar.onpointermove = move;
      });
      this.bar.addEventListener("pointerup", () => (this.bar.onpointermove = null));
      for (const kind of ["mousedown", "touchstart", "click", "dblclick"]) this.bar.addEventListener(kind, (event) => event.stopPropagation());
    }

    get on() {
      return Boolean(this.model.swipes && this.model.compare);
    }

    draw() {
      if (!this.on && this.node.hidden) return;
      this.node.hidden = !this.on;
      this.pane.replaceChildren();
      const panes = this.panes();
      if (!this.on) {
        panes.forEach((pane) => (pane.style.clipPath = ""));
        return;
      }
      const { model } = this;
      const other = model.compare;
      this.names[0].textContent = other.step === undefined ? model.scenarioLabel(other.scenario) : model.steps[other.step].id;
      this.names[1].textContent = other.step === undefined ? model.scenarioLabel(model.scenario) : model.steps[model.step].id;
      this.pane.append(G.svg("svg", { class: "gd-swipe-lines", width: 1, height: 1, overflow: "visible" }, ["casing", "core"].flatMap((part) => model.lines.filter((line) => line.shown).map((line) => this.path(line, part)).filter(Boolean))));
      this.place(this.share);
    }

    /* A line as the other period or scenario shows it. */
    path(line, part) {
      const drawn = line[part].getElement();
      if (!drawn) return null;
      const now = this.model.versus(line);
      const style = line.look(now, true)[part];
      return G.svg("path", { d: drawn.getAttribute("d"), class: `${style.className} gd-s-${now.state.key}`, "stroke-width": style.weight, "stroke-dasharray": style.dash || null, "stroke-linecap": style.cap, "stroke-linejoin": "round", "data-other": line.id });
    }

    panes() {
      return ["gd-casing", "gd-core", "gd-arrow", "gd-mark", "gd-label"].map((name) => this.model.map.getPane(name)).filter(Boolean);
    }

    place(share) {
      this.share = share;
      if (!this.on) return;
      const { map } = this.model;
      const size = map.getSize();
      const at = Math.round(size.x * share);
      this.bar.style.left = at + "px";
      this.names[0].style.right = size.x - at + 8 + "px";
      this.names[1].style.left = at + 8 + "px";
      this.range.value = Math.round(share * 100);
      const corner = map.containerPointToLayerPoint([0, 0]);
      const [far, x, y] = [5000, corner.x + at, corner.y];
      const box = (left, right) => `polygon(${left}px ${y - far}px, ${right}px ${y - far}px, ${right}px ${y + far}px, ${left}px ${y + far}px)`;
      this.panes().forEach((pane) => (pane.style.clipPath = box(x, x + far)));
      this.pane.style.clipPath = box(x - far, x);
    }
  }
  G.Swipe = Swipe;
})();

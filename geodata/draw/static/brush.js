// @ts-check
/* Lines and arrows on one canvas while the slider is dragged: a browser that paints without a graphics
   card needs too long for hundreds of changed paths a frame. The canvas shows what the paths would show,
   in the styles that the page gives them; they are written once the slider rests. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const ARROW = new Path2D(G.ARROW);

  function course(layer) {
    const path = new Path2D();
    for (const part of layer._parts || []) part.forEach((p, i) => (i ? path.lineTo(p.x, p.y) : path.moveTo(p.x, p.y)));
    return path;
  }

  /* What the style sheet says of a class, asked once a drag: the colours follow the scheme. */
  function styles(node, setClass) {
    const known = new Map();
    return (name) => {
      if (!known.has(name)) {
        setClass(name);
        const { stroke, strokeOpacity, strokeWidth, fill } = getComputedStyle(node);
        known.set(name, { stroke, fill, alpha: Number(strokeOpacity), width: parseFloat(strokeWidth) });
      }
      return known.get(name);
    };
  }

  class Brush {
    constructor(model) {
      this.model = model;
      this.canvas = G.el("canvas", { "aria-hidden": "true" });
      this.pen = this.canvas.getContext("2d");
      this.line = G.svg("path", {});
      this.arrow = G.svg("path", {});
      const probes = [G.svg("svg", {}, this.line), G.el("div", { class: "gd-arrow" }, G.svg("svg", {}, this.arrow))];
      this.pane = model.map.createPane("gd-brush");
      this.pane.append(this.canvas, G.el("div", { class: "gd-probe" }, probes));
      this.pane.hidden = true;
      model.map.on("movestart zoomstart resize", () => model.hurry(false));
    }

    /* Lines in the order in which they lie over each other. */
    start() {
      const { map, byId } = this.model;
      const ids = [...map.getPane("gd-core").querySelectorAll("path[data-id]")].map((path) => path.dataset.id);
      this.lines = ids.map((id) => byId.get(id));
      this.courses = this.lines.map((line) => course(line.casing));
      this.spots = this.lines.map((line) => line.anchors.map((anchor) => map.latLngToLayerPoint(anchor.place).round()));
      this.lineStyle = styles(this.line, (name) => this.line.setAttribute("class", name));
      this.arrowStyle = styles(this.arrow, (name) => this.arrow.parentNode.setAttribute("class", name));
      this.place();
      this.show(true);
    }

    stop() {
      this.show(false);
    }

    show(on) {
      this.pane.hidden = !on;
      this.model.map.getContainer().classList.toggle("gd-hurry", on);
    }

    /* The canvas covers the window of the map; the points of the lines count from the map's own corner. */
    place() {
      const { map } = this.model;
      const size = map.getSize();
      const ratio = window.devicePixelRatio || 1;
      this.canvas.width = Math.ceil(size.x * ratio);
      this.canvas.height = Math.ceil(size.y * ratio);
      this.canvas.style.width = this.canvas.width / ratio + "px";
      const corner = map.containerPointToLayerPoint([0, 0]);
      L.DomUtil.setPosition(this.canvas, corner);
      this.ground = new DOMMatrix([ratio, 0, 0, ratio, -corner.x * ratio, -corner.y * ratio]);
    }

    paint(step) {
      const { pen } = this;
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
      pen.setTransform(this.ground);
      const shown = this.lines.map((line) => line.now(step));
      this.halo();
      for (const name of ["casing", "core"]) shown.forEach((now, i) => this.stroke(this.courses[i], now.look[name], now));
      pen.globalAlpha = 1;
      pen.setLineDash([]);
      shown.forEach((now, i) => this.marks(this.lines[i], now, this.spots[i]));
      this.canvas.dataset.step = this.model.steps[step].id;
    }

    halo() {
      const { halo } = this.model.selected || {};
      this.pen.setLineDash([]);
      if (halo) this.draw(this.courses[this.lines.indexOf(this.model.selected)], this.lineStyle("gd-halo"), halo.options.weight);
    }

    stroke(path, style, now) {
      if (style.weight <= 0) return;
      this.pen.lineCap = style.cap;
      this.pen.lineJoin = style.dash ? "bevel" : "round"; // cheaper, and not seen between dashes
      this.pen.setLineDash(style.dash ? style.dash.split(" ").map(Number) : []);
      this.draw(path, this.lineStyle(`${style.className} gd-s-${now.state.key}`), style.weight);
    }

    draw(path, { stroke, alpha }, weight) {
      if (!alpha) return;
      Object.assign(this.pen, { strokeStyle: stroke, globalAlpha: alpha, lineWidth: weight });
      this.pen.stroke(path);
    }

    marks(line, now, spots) {
      line.tags(now);
      if (!line.flows(now)) return;
      const look = line.arrowLook(now);
      const { stroke, fill, width } = this.arrowStyle(look.className);
      Object.assign(this.pen, { strokeStyle: stroke, fillStyle: fill, lineWidth: width });
      line.anchors.forEach((anchor, i) => this.point(spots[i], line.arrow(anchor, now, look)));
    }

    /* The ground moved, turned and scaled; to make a matrix of it step by step costs twice the arrow. */
    point(at, { x, y, angle, size }) {
      const { pen, ground } = this;
      const turn = (angle * Math.PI) / 180;
      const [along, across] = [Math.cos(turn), Math.sin(turn)].map((part) => (part * ground.a * size) / 12);
      pen.setTransform(along, across, -across, along, (at.x + x) * ground.a + ground.e, (at.y + y) * ground.a + ground.f);
      pen.stroke(ARROW);
      pen.fill(ARROW);
    }
  }

  G.Brush = Brush;
})();

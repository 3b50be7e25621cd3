// @ts-check
/* The canvas of the world map; L.Renderer keeps it in place while the map is dragged and zoomed.
   What is in view is drawn at once, the rim around it, for dragging, when that is seen. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const NEAR = 1.5; // pixels; a vertex nearer to the one before is passed over
  const BATCH = 2000; // vertices in a path; longer ones are stroked more than linearly slower
  const RIM = 80; // ms after which the rim is drawn

  /* Windows are lists: west, north, east, south. No unpacking here: this runs for every vertex. */

  /* Which sides of a window a point lies beyond, one bit a side. */
  const beyond = (x, y, w) => (x < w[0] ? 1 : x > w[2] ? 2 : 0) | (y < w[1] ? 4 : y > w[3] ? 8 : 0);

  const meets = (box, b, w) => box[b] <= w[2] && box[b + 2] >= w[0] && box[b + 1] <= w[3] && box[b + 3] >= w[1];

  const within = (box, b, w) => box[b] > w[0] && box[b + 2] < w[2] && box[b + 1] > w[1] && box[b + 3] < w[3];

  const Lines = L.Renderer.extend({
    initialize: function (state) {
      L.Renderer.prototype.initialize.call(this, { padding: 0.2, pane: "gd-world" });
      this.state = state;
      this.drawn = null;
      this.taken = new Uint8Array(0);
    },
    _initContainer: function () {
      this._container = G.el("div", { class: "gw-lines", "aria-hidden": "true" });
      this.base = G.el("canvas", {});
      this.top = G.el("canvas", { hidden: true });
      this._container.append(this.base, this.top);
    },
    _destroyContainer: function () {
      clearTimeout(this.later);
      this._container.remove();
    },
    /* Leaflet would project its paths again here; there are none. */
    _onZoomEnd: function () {},
    _update: function () {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      L.DomUtil.setPosition(this._container, this._bounds.min);
      // Leaflet tells of one zoom twice, by viewreset and by moveend.
      const { scale, x, y } = this._frame();
      const view = [scale, x, y, this.size().x, this.size().y].join();
      if (view !== this.painted) this.paint();
      this.painted = view;
    },
    _updatePaths: function () {},
    _reset: function () {
      this._update();
    },

    size: function () {
      return this._bounds.getSize();
    },
    /* Clears a canvas and returns its context, in pixels of the page. */
    _clear: function (canvas) {
      const size = this.size();
      const ratio = L.Browser.retina ? 2 : 1;
      if (canvas.width !== ratio * size.x || canvas.height !== ratio * size.y) {
        canvas.width = ratio * size.x;
        canvas.height = ratio * size.y;
        canvas.style.width = size.x + "px";
        canvas.style.height = size.y + "px";
      }
      const context = canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, size.x, size.y);
      // Flat ends and joins are half the work of round ones, and no one sees it at two pixels.
      context.lineCap = this._map.getZoom() < 10 ? "butt" : "round";
      context.lineJoin = "bevel";
      return context;
    },
    /* World square -> pixels of the canvas: factor and shift. */
    _frame: function () {
      const origin = this._map.getPixelOrigin().add(this._bounds.min);
      return { scale: 256 * Math.pow(2, this._map.getZoom()), x: origin.x, y: origin.y };
    },
    /* The view and the whole canvas, in pixels of the canvas: west, north, east, south. */
    _windows: function () {
      const size = this.size();
      const from = this._map.containerPointToLayerPoint([0, 0]).subtract(this._bounds.min);
      const to = from.add(this._map.getSize());
      return { view: [from.x, from.y, to.x, to.y], whole: [0, 0, size.x, size.y] };
    },
    _lines: function () {
      const zoom = this._map.getZoom();
      const wanted = this.state.tiers.find((tier) => zoom <= tier.zoom) || this.state.tiers.at(-1);
      if (wanted.lines) return wanted.lines;
      this.state.load(wanted).then(() => this.paint());
      return (this.state.tiers.find((tier) => tier.lines) || {}).lines;
    },
    /* Draws what is in view; the rim follows, unless the view changes before. */
    paint: function () {
      clearTimeout(this.later);
      const lines = this._bounds && this._lines();
      if (!lines) return;
      const began = performance.now();
      const context = this._clear(this.base);
      const frame = { ...this._frame(), ...this._windows() };
      const drawn = this.drawn || new G.Drawn();
      drawn.clear();
      const [west, north, east, south] = frame.view;
      context.save();
      context.beginPath();
      context.rect(west, north, east - west, south - north);
      context.clip();
      this._all(context, lines, frame, drawn, false);
      context.restore();
      this.drawn = drawn;
      this.state.stats = { vertices: drawn.count, ms: performance.now() - began };
      this.later = setTimeout(() => this._rim(context, lines, frame, drawn), RIM);
      this.mark();
    },
    _rim: function (context, lines, frame, drawn) {
      const [west, north, east, south] = frame.view;
      context.save();
      context.beginPath();
      context.rect(0, 0, frame.whole[2], frame.whole[3]);
      context.rect(west, north, east - west, south - north);
      context.clip("evenodd");
      this._all(context, lines, frame, drawn, true);
      context.restore();
      drawn.grid = null;
      if (this.state.chosen >= 0 || this.state.hovered >= 0) this.mark();
    },
    _all: function (context, lines, frame, drawn, rim) {
      const zoom = this._map.getZoom();
      if (this.ground) this._ground(context, frame, rim);
      // One pixel is drawn in a third of the time that any wider line takes.
      const weight = zoom < 7.5 ? 1 : Math.min(2.5, 0.3 + 0.22 * zoom);
      for (let g = this.state.statuses.length - 1; g >= 0; g -= 1) {
        const status = this.state.statuses[g];
        if (status.hidden) continue;
        context.strokeStyle = status.colour;
        context.lineWidth = weight;
        context.setLineDash(zoom < 4 ? [] : status.dash);
        this._stroke(context, lines, lines.groups[g], frame, drawn, rim);
      }
    },
    /* Paths for many parts. Vertices `NEAR` the one before are passed over, segments beyond one side
       of the canvas too, and of parts smaller than two pixels only one is drawn in each pixel. Parts
       out of view are left to the rim, which leaves those wholly in view. */
    _stroke: function (context, lines, parts, frame, drawn, rim) {
      const { scale, x, y, view, whole } = frame;
      const { xy, first, box } = lines;
      const shift = [x, y, x, y];
      const seen = (rim ? whole : view).map((edge, i) => (edge + shift[i]) / scale);
      const inner = view.map((edge, i) => (edge + shift[i]) / scale);
      const fresh = this._pixels(whole);
      let waiting = 0;
      context.beginPath();
      for (const p of parts) {
        const b = 4 * p;
        if (!meets(box, b, seen) || (rim && within(box, b, inner))) continue;
        const small = Math.max(box[b + 2] - box[b], box[b + 3] - box[b + 1]) * scale < 2;
        if (small && !fresh(box[b] * scale - x, box[b + 1] * scale - y)) continue;
        const known = rim && meets(box, b, inner); // was drawn in part, and can be found
        const end = 2 * first[p + 1] - 2;
        let [px, py, side] = [NaN, NaN, 0];
        let pen = false;
        for (let i = 2 * first[p]; i <= end; i += 2) {
          const nx = xy[i] * scale - x;
          const ny = xy[i + 1] * scale - y;
          const starts = i === 2 * first[p];
          if (!starts && i < end && Math.abs(nx - px) < NEAR && Math.abs(ny - py) < NEAR) continue;
          const beside = beyond(nx, ny, whole);
          const hidden = starts || Boolean(beside & side);
          if (!hidden) {
            if (!pen) context.moveTo(px, py);
            if (!pen && !known) drawn.add(px, py, lines.owner[p], 0);
            context.lineTo(nx, ny);
            if (!known) drawn.add(nx, ny, lines.owner[p], 1);
            waiting += 1;
          }
          [pen, px, py, side] = [!hidden, nx, ny, beside];
        }
        if (waiting > BATCH) {
          context.stroke();
          context.beginPath();
          waiting = 0;
        }
      }
      context.stroke();
    },
    /* Tells whether nothing was drawn yet in a pixel; a new number for each drawing, so that the
       array need not be cleared. */
    _pixels: function ([, , wide, high]) {
      if (this.taken.length !== wide * high || this.turn === 255) {
        if (this.taken.length === wide * high) this.taken.fill(0);
        else this.taken = new Uint8Array(wide * high);
        this.turn = 0;
      }
      const turn = (this.turn += 1);
      return (px, py) => {
        const [tx, ty] = [Math.floor(px), Math.floor(py)];
        if (tx < 0 || ty < 0 || tx >= wide || ty >= high) return true;
        if (this.taken[ty * wide + tx] === turn) return false;
        this.taken[ty * wide + tx] = turn;
        return true;
      };
    },

    /* ---- land, coast, borders, names of countries ---- */

    _ground: function (context, frame, rim) {
      const { land, coast, borders, contested } = this.ground;
      const style = getComputedStyle(this._map.getContainer());
      const colour = (name) => style.getPropertyValue("--gd-" + name).trim();
      const cut = rim ? frame.whole : frame.view;
      context.setLineDash([]);
      context.fillStyle = colour("land");
      context.fill(this._outline(land, frame, cut, true));
      for (const [lines, name, weight, dash] of [
        [coast, "coast", 0.8, []], [borders, "border", 0.9, []], [contested, "soft", 1.1, [3, 4]],
      ]) {
        context.strokeStyle = colour(name);
        context.lineWidth = weight;
        context.setLineDash(dash);
        context.stroke(this._outline(lines, frame, cut, false));
      }
      this._countries(context, frame, cut, colour);
    },
    /* One path. Vertices `NEAR` the one before are left out, and of those beyond one side all but the
       first and last: what they would change of a filled ring lies beyond that side as well. */
    _outline: function (lines, { scale, x, y }, cut, closed) {
      const { xy, first, box } = lines;
      const path = new Path2D();
      const reach = [cut[0] - 4, cut[1] - 4, cut[2] + 4, cut[3] + 4];
      const shift = [x, y, x, y];
      const seen = reach.map((edge, i) => (edge + shift[i]) / scale);
      for (let p = 0; p + 1 < first.length; p += 1) {
        const b = 4 * p;
        const least = closed ? NEAR : 0; // pixels below which an island is not seen
        if (!meets(box, b, seen) || (box[b + 2] - box[b]) * scale < least) continue; // closed by fill()
        let [px, py, side] = [NaN, NaN, 0];
        let skipped = false;
        for (let i = 2 * first[p]; i < 2 * first[p + 1]; i += 2) {
          const nx = xy[i] * scale - x;
          const ny = xy[i + 1] * scale - y;
          const beside = beyond(nx, ny, reach);
          if (i === 2 * first[p]) path.moveTo(nx, ny);
          else if (beside & side) {
            skipped = true;
            [px, py, side] = [nx, ny, beside & side];
            continue;
          } else {
            const last = i === 2 * first[p + 1] - 2;
            if (!skipped && !last && Math.abs(nx - px) < NEAR && Math.abs(ny - py) < NEAR) continue;
            if (skipped && closed) path.lineTo(px, py);
            else if (skipped) path.moveTo(px, py);
            path.lineTo(nx, ny);
          }
          skipped = false;
          [px, py, side] = [nx, ny, beside];
        }
      }
      return path;
    },
    _countries: function (context, { scale, x, y }, cut, colour) {
      const least = 2200 / Math.pow(4, this._map.getZoom() - 1);
      context.font = "11px " + getComputedStyle(this._map.getContainer()).fontFamily;
      if ("letterSpacing" in context) context.letterSpacing = "0.9px";
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.setLineDash([]);
      context.lineJoin = "round";
      context.lineWidth = 2;
      context.strokeStyle = colour("halo");
      context.fillStyle = colour("country");
      for (const name of this.ground.names) {
        const [px, py] = [name.x * scale - x, name.y * scale - y];
        if (name.area < least || px < cut[0] - 90 || px > cut[2] + 90 || py < cut[1] - 9 || py > cut[3] + 9) continue;
        context.strokeText(name.text, px, py);
        context.fillText(name.text, px, py);
      }
      context.lineJoin = "bevel";
    },
    /* The lines under the pointer and of the panel, on the upper canvas. */
    mark: function () {
      const drawn = this.drawn;
      // An empty canvas of this size would still be laid over the page with every frame.
      this.top.hidden = !drawn || (this.state.chosen < 0 && this.state.hovered < 0);
      if (this.top.hidden) return;
      const context = this._clear(this.top);
      const glow = getComputedStyle(this._map.getContainer()).getPropertyValue("--gd-glow").trim();
      for (const [project, width] of [[this.state.chosen, 7], [this.state.hovered, 5]]) {
        if (project < 0) continue;
        const status = this.state.statuses[this.state.table.groups[project]];
        for (const [colour, weight] of [[glow, width], [status.colour, 2.5]]) {
          context.strokeStyle = colour;
          context.lineWidth = weight;
          context.beginPath();
          for (let i = 0; i < drawn.count; i += 1) {
            if (drawn.owner[i] !== project) continue;
            const [x, y] = [drawn.xy[2 * i], drawn.xy[2 * i + 1]];
            if (drawn.joins[i]) context.lineTo(x, y);
            else context.moveTo(x, y);
          }
          context.stroke();
        }
      }
    },
    /* Project near a point of the map's container. */
    find: function (point, reach) {
      if (!this.drawn) return -1;
      const at = this._map.containerPointToLayerPoint(point).subtract(this._bounds.min);
      return this.drawn.nearest(at.x, at.y, reach, this.size());
    },
  });

  G.WorldLines = Lines;
})();

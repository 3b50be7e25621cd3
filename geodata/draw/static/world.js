// @ts-check
/* Thousands of lines over typed arrays: unpacked on demand, drawn with the land on one canvas, found
   by a grid. What is in view is drawn at once, the rim around it, for dragging, when that is seen. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const REACH = { mouse: 7, touch: 18, centre: 48 }; // pixels within which a line is meant
  const CELL = 16; // pixels of the grid in which lines are sought
  const MOST = 8; // search results shown
  const NEAR = 1.5; // pixels; a vertex nearer to the one before is passed over
  const BATCH = 2000; // vertices in a path; longer ones are stroked more than linearly slower
  const RIM = 80; // ms after which the rim is drawn
  const OLD = "This browser is too old for this map: it cannot unpack its data (no " +
    "DecompressionStream). Use Chrome 80, Firefox 113, Safari 16.4 or newer.";
  const BROKEN = "The data of this page cannot be unpacked; the file seems to be damaged. Save it anew.";

  /* ---- unpacking: base64 -> gzip -> varints -> Web Mercator ---- */

  async function inflate(text) {
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = raw.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /* Returns the next number of the string each time; zig-zag decoding is up to the caller. */
  function reader(bytes) {
    let at = 0;
    return function () {
      let value = 0;
      let scale = 1;
      for (;;) {
        const byte = bytes[at];
        at += 1;
        value += (byte & 127) * scale;
        if (byte < 128) return value;
        scale *= 128;
      }
    };
  }

  const signed = (n) => (n % 2 ? -(n + 1) / 2 : n / 2);

  /* Vertices as fractions of the world square, x to the east, y to the south; parts by their first
     vertex (one more entry than parts), the project of each, and the box of each. */
  function unpack(bytes, decimals) {
    const next = reader(bytes);
    const parts = next();
    const first = new Uint32Array(parts + 1);
    const owner = new Uint32Array(parts);
    for (let i = 0; i < parts; i += 1) first[i + 1] = first[i] + next();
    let sum = 0;
    for (let i = 0; i < parts; i += 1) owner[i] = sum += signed(next());
    const xy = new Float32Array(2 * first[parts]);
    const scale = Math.pow(10, -decimals);
    let x = 0;
    let y = 0;
    for (let i = 0; i < xy.length; i += 2) {
      x += signed(next());
      y += signed(next());
      xy[i] = east(x * scale);
      xy[i + 1] = south(y * scale);
    }
    return { xy, first, owner, box: boxes(xy, first) };
  }

  const east = (lon) => 0.5 + lon / 360;

  function south(lat) {
    const sine = Math.sin((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180);
    return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
  }

  /* Lists of [latitude, longitude] in the form of unpacked lines. */
  function packed(lists) {
    const first = new Uint32Array(lists.length + 1);
    lists.forEach((list, p) => (first[p + 1] = first[p] + list.length));
    const xy = new Float32Array(2 * first[lists.length]);
    let at = 0;
    for (const list of lists) {
      for (const [lat, lon] of list) {
        xy[at++] = east(lon);
        xy[at++] = south(lat);
      }
    }
    return { xy, first, box: boxes(xy, first) };
  }

  function ring(numbers, arcs) {
    return numbers.flatMap((n) => (n >= 0 ? arcs[n] : arcs[~n].slice().reverse()).slice(0, -1));
  }

  /* Land as rings, coast and borders as lines, names of countries by their places. */
  function ground(data) {
    const arcs = data.arcs.map((arc) => G.points(arc, data.scale));
    const own = (pieces) => (pieces || []).map((piece) => G.points(piece, data.scale));
    const named = data.countries.filter((country) => country.area >= data.label_area);
    return {
      land: packed(data.countries.flatMap((c) => c.arcs.flatMap((rings) => rings.map((r) => ring(r, arcs))))),
      coast: packed(data.coast.map((n) => arcs[n])),
      borders: packed(data.borders.map((n) => arcs[n]).concat(own(data.pieces))),
      contested: packed(own(data.contested)),
      names: named.map((c) => ({ text: c.name.toUpperCase(), area: c.area, x: east(c.label[0]), y: south(c.label[1]) })),
    };
  }

  function boxes(xy, first) {
    const box = new Float32Array(4 * (first.length - 1));
    for (let p = 0; p + 1 < first.length; p += 1) {
      let west = 1;
      let north = 1;
      let east = 0;
      let south = 0;
      for (let i = 2 * first[p]; i < 2 * first[p + 1]; i += 2) {
        west = Math.min(west, xy[i]);
        east = Math.max(east, xy[i]);
        north = Math.min(north, xy[i + 1]);
        south = Math.max(south, xy[i + 1]);
      }
      box.set([west, north, east, south], 4 * p);
    }
    return box;
  }

  /* Parts by status, the last status first: what flows is drawn on top. */
  function grouped(lines, groups, count) {
    const found = Array.from({ length: count }, () => []);
    for (let p = 0; p < lines.owner.length; p += 1) found[groups[lines.owner[p]]].push(p);
    return found.map((list) => Uint32Array.from(list));
  }

  /* ---- what was drawn, in pixels, so that a line can be found ---- */

  class Drawn {
    constructor() {
      this.room(1 << 15);
      this.clear();
    }

    /* Kept from one drawing to the next: new arrays of this size would keep the collector busy. */
    clear() {
      this.count = 0;
      this.grid = null;
    }

    room(vertices) {
      const { xy, owner, joins } = this;
      this.xy = new Float32Array(2 * vertices);
      this.owner = new Int32Array(vertices);
      this.joins = new Uint8Array(vertices); // 1 where a segment leads here from the vertex before
      if (!xy) return;
      this.xy.set(xy);
      this.owner.set(owner);
      this.joins.set(joins);
    }

    add(x, y, owner, joins) {
      if (this.count === this.owner.length) this.room(2 * this.count);
      this.xy[2 * this.count] = x;
      this.xy[2 * this.count + 1] = y;
      this.owner[this.count] = owner;
      this.joins[this.count] = joins;
      this.count += 1;
    }

    /* Calls back with each cell that segment `i` may touch; marching by half a cell. */
    cells(i, wide, high, found) {
      const [ax, ay, bx, by] = this.xy.subarray(2 * i - 2, 2 * i + 2);
      const steps = Math.ceil(Math.max(Math.abs(bx - ax), Math.abs(by - ay)) / (CELL / 2)) || 1;
      let last = -1;
      for (let s = 0; s <= steps; s += 1) {
        const cx = Math.floor((ax + ((bx - ax) * s) / steps) / CELL);
        const cy = Math.floor((ay + ((by - ay) * s) / steps) / CELL);
        const cell = cy * wide + cx;
        if (cx < 0 || cy < 0 || cx >= wide || cy >= high || cell === last) continue;
        last = cell;
        found(cell);
      }
    }

    /* Segments by cell: counted first, then put in place. */
    index(width, height) {
      const wide = Math.ceil(width / CELL);
      const high = Math.ceil(height / CELL);
      const start = new Uint32Array(wide * high + 1);
      for (let i = 1; i < this.count; i += 1) {
        if (this.joins[i]) this.cells(i, wide, high, (cell) => (start[cell + 1] += 1));
      }
      for (let c = 0; c < wide * high; c += 1) start[c + 1] += start[c];
      const fill = start.slice();
      const segments = new Uint32Array(start[wide * high]);
      for (let i = 1; i < this.count; i += 1) {
        if (this.joins[i]) this.cells(i, wide, high, (cell) => (segments[fill[cell]++] = i));
      }
      this.grid = { wide, high, start, segments };
    }

    distance(i, x, y) {
      const [ax, ay, bx, by] = this.xy.subarray(2 * i - 2, 2 * i + 2);
      const dx = bx - ax;
      const dy = by - ay;
      const along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1);
      const t = Math.max(0, Math.min(1, along));
      return Math.hypot(ax + t * dx - x, ay + t * dy - y);
    }

    /* Project of the line nearest to a pixel, -1 if none within reach. */
    nearest(x, y, reach, size) {
      if (!this.grid) this.index(size.x, size.y);
      const { wide, high, start, segments } = this.grid;
      const ring = Math.ceil(reach / CELL) + 1;
      const [cx, cy] = [Math.floor(x / CELL), Math.floor(y / CELL)];
      let best = reach;
      let owner = -1;
      for (let row = Math.max(0, cy - ring); row <= Math.min(high - 1, cy + ring); row += 1) {
        const left = row * wide + Math.max(0, cx - ring);
        const right = row * wide + Math.min(wide - 1, cx + ring);
        for (let s = start[left]; s < start[right + 1]; s += 1) {
          const away = this.distance(segments[s], x, y);
          if (away < best) [best, owner] = [away, this.owner[segments[s]]];
        }
      }
      return owner;
    }
  }

  /* ---- the canvas; L.Renderer keeps it in place while the map is dragged and zoomed ---- */

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
      const drawn = this.drawn || new Drawn();
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

  /* ---- state: tiers, table, what is chosen ---- */

  function makeState(data) {
    const state = { statuses: data.statuses, tiers: data.tiers, table: null, chosen: -1, hovered: -1 };
    state.load = function (tier) {
      if (!tier.loading) {
        tier.loading = inflate(tier.blob).then((bytes) => {
          const lines = unpack(bytes, tier.decimals);
          lines.groups = grouped(lines, state.table.groups, state.statuses.length);
          tier.lines = lines;
          tier.blob = null;
        });
      }
      return tier.loading;
    };
    return state;
  }

  function paintStatuses(map, state) {
    const night = matchMedia("(prefers-color-scheme: dark)").matches;
    for (const status of state.statuses) {
      status.colour = night ? status.night : status.day;
      map.getContainer().style.setProperty("--gw-" + status.key, status.colour);
    }
  }

  /* ---- words about a project ---- */

  const statusOf = (state, project) =>
    state.table.statuses[project] || state.statuses[state.table.groups[project]].label;

  function rows(state, project) {
    const table = state.table;
    const facts = Object.entries(table.facts).map(([label, values]) => [label, values[project]]);
    const km = table.km[project];
    facts.push(["Length drawn", km === null ? "no line drawn" : G.number(km, 0) + " km"]);
    facts.push(["Remark", table.notes[project]]);
    return facts.filter(([, text]) => text);
  }

  function panel(map, state, choose) {
    const heading = G.el("h2", { tabindex: "-1", dir: "auto" });
    const code = G.el("p", { class: "gd-names" });
    const body = G.el("div", { class: "gd-panel-body" });
    const close = G.el("button", { type: "button", class: "gd-close", "aria-label": "Close" }, "×");
    const node = G.el("section", { class: "gd-panel gw-panel", "aria-label": "Pipeline", hidden: true }, [
      G.el("div", { class: "gd-panel-head" }, [G.el("div", {}, [heading, code]), close]), body,
    ]);
    L.DomEvent.disableClickPropagation(node);
    L.DomEvent.disableScrollPropagation(node);
    map.getContainer().append(node);
    close.addEventListener("click", () => choose(-1));
    node.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") choose(-1);
    });
    return function (project, focus) {
      const had = node.contains(document.activeElement);
      node.hidden = project < 0;
      map.getContainer().classList.toggle("gd-with-panel", project >= 0);
      if (project < 0) {
        if (had) map.getContainer().focus();
        return;
      }
      heading.replaceChildren(state.table.names[project]);
      code.replaceChildren(state.table.ids[project]);
      body.replaceChildren(...details(state, project));
      if (focus) heading.focus();
    };
  }

  function details(state, project) {
    const status = state.statuses[state.table.groups[project]];
    const url = state.table.urls[project];
    const list = rows(state, project).map(([label, text]) =>
      G.el("div", {}, [G.el("dt", {}, label), G.el("dd", { dir: "auto" }, text)]));
    return [
      G.el("p", { class: "gd-chips" }, [
        G.el("span", { class: "gd-chip gw-chip gw-" + status.key }, statusOf(state, project)),
      ]),
      G.el("dl", { class: "gd-facts" }, list),
      url ? G.el("p", { class: "gd-remark" }, G.link("Page of the project", url)) : null,
    ].filter(Boolean);
  }

  /* ---- legend with a box for each status ---- */

  function sample(status) {
    return G.svg("svg", { width: 34, height: 10, "aria-hidden": "true", class: "gw-" + status.key },
      G.svg("line", { x1: 2, x2: 32, y1: 5, y2: 5, class: "gw-sample",
        "stroke-dasharray": status.dash.join(" ") || null }));
  }

  function legend(map, state, lines) {
    const used = state.statuses.filter((status) => status.count);
    const boxes = used.map((status) => {
      const box = G.el("input", { type: "checkbox", checked: true });
      box.addEventListener("change", () => {
        status.hidden = !box.checked;
        lines.paint();
      });
      return G.el("li", {}, G.el("label", {}, [
        box, sample(status), G.el("span", {}, status.label), G.el("small", {}, G.number(status.count, 0)),
      ]));
    });
    const about = G.el("p", { class: "gd-soft" },
      "Projects by status, with and without a drawn line. Width has no meaning here.");
    G.card(map, "bottomleft", "Status", "gd-legend gw-legend", [G.el("ul", {}, boxes), about], true);
  }

  /* ---- search by name or id ---- */

  function find(keys, text) {
    const wanted = G.fold(text.trim());
    if (!wanted) return [];
    const found = [];
    for (let i = 0; i < keys.length; i += 1) {
      const at = keys[i].indexOf(wanted);
      if (at < 0) continue;
      const before = keys[i][at - 1];
      found.push([before === "\n" || at === 0 ? 0 : /[\s\-(]/.test(before) ? 1 : 2, i]);
    }
    return found.sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, MOST).map(([, i]) => i);
  }

  function search(map, state, show) {
    const id = "gw-found-" + L.stamp(map);
    const label = "Search pipelines by name or id";
    const list = G.el("ul", { id: id, role: "listbox", "aria-label": label, hidden: true });
    const input = G.el("input", {
      type: "search", role: "combobox", "aria-expanded": "false", "aria-controls": id, autocomplete: "off",
      "aria-autocomplete": "list", "aria-label": label, placeholder: "Name or id, e.g. Yamal",
    });
    const keys = () => (state.keys = state.keys ||
      state.table.names.map((name, i) => G.fold(state.table.ids[i] + "\n" + name)));
    let found = [];
    let chosen = 0;

    function entry(project, i) {
      const node = G.el("li", { role: "option", id: `${id}-${i}`, "aria-selected": String(i === chosen) }, [
        G.el("span", { dir: "auto" }, state.table.names[project]),
        G.el("small", {}, state.table.ids[project] + " · " + statusOf(state, project)),
      ]);
      node.addEventListener("mousedown", (event) => event.preventDefault());
      node.addEventListener("click", () => take(project));
      return node;
    }
    function draw() {
      const open = Boolean(input.value.trim());
      list.replaceChildren(...found.map(entry));
      if (open && !found.length) {
        list.append(G.el("li", { class: "gd-soft", role: "option", "aria-disabled": "true" }, "Nothing found"));
      }
      list.hidden = !open;
      input.setAttribute("aria-expanded", String(open));
      if (found.length) input.setAttribute("aria-activedescendant", `${id}-${chosen}`);
      else input.removeAttribute("aria-activedescendant");
    }
    function take(project) {
      input.value = "";
      found = [];
      draw();
      show(project);
    }
    function update() {
      found = find(keys(), input.value);
      chosen = 0;
      draw();
    }
    const actions = {
      ArrowDown: () => (chosen = (chosen + 1) % found.length),
      ArrowUp: () => (chosen = (chosen + found.length - 1) % found.length),
    };
    input.addEventListener("input", update);
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") input.value = "";
      if (event.key === "Escape") update();
      if (!found.length) return;
      if (actions[event.key]) {
        event.preventDefault();
        actions[event.key]();
        draw();
      } else if (event.key === "Enter") {
        event.preventDefault();
        take(found[chosen]);
      }
    });
    input.addEventListener("blur", () => (list.hidden = true));
    input.addEventListener("focus", draw);
    G.control(map, "topleft", G.el("div", { class: "gd-card gd-search", role: "search" }, [input, list]));
  }

  /* ---- pointer and keyboard ---- */

  function hover(map, state, lines) {
    const tip = L.tooltip({ className: "gd-tip", direction: "top", offset: [0, -8] });
    let last = null;
    function look() {
      const event = last;
      last = null;
      if (!event) return;
      const project = map.dragging.moving() ? -1 : lines.find(event.containerPoint, REACH.mouse);
      if (project !== state.hovered) {
        state.hovered = project;
        map.getContainer().classList.toggle("gw-over", project >= 0);
        lines.mark();
      }
      if (project < 0) return map.removeLayer(tip);
      const text = G.el("div", {}, [
        G.el("strong", { dir: "auto" }, state.table.names[project]),
        G.el("span", { class: "gd-line gd-soft" }, state.table.ids[project] + " · " + statusOf(state, project)),
      ]);
      tip.setLatLng(event.latlng).setContent(text).addTo(map);
    }
    map.on("mousemove", (event) => {
      if (!last) requestAnimationFrame(look);
      last = event;
    });
    map.on("mouseout movestart zoomstart", () => {
      last = null;
      state.hovered = -1;
      map.removeLayer(tip);
      map.getContainer().classList.remove("gw-over");
      if (lines.drawn) lines.mark();
    });
  }

  /* Enter on the map takes the line nearest to its centre, where a cross is shown. */
  function keyboard(map, lines, choose) {
    const box = map.getContainer();
    box.setAttribute("role", "application");
    box.setAttribute("aria-label", "Map of pipelines. Arrow keys move, plus and minus zoom, " +
      "Enter takes the line nearest to the centre, Escape closes the panel.");
    box.append(G.el("div", { class: "gw-cross", "aria-hidden": "true" }));
    box.addEventListener("keydown", (event) => {
      if (event.target !== box) return;
      if (event.key === "Escape") choose(-1);
      if (event.key === "Enter") {
        const project = lines.find(map.getSize().divideBy(2), REACH.centre);
        if (project >= 0) choose(project, true);
      }
    });
  }

  function fly(map, box, wide) {
    if (!box) return;
    map.fitBounds([[box[1], box[0]], [box[3], box[2]]], {
      paddingTopLeft: [30, 60], maxZoom: 9,
      paddingBottomRight: wide ? [390, 40] : [30, map.getSize().y * 0.5],
    });
  }

  /* ---- putting it together ---- */

  function say(map, text, role) {
    const node = G.el("div", { class: "gd-card gw-say", role: role }, text);
    map.getContainer().append(node);
    return node;
  }

  async function start(map, data, state, lines) {
    state.table = JSON.parse(new TextDecoder().decode(await inflate(data.table)));
    await state.load(state.tiers[0]);
    lines.addTo(map);
    const show = panel(map, state, choose);
    const live = G.el("div", { class: "gw-hidden", "aria-live": "polite" }, data.summary);
    map.getContainer().append(live);
    function choose(project, focus) {
      state.chosen = project;
      show(project, focus);
      live.textContent = project < 0 ? "" : state.table.names[project] + ", " + statusOf(state, project);
      lines.mark();
    }
    search(map, state, function (project) {
      fly(map, state.table.boxes[project], map.getSize().x > 640);
      choose(project, true);
    });
    legend(map, state, lines);
    hover(map, state, lines);
    keyboard(map, lines, choose);
    map.on("click", (event) => {
      const touch = event.originalEvent && event.originalEvent.pointerType === "touch";
      choose(lines.find(event.containerPoint, touch ? REACH.touch : REACH.mouse), false);
    });
  }

  /* The land waits for the first frame: what can be read and clicked comes first. */
  G.ground = function (map, data) {
    if (map.attributionControl) map.attributionControl.addAttribution(G.escape(data.attribution));
    if (!map.geodrawWorld) return;
    const { lines, ready } = map.geodrawWorld;
    ready.then(() => requestAnimationFrame(() => setTimeout(() => {
      lines.ground = ground(data);
      lines.paint();
    }, 0)), () => {});
  };

  G.world = function (map, data) {
    const state = makeState(data);
    map.getContainer().classList.add("gd-map", "gw-map");
    map.createPane("gd-world").style.zIndex = 400;
    map.getPane("gd-world").style.pointerEvents = "none";
    if (map.attributionControl) {
      map.attributionControl.setPrefix(false);
      map.attributionControl.addAttribution(G.escape(data.attribution));
    }
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
    map.fitBounds(data.bounds, { animate: false });
    paintStatuses(map, state);
    if (typeof DecompressionStream === "undefined") {
      say(map, OLD, "alert");
      return;
    }
    const lines = new Lines(state);
    map.geodrawWorld = { state, lines };
    const wait = say(map, "Unpacking lines …", "status");
    map.geodrawWorld.ready = start(map, data, state, lines).then(() => wait.remove(), (error) => {
      wait.remove();
      say(map, BROKEN, "alert");
      throw error;
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      paintStatuses(map, state);
      lines.paint();
    });
  };
})();

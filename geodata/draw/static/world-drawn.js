// @ts-check
/* What the world map has drawn, in pixels, so that the line under a pointer is found by a grid. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const CELL = 16; // pixels of the grid in which lines are sought

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

  G.Drawn = Drawn;
})();

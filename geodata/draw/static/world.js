// @ts-check
/* The world map: thousands of lines over typed arrays, unpacked on demand, drawn with the land on one
   canvas, found by a grid. Here state, pointer and keyboard; the rest stands in world-*.js. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const { unpackWorld } = G;
  const REACH = { mouse: 7, touch: 18, centre: 48 }; // pixels within which a line is meant
  const OLD = "This browser is too old for this map: it cannot unpack its data (no " +
    "DecompressionStream). Use Chrome 80, Firefox 113, Safari 16.4 or newer.";
  const BROKEN = "The data of this page cannot be unpacked; the file seems to be damaged. Save it anew.";

  function makeState(data) {
    const state = { statuses: data.statuses, tiers: data.tiers, table: null, chosen: -1, hovered: -1 };
    state.load = function (tier) {
      if (!tier.loading) {
        tier.loading = unpackWorld.inflate(tier.blob).then((bytes) => {
          const lines = unpackWorld.unpack(bytes, tier.decimals);
          lines.groups = unpackWorld.grouped(lines, state.table.groups, state.statuses.length);
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
        G.el("span", { class: "gd-line gd-soft" }, state.table.ids[project] + " · " + G.worldStatus(state, project)),
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
    state.table = JSON.parse(new TextDecoder().decode(await unpackWorld.inflate(data.table)));
    await state.load(state.tiers[0]);
    lines.addTo(map);
    const show = G.worldPanel(map, state, choose);
    const live = G.el("div", { class: "gw-hidden", "aria-live": "polite" }, data.summary);
    map.getContainer().append(live);
    function choose(project, focus) {
      state.chosen = project;
      show(project, focus);
      live.textContent = project < 0 ? "" : state.table.names[project] + ", " + G.worldStatus(state, project);
      lines.mark();
    }
    G.worldSearch(map, state, function (project) {
      fly(map, state.table.boxes[project], map.getSize().x > 640);
      choose(project, true);
    });
    G.worldLegend(map, state, lines);
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
      lines.ground = unpackWorld.ground(data);
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
    const lines = new G.WorldLines(state);
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

/* Find a line or a place by name in any of its languages. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const MOST = 8;

  function entries(model, places) {
    const lines = model.lines.map((line) => ({
      get text() { return line.name; },
      get more() { return line.names.map(([, name]) => name).join(" · "); },
      keys: [line.data.name, line.id, ...line.data.names.map(([, name]) => name)].map(G.fold),
      line: line,
    }));
    return lines.concat(places.map((place) => ({
      text: place.name,
      more: [place.about, ...(place.names || [])].filter(Boolean).join(" · "),
      keys: [place.name, ...(place.names || [])].map(G.fold),
      place: place,
    })));
  }

  /* Starts of names before starts of words before anything else. */
  function rank(keys, wanted) {
    let best = 9;
    for (const key of keys) {
      const at = key.indexOf(wanted);
      if (at === 0) best = Math.min(best, 0);
      else if (at > 0) best = Math.min(best, /[\s\-(]/.test(key[at - 1]) ? 1 : 2);
    }
    return best;
  }

  function find(all, text) {
    const wanted = G.fold(text.trim());
    if (!wanted) return [];
    return all.map((entry) => [rank(entry.keys, wanted), entry]).filter(([r]) => r < 9)
      .sort((a, b) => a[0] - b[0]).slice(0, MOST).map(([, entry]) => entry);
  }

  function show(map, model, entry) {
    if (entry.line) {
      if (entry.line.parts.length) {
        model.select(entry.line, true); // first, so that the panel is counted
        model.frame([entry.line], 6);
        return;
      }
      model.select(entry.line, true);
      return;
    }
    map.setView([entry.place.lat, entry.place.lon], Math.max(map.getZoom(), 6));
    const text = G.el("strong", {}, entry.place.name);
    L.popup({ className: "gd-pop", closeButton: false }).setLatLng([entry.place.lat, entry.place.lon])
      .setContent(text).openOn(map);
  }

  G.search = function (map, options) {
    const model = G.model(map);
    map.geodrawPlaces = options.places;
    let all = null; // made when first asked for
    const id = "gd-found-" + L.stamp(map);
    const list = G.el("ul", { id: id, role: "listbox", "t:aria-label": options.label, hidden: true });
    const input = G.el("input", {
      type: "search", role: "combobox", "aria-expanded": "false", "aria-controls": id, autocomplete: "off",
      "aria-autocomplete": "list", "t:aria-label": options.label, "t:placeholder": options.placeholder,
    });
    let found = [];
    let chosen = -1;

    function draw() {
      list.replaceChildren(...found.map((entry, i) => {
        const item = G.el("li", {
          role: "option", id: `${id}-${i}`, "aria-selected": String(i === chosen),
        }, [G.el("span", { dir: "auto" }, entry.text), entry.more ? G.el("small", {}, entry.more) : null]);
        item.addEventListener("mousedown", (event) => event.preventDefault());
        item.addEventListener("click", () => take(entry));
        return item;
      }));
      if (!found.length && input.value.trim()) {
        list.append(G.el("li", { class: "gd-soft", role: "option", "aria-disabled": "true" }, G.t(options.none)));
      }
      const open = Boolean(input.value.trim());
      list.hidden = !open;
      input.setAttribute("aria-expanded", String(open));
      if (chosen >= 0) input.setAttribute("aria-activedescendant", `${id}-${chosen}`);
      else input.removeAttribute("aria-activedescendant");
    }
    function take(entry) {
      input.value = "";
      found = [];
      draw();
      show(map, model, entry);
    }
    input.addEventListener("input", () => {
      all = all || entries(model, options.places);
      found = find(all, input.value);
      chosen = -1;
      draw();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Tab") event.stopPropagation();
      const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (move && found.length) {
        event.preventDefault();
        chosen = (chosen + move + found.length) % found.length;
        draw();
      } else if (event.key === "Enter" && found.length) {
        event.preventDefault();
        take(found[Math.max(0, chosen)]);
      } else if (event.key === "Escape") {
        input.value = "";
        found = [];
        draw();
      }
    });
    input.addEventListener("blur", () => (list.hidden = true));
    input.addEventListener("focus", draw);
    G.control(map, "topleft", G.el("div", { class: "gd-card gd-search", role: "search" }, [input, list]));
  };
})();

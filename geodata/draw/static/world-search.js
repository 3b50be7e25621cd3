// @ts-check
/* Search of the world map, by name or id. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const MOST = 8; // search results shown

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
        G.el("small", {}, state.table.ids[project] + " · " + G.worldStatus(state, project)),
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

  G.worldSearch = search;
})();

// @ts-check
/* The few words of jQuery that folium's templates speak, so that popups work without the library. */
(function () {
  "use strict";
  if (window.jQuery) return;
  function wrap(nodes) {
    nodes.ready = function (action) {
      if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", action);
      else action();
      return nodes;
    };
    nodes.show = () => wrap(nodes.map((node) => ((node.style.display = ""), node)));
    nodes.hide = () => wrap(nodes.map((node) => ((node.style.display = "none"), node)));
    return nodes;
  }
  window.$ = function (what) {
    if (typeof what === "function") return wrap([document]).ready(what);
    if (typeof what !== "string") return wrap([what]);
    if (!what.trim().startsWith("<")) return wrap([...document.querySelectorAll(what)]);
    const holder = document.createElement("template");
    holder.innerHTML = what.trim();
    return wrap([...holder.content.childNodes].map((node) => document.adoptNode(node)));
  };
  window.$.extend = (first, ...parts) => Object.assign(first, ...parts);
})();

// @ts-check
/* folium.Icon asks for L.AwesomeMarkers and an icon font; here a plain pin in the same colour. */
(function () {
  "use strict";
  const COLOURS = {
    red: "#d63e2a", darkred: "#a23336", lightred: "#ff8e7f", orange: "#f69730", beige: "#ffcb92",
    green: "#72b026", darkgreen: "#728224", lightgreen: "#bbf970", blue: "#38aadd", darkblue: "#00649f",
    cadetblue: "#436978", lightblue: "#8adaff", purple: "#d152b8", darkpurple: "#5b396b",
    pink: "#ff91ea", white: "#fbfbfb", gray: "#575757", lightgray: "#a3a3a3", black: "#303030",
  };
  L.AwesomeMarkers = {
    icon: function (options) {
      const names = "http://www.w3.org/2000/svg";
      const pin = document.createElementNS(names, "svg");
      pin.setAttribute("viewBox", "0 0 26 38");
      pin.setAttribute("width", "26");
      pin.setAttribute("height", "38");
      const body = document.createElementNS(names, "path");
      body.setAttribute("d", "M13 1a12 12 0 0 1 12 12c0 8-9 15-12 24C10 28 1 21 1 13A12 12 0 0 1 13 1Z");
      body.setAttribute("fill", COLOURS[options.markerColor] || COLOURS.blue);
      body.setAttribute("stroke", "rgba(0,0,0,.45)");
      const eye = document.createElementNS(names, "circle");
      eye.setAttribute("cx", "13");
      eye.setAttribute("cy", "13");
      eye.setAttribute("r", "4.5");
      eye.setAttribute("fill", COLOURS[options.iconColor] || options.iconColor || "white");
      pin.append(body, eye);
      return L.divIcon({
        className: "gd-pin", html: pin, iconSize: [26, 38], iconAnchor: [13, 38], popupAnchor: [0, -34],
      });
    },
  };
})();

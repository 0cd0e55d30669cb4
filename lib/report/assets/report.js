"use strict";
// Draws every figure of the report with the library above, in the colours of the reader's light or dark. Where this does
// not run (a mail preview, a strict viewer), and on paper, the picture that stands beside each figure is seen instead.
(() => {
  const told = (id) => JSON.parse(document.getElementById(id).textContent);
  const colours = told("colours");
  const isDark = matchMedia("(prefers-color-scheme: dark)");
  // Names and numbers are data, not style: they keep a text that looks like a placeholder.
  const data = new Set(["customdata", "x", "y", "ids"]);
  const placeholder = /#0000[0-3][0-9]/g;
  const real = (value, own) => {
    if (typeof value === "string") return value.replace(placeholder, (one) => own[one] || one);
    if (Array.isArray(value)) return value.map((one) => real(one, own));
    if (value === null || typeof value !== "object") return value;
    const done = {};
    for (const [key, one] of Object.entries(value)) done[key] = data.has(key) ? one : real(one, own);
    return done;
  };
  const config = {
    displaylogo: false,
    responsive: true,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
    toImageButtonOptions: { format: "svg", filename: "pound-for-pound" },
  };
  const draw = async (figure) => {
    const plot = figure.querySelector(".plot");
    const spec = real(told(figure.dataset.spec), colours[isDark.matches ? "dark" : "light"]);
    figure.classList.add("drawn");
    try {
      await Plotly.react(plot, spec.data, spec.layout, config);
    } catch (trouble) {
      figure.classList.remove("drawn");
      console.error(trouble);
    }
  };
  const all = [...document.querySelectorAll("figure[data-spec]")];
  const drawAll = () => Promise.all(all.map(draw)).then(() => { document.documentElement.dataset.drawn = "yes"; });
  isDark.addEventListener("change", drawAll);
  drawAll();
})();

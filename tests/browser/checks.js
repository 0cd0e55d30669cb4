// What a reader can see of a page, as lists of sentences about what is wrong. Read by checks.py.
(() => {
  const MAIN = "[data-testid=stMain]";
  const main = () => document.querySelector(MAIN) || document.body;
  const all = (selector, within) => [...(within || main()).querySelectorAll(selector)];
  const short = (text) => (text || "").trim().replace(/\s+/g, " ").slice(0, 60);
  const isShown = (element) => {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    return box.width > 0 && box.height > 0 && style.visibility !== "hidden" && Number(style.opacity) > 0.05;
  };

  // Corners of a text on the screen, turned as the text is; less the air above and below the letters.
  const AIR = 0.18;
  const corners = (text) => {
    const box = text.getBBox(), to = text.getScreenCTM();
    if (!to || !box.width || !box.height) return null;
    const x0 = box.x + 1, x1 = box.x + box.width - 1;
    const n = Math.max(1, text.querySelectorAll("tspan.line").length);
    const air = (box.height / n) * AIR, y0 = box.y + air, y1 = box.y + box.height - air;
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]].map(([x, y]) => [to.a * x + to.c * y + to.e, to.b * x + to.d * y + to.f]);
  };
  // Two convex shapes overlap unless some edge of one parts them.
  const overlap = (one, other) => {
    for (const shape of [one, other]) {
      for (let i = 0; i < shape.length; i++) {
        const [x0, y0] = shape[i], [x1, y1] = shape[(i + 1) % shape.length];
        const along = (points) => points.map(([x, y]) => (x - x0) * (y0 - y1) + (y - y0) * (x1 - x0));
        const a = along(one), b = along(other);
        if (Math.max(...a) <= Math.min(...b) || Math.max(...b) <= Math.min(...a)) return false;
      }
    }
    return true;
  };
  const LABELS = "text.annotation-text, [class$=tick] > text, .g-xtitle text, .g-ytitle text, .textpoint text, .colorbar text, .legendtext";
  const labels = (plot) =>
    all(LABELS, plot)
      .filter((text) => short(text.textContent) && isShown(text))
      .map((text) => ({ words: short(text.textContent), shape: corners(text) }))
      .filter((label) => label.shape);

  // What stands in something that is folded up is not drawn.
  const isOpen = (element) => element.closest("details:not([open])") === null;
  const plots = () => all(".js-plotly-plot").filter((plot) => plot._fullLayout && isOpen(plot));
  const grids = () => all("[data-testid=stDataFrame]").filter(isOpen);
  const named = (element) => {
    const owner = element.closest("[role=figure], figure, [role=img]");
    return owner ? owner.getAttribute("aria-label") || "" : "";
  };
  const titleOf = (axis) => {
    const text = (axis.title && axis.title.text) || "";
    return text.startsWith("Click to enter") ? "" : text;
  };
  const axes = (plot) =>
    Object.keys(plot._fullLayout)
      .filter((key) => /^[xy]axis\d*$/.test(key))
      .map((key) => plot._fullLayout[key])
      .filter((axis) => axis.visible && axis.showticklabels && axis._vals && axis._vals.length);

  // Text on the screen without what is shown as code, and without what stands in pictures and tables (asked for apart).
  const CODE = "code, pre, [data-testid=stJson], canvas, svg, style, script, input, textarea";
  const words = () => {
    const found = [];
    for (const root of [main(), document.querySelector("[data-testid=stSidebar]")]) {
      if (!root) continue;
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const owner = walker.currentNode.parentElement;
        if (owner && !owner.closest(CODE) && short(walker.currentNode.nodeValue)) found.push(walker.currentNode.nodeValue);
      }
    }
    for (const plot of plots()) {
      found.push(...all("text", plot).map((text) => text.textContent));
      for (const trace of plot._fullData) found.push(...[trace.hovertext, trace.text].flat().filter((t) => typeof t === "string"));
    }
    return found;
  };
  const headings = () => grids().flatMap((grid) => all("[role=columnheader]", grid).map((cell) => cell.textContent));
  const cells = () => grids().flatMap((grid) => all("[role=gridcell]", grid).map((cell) => cell.textContent));

  const hasBorder = (element) => {
    const style = getComputedStyle(element);
    const sides = ["Top", "Right", "Bottom", "Left"].filter((side) => {
      const clear = /, 0\)$|transparent/.test(style[`border${side}Color`]);
      return parseFloat(style[`border${side}Width`]) > 0 && style[`border${side}Style`] !== "none" && !clear;
    });
    return sides.length === 4;
  };
  const CONTENT = "input, textarea, select, button, canvas, svg, img, video, iframe";

  window.seen = {
    sideways: () => {
      const root = document.documentElement, place = main();
      const found = [];
      if (root.scrollWidth > window.innerWidth) found.push(`the page is ${root.scrollWidth} px wide in a window of ${window.innerWidth}`);
      if (place.scrollWidth > place.clientWidth) found.push(`the main part is ${place.scrollWidth} px wide in a place of ${place.clientWidth}`);
      return found;
    },
    unnamed: () => [
      ...plots().filter((plot) => !short(named(plot))).map(() => "a figure has no alternative text"),
      ...grids()
        .filter((grid) => !all("[role=region]", grid).some((region) => short(region.getAttribute("aria-label"))))
        .map((grid) => `a table has no alternative text: ${short(grid.textContent)}`),
    ],
    axes: () =>
      plots().flatMap((plot) =>
        axes(plot).map((axis) => ({ figure: short(named(plot)), axis: axis._name, type: axis.type, title: titleOf(axis) })),
      ),
    overlaps: () =>
      plots().flatMap((plot) => {
        const found = labels(plot), told = [];
        found.forEach((one, i) => {
          for (const other of found.slice(i + 1))
            if (overlap(one.shape, other.shape)) told.push(`“${one.words}” and “${other.words}” overlap in: ${short(named(plot))}`);
        });
        return told;
      }),
    cut: () =>
      plots().flatMap((plot) => {
        const edge = plot.querySelector("svg.main-svg").getBoundingClientRect();
        return labels(plot)
          .filter(({ shape }) => shape.some(([x, y]) => x < edge.left - 2 || x > edge.right + 2 || y < edge.top - 2 || y > edge.bottom + 2))
          .map(({ words }) => `“${words}” is cut by the edge of: ${short(named(plot))}`);
      }),
    tracebacks: () => all("[data-testid=stException]", document).map((box) => `an exception is shown: ${short(box.textContent)}`),
    words, headings, cells,
    untold: () => {
      const tables = all("[data-testid=stDataFrame], [data-testid=stTable]");
      const follows = (plot, table) => plot.compareDocumentPosition(table) & Node.DOCUMENT_POSITION_FOLLOWING;
      return plots().filter((plot) => !tables.some((table) => follows(plot, table))).map((plot) => `no table stands under: ${short(named(plot))}`);
    },
    empty: () => [
      ...all("*")
        .filter((box) => !box.closest("svg, canvas, [data-baseweb], button, [role=slider], [role=radiogroup]") && !box.matches(CONTENT))
        .filter((box) => hasBorder(box) && isShown(box) && box.getBoundingClientRect().height > 6)
        .filter((box) => !short(box.textContent) && !box.querySelector(CONTENT))
        .map((box) => `an empty box: ${box.outerHTML.slice(0, 120)}`),
      ...all("[data-testid=stPlotlyChart]").filter((chart) => chart.getBoundingClientRect().height < 40).map((chart) => `a figure without height: ${short(chart.getAttribute("aria-label"))}`),
      ...grids()
        .filter((grid) => !all("[role=gridcell]", grid).length)
        .map((grid) => `a table without rows: ${short(grid.textContent)}`),
      ...all("h2, h3, h4").filter((title) => isShown(title) && !short(title.textContent)).map(() => "a heading without words"),
    ],
    headingsOfPage: () => all("h1", document).filter(isShown).map((title) => short(title.textContent)),
    links: () => all("a[href]", document).map((link) => link.href),
    isDrawn: () => {
      if (all("[data-testid=stSkeleton], [data-stale=true]").some(isShown)) return false;
      if (document.fonts.status !== "loaded") return false;
      const charts = all("[data-testid=stPlotlyChart]").filter(isOpen);
      const isReady = (chart) => {
        const plot = chart.querySelector(".js-plotly-plot");
        const svg = plot && plot.querySelector("svg.main-svg");
        return plot && plot.calcdata && svg && Math.abs(Number(svg.getAttribute("width")) - chart.clientWidth) < 2;
      };
      return charts.every(isReady) && grids().every((grid) => grid.querySelector("[role=columnheader]"));
    },
  };
})();

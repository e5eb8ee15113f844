// Draws the page's charts in the colours of its theme, and again when the theme or the room for them changes.
(() => {
  "use strict";
  const root = document.documentElement;
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const figures = [...document.querySelectorAll("figure[data-chart]")].map((element) => ({
    element,
    plot: element.querySelector(".plot"),
    spec: JSON.parse(element.querySelector("script").textContent),
    hidden: new Set(),
    width: 0,
  }));

  // Colours are named in the charts' data; what people wrote is never under these keys.
  const COLOR_KEYS = new Set(["color", "fillcolor", "bgcolor", "bordercolor", "colorscale", "linecolor", "gridcolor"]);

  function color(name, styles) {
    const found = /^@([a-z0-9-]+)(?:\/(\d+))?$/.exec(name);
    if (!found) return name;
    const hex = styles.getPropertyValue("--" + found[1]).trim();
    if (found[2] === undefined) return hex;
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    return `rgba(${r},${g},${b},${found[2] / 100})`;
  }

  function painted(value, styles, isColor) {
    if (typeof value === "string") return isColor ? color(value, styles) : value;
    if (Array.isArray(value)) {
      if (!isColor && (value.length === 0 || typeof value[0] !== "object")) return value;
      return value.map((item) => painted(item, styles, isColor));
    }
    if (value === null || typeof value !== "object") return value;
    const entries = Object.entries(value);
    return Object.fromEntries(entries.map(([key, item]) => [key, painted(item, styles, COLOR_KEYS.has(key))]));
  }

  function axis(own, styles, narrow) {
    const at = (name) => color(name, styles);
    const title = own && own.title ? { ...own.title, standoff: 8, font: { size: 13, color: at("@ink2") } } : undefined;
    const base = {
      gridcolor: at("@grid"), zerolinecolor: at("@line"), linecolor: at("@line"), automargin: true, fixedrange: true,
      separatethousands: true, ticks: "", tickcolor: at("@line"), nticks: narrow ? 5 : 9, zeroline: false,
    };
    return { ...base, ...own, ...(title ? { title } : {}) };
  }

  function layoutOf(figure, styles) {
    const at = (name) => color(name, styles);
    const own = painted(figure.spec.layout, styles, false);
    const narrow = figure.width < 560;
    const height = Number(figure.plot.dataset.height);
    const layout = {
      ...own,
      width: figure.width,
      height: narrow ? Math.round(Math.min(height * 0.9, figure.width * 1.15)) : height,
      font: { family: getComputedStyle(document.body).fontFamily, size: narrow ? 11 : 13, color: at("@ink2") },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      showlegend: false,
      hovermode: own.hovermode || "closest",
      dragmode: false,
      separators: ".,",
      margin: { l: 8, r: narrow ? 10 : 16, t: own.annotations && own.annotations.length ? 22 : 8, b: 8, ...own.margin },
      hoverlabel: { bgcolor: at("@card"), bordercolor: at("@line"), font: { color: at("@ink"), size: 13 }, namelength: 30 },
    };
    for (const name of Object.keys(own)) if (/^[xy]axis\d*$/.test(name)) layout[name] = axis(own[name], styles, narrow);
    for (const name of ["xaxis", "yaxis"]) if (!layout[name]) layout[name] = axis({}, styles, narrow);
    return layout;
  }

  async function draw(figure) {
    figure.width = Math.floor(figure.plot.clientWidth);
    if (figure.width === 0) return;
    try {
      const styles = getComputedStyle(root);
      const data = painted(figure.spec.data, styles, false);
      data.forEach((trace, place) => {
        if (figure.hidden.has(place)) trace.visible = false;
        const sizes = trace.marker && trace.marker.size;
        if (figure.width < 560 && Array.isArray(sizes)) trace.marker.size = sizes.map((size) => size * 0.6);
      });
      const config = { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false, showTips: false };
      await Plotly.react(figure.plot, data, layoutOf(figure, styles), config);
      figure.element.dataset.drawn = "1";
    } catch (error) {
      figure.element.dataset.failed = String(error);
      console.error("the figure " + figure.element.id + " cannot be drawn", error);
    }
  }

  async function drawAll() {
    for (const figure of figures) await draw(figure);
    root.dataset.ready = "1";
  }

  for (const figure of figures) {
    for (const button of figure.element.querySelectorAll(".legend button")) {
      button.addEventListener("click", () => {
        const shown = button.getAttribute("aria-pressed") === "false";
        button.setAttribute("aria-pressed", String(shown));
        for (const place of button.dataset.traces.split(",").map(Number)) {
          if (shown) figure.hidden.delete(place); else figure.hidden.add(place);
        }
        draw(figure);
      });
    }
  }

  const button = document.getElementById("theme");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);
  const nameButton = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    nameButton();
    drawAll();
  });
  prefersDark.addEventListener("change", () => { nameButton(); drawAll(); });
  nameButton();

  let waiting = 0;
  const watch = new ResizeObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      for (const figure of figures) if (Math.floor(figure.plot.clientWidth) !== figure.width) draw(figure);
    }, 100);
  });
  for (const figure of figures) watch.observe(figure.plot);

  // Paper is light, whatever the screen is.
  let before;
  addEventListener("beforeprint", () => { before = root.dataset.theme; root.dataset.theme = "light"; drawAll(); });
  addEventListener("afterprint", () => {
    if (before === undefined) delete root.dataset.theme; else root.dataset.theme = before;
    drawAll();
  });

  drawAll();
})();

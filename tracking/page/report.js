"use strict";
(() => {
  const root = document.documentElement;
  const plots = [...document.querySelectorAll(".plot")];
  const media = matchMedia("(prefers-color-scheme: dark)");
  const touch = matchMedia("(pointer: coarse)").matches;
  const store = {
    get: () => { try { return localStorage.getItem("solv-theme"); } catch { return null; } },
    set: (value) => { try { localStorage.setItem("solv-theme", value); } catch { /* a page from a file may have no storage */ } },
  };
  const dark = () => root.dataset.theme === "dark";
  const say = (text) => { document.getElementById("status").textContent = text; };
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  function specification(plot) {
    plot.specification ??= JSON.parse(document.getElementById(plot.dataset.figure).textContent);
    return plot.specification;
  }

  function coloured(trace) {
    const colour = dark() ? trace.meta.dark : trace.meta.light;
    if (!colour) return trace;
    if (trace.line) trace.line.color = colour;
    if (trace.marker) trace.marker.color = colour;
    if (trace.error_y) trace.error_y.color = colour;
    return trace;
  }

  function dressed(layout) {
    const soft = css("--soft"), grid = css("--grid"), line = css("--line");
    const axis = (own) => ({
      ...own, gridcolor: grid, linecolor: line, zeroline: false, showline: true, ticks: "outside", ticklen: 4, tickcolor: line, automargin: true,
      title: { ...own.title, standoff: 10, font: { size: 12.5 } },
    });
    const dressing = {
      ...layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: layout.coloraxis ? (dark() ? "#83868d" : "#cfccc5") : "rgba(0,0,0,0)", margin: { l: 8, r: 10, t: 8, b: 8 },
      font: { family: css("--sans"), size: 11.5, color: soft }, dragmode: touch ? false : "zoom",
      modebar: { bgcolor: "rgba(0,0,0,0)", color: soft, activecolor: css("--ink") },
      xaxis: axis(layout.xaxis), yaxis: axis(layout.yaxis),
      hoverlabel: { bgcolor: css("--raised"), bordercolor: soft, font: { family: css("--sans"), size: 12.5, color: css("--ink") }, align: "left", namelength: -1 },
      shapes: layout.shapes.map((shape) => ({ ...shape, line: { ...shape.line, color: soft } })),
      annotations: layout.annotations.map((note) => ({ ...note, font: { size: 10.5, color: soft } })),
    };
    if (layout.coloraxis) dressing.coloraxis = { ...layout.coloraxis, colorbar: { ...layout.coloraxis.colorbar, tickcolor: soft } };
    return dressing;
  }

  function drawPlot(plot) {
    const { data, layout } = specification(plot);
    const shown = data.map((trace) => ({ ...coloured(trace), visible: plot.hiddenSeries?.has(trace.meta.series) ? "legendonly" : true }));
    plot.drawn = true;
    return Plotly.react(plot, shown, dressed(structuredClone(layout)), {
      responsive: true, displaylogo: false, displayModeBar: touch ? false : "hover", scrollZoom: false,
      // Named one by one: plotly's own set has a button that sends the chart to its makers' servers.
      modeBarButtons: [["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"]], plotlyServerURL: "",
    });
  }

  function seriesButtons(plot) {
    const list = plot.parentElement.querySelector(".series");
    if (list.children.length) { list.querySelectorAll("i").forEach((swatch) => swatch.style.setProperty("--swatch", swatch.dataset[dark() ? "dark" : "light"])); return; }
    const groups = new Map();
    for (const trace of specification(plot).data) if (trace.meta.source !== "map" && !groups.has(trace.meta.series)) groups.set(trace.meta.series, trace);
    plot.hiddenSeries = new Set();
    for (const [name, trace] of groups) {
      const item = document.createElement("li"), button = document.createElement("button"), swatch = document.createElement("i");
      const line = trace.mode === "lines";
      swatch.className = line ? { dash: "dashed", dot: "dotted" }[trace.line.dash] ?? "" : "mark";
      swatch.dataset.light = trace.meta.light || "#767676";
      swatch.dataset.dark = trace.meta.dark === "#000000" ? "#cfcbc2" : trace.meta.dark || "#9a9a9a";
      swatch.style.setProperty("--swatch", swatch.dataset[dark() ? "dark" : "light"]);
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      button.append(swatch, name);
      button.addEventListener("click", () => {
        const hide = !plot.hiddenSeries.delete(name);
        if (hide) plot.hiddenSeries.add(name);
        button.setAttribute("aria-pressed", String(!hide));
        drawPlot(plot);
      });
      item.append(button);
      list.append(item);
    }
  }

  function valuesTable(details) {
    if (details.querySelector("table")) return;
    const { data } = specification(details.parentElement.querySelector(".plot"));
    const table = document.createElement("table"), head = table.createTHead().insertRow(), body = table.createTBody();
    for (const title of ["series", "value"]) { const cell = document.createElement("th"); cell.scope = "col"; cell.textContent = title; head.append(cell); }
    const decoder = document.createElement("textarea");
    for (const trace of data) {
      if (trace.meta.source === "reference" || trace.meta.source === "map") continue;
      for (const text of trace.customdata) {
        const row = body.insertRow();
        row.insertCell().textContent = trace.meta.series;
        decoder.innerHTML = text;
        row.insertCell().textContent = decoder.value;
      }
    }
    const frame = document.createElement("div");
    frame.className = "scroll";
    frame.tabIndex = 0;
    frame.append(table);
    details.append(frame);
  }

  function setTheme(theme, remember) {
    root.dataset.theme = theme;
    if (remember) store.set(theme);
    for (const plot of plots) if (plot.drawn) { drawPlot(plot); seriesButtons(plot); }
  }

  function filter(verdict) {
    let shown = 0;
    for (const claim of document.querySelectorAll(".claim")) {
      claim.hidden = verdict !== "all" && claim.dataset.verdict !== verdict;
      shown += !claim.hidden;
    }
    for (const list of document.querySelectorAll(".claims")) list.nextElementSibling.hidden = [...list.children].some((claim) => !claim.hidden);
    for (const button of document.querySelectorAll(".filter button")) button.setAttribute("aria-pressed", String(button.dataset.verdict === verdict));
    say(`${shown} claims shown`);
  }

  const sections = [...document.querySelectorAll(".experiment")];
  function go(step) {
    const edge = parseFloat(getComputedStyle(root).scrollPaddingTop) + 2;
    const tops = sections.map((section) => section.getBoundingClientRect().top);
    const next = step > 0 ? tops.findIndex((top) => top > edge) : tops.findLastIndex((top) => top < edge - 4);
    if (next < 0) return;
    sections[next].scrollIntoView({ behavior: "instant" });
    sections[next].querySelector("h2").focus({ preventScroll: true });
  }

  setTheme(store.get() ?? (media.matches ? "dark" : "light"), false);
  media.addEventListener("change", () => { if (!store.get()) setTheme(media.matches ? "dark" : "light", false); });
  document.getElementById("theme").addEventListener("click", () => setTheme(dark() ? "light" : "dark", true));
  for (const button of document.querySelectorAll(".filter button")) button.addEventListener("click", () => filter(button.dataset.verdict));
  for (const details of document.querySelectorAll("details.values")) details.addEventListener("toggle", () => valuesTable(details));
  for (const button of document.querySelectorAll(".copy")) button.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(button.parentElement.querySelector("pre").textContent); say("copied"); button.textContent = "Copied"; } catch {
      getSelection().selectAllChildren(button.parentElement.querySelector("pre")); button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  const jump = document.getElementById("jump");
  jump.addEventListener("change", () => { location.hash = jump.value; });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const act = { j: () => go(1), k: () => go(-1), t: () => setTheme(dark() ? "light" : "dark", true), a: () => filter("all"), h: () => filter("holds"), f: () => filter("fails"), u: () => filter("undecided") }[event.key];
    if (act) act();
  });
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) {
      watcher.unobserve(entry.target);
      drawPlot(entry.target);
      seriesButtons(entry.target);
    }
  }, { rootMargin: "600px 0px" });
  for (const plot of plots) watcher.observe(plot);
  const where = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) jump.value = `#${entry.target.id}`;
  }, { rootMargin: "-25% 0px -65% 0px" });
  for (const section of sections) where.observe(section);
  addEventListener("beforeprint", () => { for (const plot of plots) if (!plot.drawn) { drawPlot(plot); seriesButtons(plot); } });
})();

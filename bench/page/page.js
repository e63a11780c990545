"use strict";
// What a script adds to a page that reads without one: charts, filters, sorting, a target.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Words for axes and readings; the figures of the tables are written by the program.
  const step = (v, steps) => steps.findLast(([size]) => Math.abs(v) >= size * 0.9995) ?? steps[0];
  const scaled = (v, steps) => { const [size, unit] = step(v, steps); return +(v / size).toPrecision(3) + unit; };
  const duration = (ns) => ns === 0 ? "0" : scaled(ns, [[1, " ns"], [1e3, " µs"], [1e6, " ms"], [1e9, " s"]]);
  const amount = (v) => scaled(v, [[1, ""], [1e3, "k"], [1e6, "M"], [1e9, "G"]]);

  // ---- Target: which stores were back in time in every trial, or are by an estimate.
  const outcomes = all("td[data-high]").length > 0 ? [] // what was measured is not what was asked for
    : all("td[data-times]").map((td) => ({ td, times: td.dataset.times.split(" ").map(Number) }));
  const estimates = all("td[data-high]").map((td) => ({ td, typical: +td.dataset.typical, high: +td.dataset.high, lucky: "lucky" in td.dataset }));
  function mark(element, kind, words) {
    element.className = "verdict " + kind;
    element.textContent = { yes: "✓ ", some: "± ", no: "✗ " }[kind] + words;
  }
  const asked = +($("target-value")?.dataset.target ?? 0);
  function judge() {
    const limit = $("target-value").value * $("target-unit").value;
    let met = 0;
    for (const { td, times } of outcomes) {
      const n = times.filter((t) => t <= limit).length;
      met += n === times.length;
      mark(td.querySelector(".verdict"), n === times.length ? "yes" : n > 0 ? "some" : "no", n + " of " + times.length + " in time");
    }
    for (const { td, typical, high } of estimates) {
      mark(td, high <= limit ? "yes" : typical <= limit ? "some" : "no", high <= limit ? "yes" : typical <= limit ? "typical" : "no");
    }
    const real = estimates.filter((e) => !e.lucky);
    const sure = real.filter((e) => e.high <= limit).length;
    const other = asked > 0 && limit !== asked ? " Checkpoints are as for " + duration(asked) + ": ask restorebench predict again." : "";
    $("target-answer").textContent = estimates.length > 0 ? (sure > 0 ? "✓ " : "") + sure + " of " + real.length + " ways are in time after nine crashes of ten, the best case aside." + other
      : met === 0 ? "None was always back in time."
      : met === outcomes.length ? "All were back in time in every trial."
        : "✓ " + met + " of " + outcomes.length + " were back in time in every trial.";
  }
  if (outcomes.length + estimates.length > 0) {
    const times = estimates.length > 0 ? estimates.map((e) => e.typical) : outcomes.flatMap((o) => o.times);
    const middle = Math.sqrt(Math.min(...times) * Math.max(...times));
    const power = (unit) => 10 ** Math.floor(Math.log10(middle / unit));
    const unit = (asked || middle) >= 5e8 ? 1e9 : 1e6;
    $("target-value").value = asked ? asked / unit : [1, 2, 5, 10].map((m) => m * power(unit)).find((m) => m * unit >= middle);
    $("target-unit").value = unit === 1e9 ? "1e9" : "1e6";
    $("target").hidden = false;
    $("target").addEventListener("input", judge);
    $("target").addEventListener("submit", (e) => e.preventDefault());
    judge();
  }

  // ---- Tables: a button in each head sorts, and sorts the other way round.
  const value = (row, i) => { const cell = row.cells[i]; return cell.dataset.v === undefined ? cell.textContent.trim() : +cell.dataset.v; };
  function compare(a, b) {
    if (typeof a === typeof b) return typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
    return typeof a === "number" ? -1 : 1; // what is not known comes last
  }
  for (const table of all("table.sortable")) {
    all("thead th", table).forEach((th, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...th.childNodes);
      th.append(button);
      button.addEventListener("click", () => {
        const down = th.getAttribute("aria-sort") === "ascending";
        all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
        th.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows].sort((a, b) => compare(value(a, i), value(b, i)) * (down ? -1 : 1));
        table.tBodies[0].append(...rows);
      });
    });
  }

  // ---- Links to trials open them.
  function open() {
    const trials = $(location.hash.slice(1));
    const details = trials?.closest("details");
    if (!details) return;
    details.open = true;
    details.hidden = false;
    trials.focus({ preventScroll: true }); // not the summary: the key that was pressed on the link would close it again
    details.scrollIntoView();
  }
  addEventListener("hashchange", open);
  for (const link of all('a[href^="#cell-"]')) link.addEventListener("click", () => setTimeout(open)); // again, where the address stays the same
  open();

  // ---- Charts.
  const filters = all("#filters fieldset");
  const shows = (cell) => filters.every((fieldset, i) => cell.filters[i] === "" // which it does not concern
    || all("input", fieldset).some((box) => box.checked && box.value === cell.filters[i]));
  const sizes = [...new Map(data.cells.map((c) => [c.keys, c.at]))].sort((a, b) => a[0] - b[0]);
  // A line keeps its colour whatever is shown beside it.
  const labels = [...new Set(data.cells.map((c) => c.short))];
  const shapes = ["circle", "rect", "triangle", "rectRot", "crossRot", "star"];
  const dashes = [[], [7, 3], [2, 2], [7, 2, 2, 2]];
  let charts = [];

  // The palette of Okabe and Ito; as on the PNG charts.
  function theme() {
    const css = getComputedStyle(document.documentElement);
    const of = (name) => css.getPropertyValue(name).trim();
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const blue = dark ? "#4aa3df" : "#0072b2";
    return {
      ink: of("--ink"), faint: of("--faint"), line: of("--line"), ground: of("--ground"), blue,
      lines: [blue, "#d55e00", "#009e73", "#cc79a7", "#e69f00", dark ? "#8fd3ff" : "#56b4e9", of("--ink")],
      phases: {
        exit: "#cc79a7", detect: of("--ink"), spawn: "#e69f00", assign: "#f0e442", open: "#56b4e9", plan: "#009e73",
        restore: dark ? "#2f7fc0" : "#0072b2", serve: "#d55e00", other: "#aaaaaa",
      },
    };
  }

  // Draws the interval of each point that has one.
  const whiskers = {
    id: "whiskers",
    beforeDatasetsDraw(chart) {
      const { ctx } = chart;
      chart.data.datasets.forEach((set, i) => {
        const meta = chart.getDatasetMeta(i);
        set.figures?.forEach((f, j) => {
          if (!meta.visible || f?.low === undefined) return;
          const at = meta.data[j];
          const flat = chart.options.indexAxis === "y";
          const scale = chart.scales[flat ? "x" : "y"];
          const [low, high] = [scale.getPixelForValue(f.low), scale.getPixelForValue(f.high)];
          ctx.save();
          ctx.strokeStyle = set.borderColor;
          ctx.lineWidth = 1.5;
          ctx.globalAlpha = 0.7;
          ctx.beginPath();
          if (flat) { ctx.moveTo(low, at.y); ctx.lineTo(high, at.y); } else { ctx.moveTo(at.x, low); ctx.lineTo(at.x, high); }
          ctx.stroke();
          ctx.restore();
        });
      });
    },
  };
  const overBars = { id: "overBars", afterDatasetsDraw: whiskers.beforeDatasetsDraw };

  const axis = (t, title, words, more = {}) => ({
    title: { display: true, text: title, color: t.faint }, grid: { color: t.line }, border: { color: t.faint },
    ticks: { color: t.faint, callback: words, maxRotation: 0, autoSkipPadding: 12 }, ...more,
  });
  const narrow = () => innerWidth < 640;
  // A label in lines of so many letters: broken at a comma, and a longer part within its words.
  const room = () => narrow() ? 22 : 40;
  function wrapped(label) {
    const lines = [""];
    for (const part of label.split(/(?<=,) /)) {
      const pieces = part.length > room() ? part.split(/(?<=[-_=,])|(?=@)/) : [part];
      pieces.forEach((piece, i) => {
        const between = i === 0 && lines.at(-1) !== "" ? " " : "";
        if (lines.at(-1) !== "" && (lines.at(-1) + between + piece).length > room()) lines.push(piece);
        else lines[lines.length - 1] += between + piece;
      });
    }
    return lines;
  }

  function show(id, config) {
    const canvas = $(id);
    const empty = config.data.datasets.every((s) => s.data.length === 0);
    canvas.closest("figure").hidden = empty;
    if (empty) return;
    config.options = { responsive: true, maintainAspectRatio: false, animation: false, ...config.options };
    charts.push(new Chart(canvas, config));
  }

  const legend = (t, more) => ({ position: "bottom", align: "start", onClick: () => {}, labels: { color: t.ink, usePointStyle: true, boxHeight: 8, ...more } });

  // The names of lines, below a chart and not in it: there a long one is cut.
  function name(id, datasets) {
    $(id + "-names").replaceChildren(...datasets.map((set) => {
      const sample = document.createElement("canvas");
      [sample.width, sample.height] = [72, 32];
      const c = sample.getContext("2d");
      c.scale(2, 2);
      [c.strokeStyle, c.fillStyle, c.lineWidth] = [set.borderColor, set.borderColor, set.borderWidth];
      c.setLineDash(set.borderDash);
      c.beginPath();
      c.moveTo(0, 8);
      c.lineTo(36, 8);
      c.stroke();
      c.setLineDash([]);
      Chart.helpers.drawPoint(c, { pointStyle: set.pointStyle, radius: 4.5, borderWidth: 2 }, 18, 8);
      const item = document.createElement("li");
      item.append(Object.assign(new Image(36, 16), { src: sample.toDataURL(), alt: "" }), set.label);
      return item;
    }));
  }

  function lines(id, t, cells, field, title, words) {
    const datasets = [...new Set(cells.map((c) => c.name))].map((label) => {
      const own = cells.filter((c) => c.name === label && c[field]);
      const i = labels.indexOf(cells.find((c) => c.name === label).short);
      const color = t.lines[i % t.lines.length];
      return {
        label, data: own.map((c) => ({ x: c.keys, y: c[field].v })), figures: own.map((c) => c[field]),
        borderColor: color, backgroundColor: color, borderWidth: 2, borderDash: dashes[i % dashes.length],
        pointStyle: shapes[i % shapes.length], pointRadius: 4.5, pointHoverRadius: 7,
      };
    }).filter((s) => s.data.length > 0);
    const shown = sizes.filter(([keys]) => cells.some((c) => c.keys === keys && c[field]));
    const ticks = { afterBuildTicks: (scale) => { scale.ticks = shown.map(([value]) => ({ value })); } };
    // Powers of ten, with twice and five times in between.
    const round = (v) => [1, 2, 5].some((m) => Math.abs(v / 10 ** Math.floor(Math.log10(v) + 1e-9) - m) < 1e-6) ? words(v) : null;
    const ends = datasets.flatMap((s) => s.figures.flatMap((f) => [f.low ?? f.v, f.high ?? f.v]));
    name(id, datasets);
    show(id, {
      type: "line", data: { datasets }, plugins: [whiskers],
      options: {
        layout: { padding: { right: 16 } }, clip: false,
        interaction: { mode: "nearest", intersect: false },
        scales: {
          x: axis(t, "keys", (v) => amount(v), { type: "logarithmic", ...ticks }),
          y: axis(t, title, round, { type: "logarithmic", min: Math.min(...ends) / 1.15, max: Math.max(...ends) * 1.15 }),
        },
        plugins: {
          legend: { display: false },
          tooltip: { callbacks: {
            title: (items) => amount(items[0].parsed.x) + " keys",
            label: (item) => item.dataset.label + ": " + item.dataset.figures[item.dataIndex].text,
          } },
        },
      },
    });
  }

  function height(id, cells, extra) {
    const lines = Math.max(1, ...cells.map((c) => wrapped(c.name).length));
    $(id).parentElement.style.height = cells.length * (lines > 1 ? 10 + 18 * lines : 27) + extra + "px";
  }

  function bars(id, t, cells, field, title, words) {
    const own = cells.filter((c) => c[field]);
    height(id, own, 60);
    show(id, {
      type: "bar", plugins: [overBars],
      data: { labels: own.map((c) => wrapped(c.name)), datasets: [{
        label: title, data: own.map((c) => c[field].v), figures: own.map((c) => c[field]),
        backgroundColor: t.blue, borderColor: t.ink, maxBarThickness: 16,
      }] },
      options: {
        indexAxis: "y",
        scales: { x: axis(t, title, words, { beginAtZero: true, suggestedMax: Math.max(0, ...own.map((c) => c[field].high ?? c[field].v)) }), y: categories(t) },
        plugins: { legend: { display: false }, tooltip: { callbacks: { label: (item) => item.dataset.figures[item.dataIndex].text } } },
      },
    });
  }

  const categories = (t, more) => ({ grid: { display: false }, border: { color: t.faint }, ticks: { color: t.ink, autoSkip: false }, ...more });

  function stacks(t, cells) {
    const own = cells.filter((c) => c.keys === +$("size").value && c.phases);
    height("phases", own, narrow() ? 170 : 100);
    show("phases", {
      type: "bar",
      data: { labels: own.map((c) => wrapped(c.name)), datasets: own.length === 0 ? [] : data.phases.map((phase, i) => ({
        label: phase, data: own.map((c) => c.phases[i]), backgroundColor: t.phases[phase] ?? t.faint,
        borderColor: t.ground, borderWidth: { right: 1 }, maxBarThickness: 16,
      })) },
      options: {
        indexAxis: "y", interaction: { mode: "nearest", axis: "y", intersect: false },
        scales: { x: axis(t, "downtime", duration, { stacked: true }), y: categories(t, { stacked: true }) },
        plugins: {
          legend: legend(t, { pointStyle: "rect" }),
          tooltip: { mode: "index", callbacks: {
            label: (item) => item.dataset.label + ": " + (item.raw === null ? "unknown" : duration(item.parsed.x)),
            footer: (items) => "median downtime: " + own[items[0].dataIndex].downtime.text,
          } },
        },
      },
    });
  }

  function draw() {
    charts.forEach((c) => c.destroy());
    charts = [];
    const t = theme();
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 13;
    const cells = data.cells.filter(shows);
    const alike = cells.every((c) => c.workload === cells[0].workload);
    for (const c of cells) c.name = alike ? c.short : c.label;
    const chart = sizes.length > 1 ? lines : bars;
    for (const id of ["downtime", "throughput"]) $(id).parentElement.style.height = "";
    chart("downtime", t, cells, "downtime", "downtime", duration);
    stacks(t, cells);
    chart("throughput", t, cells, "throughput", "records per second", amount);
  }

  function filter() {
    const rows = all("#table tbody tr");
    [...rows, ...all("details.cell")].forEach((of) => { of.hidden = !shows(data.cells[of.dataset.cell]); });
    const n = rows.filter((row) => !row.hidden).length;
    $("shown").textContent = n === 0 ? "Nothing is left: tick at least one of each." : n + " of " + rows.length + " cells are shown.";
    draw();
  }

  // Arrow keys walk through the values of a chart, and a status line reads them out.
  function walk(e) {
    const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
    const chart = Chart.getChart(e.target);
    if (!way || !chart) return;
    e.preventDefault();
    const stacked = e.target.id === "phases";
    const points = stacked ? chart.data.labels.map((_, index) => ({ datasetIndex: 0, index }))
      : chart.data.datasets.flatMap((set, datasetIndex) => set.data.map((_, index) => ({ datasetIndex, index })));
    chart.at = ((chart.at ?? (way > 0 ? -1 : 0)) + way + points.length) % points.length;
    const active = points[chart.at];
    const element = chart.getDatasetMeta(active.datasetIndex).data[active.index];
    chart.setActiveElements([active]);
    chart.tooltip.setActiveElements([active], { x: element.x, y: element.y });
    chart.update("none");
    const { title, body, footer } = chart.tooltip;
    $(e.target.id + "-reading").textContent = [...title, ...body.flatMap((b) => b.lines), ...footer].join("; ");
  }
  all("canvas").forEach((canvas) => canvas.addEventListener("keydown", walk));

  $("size").append(...sizes.map(([keys, words]) => new Option(words, keys)));
  $("size").value = sizes.at(-1)[0];
  $("size").addEventListener("change", draw);
  $("filters").hidden = filters.length === 0;
  $("size").parentElement.hidden = sizes.length < 2;
  $("filters").addEventListener("change", filter);
  $("filters").addEventListener("submit", (e) => e.preventDefault());
  $("figures").hidden = false;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  matchMedia("(max-width: 639px)").addEventListener("change", draw);
  addEventListener("beforeprint", () => charts.forEach((c) => c.resize()));
  addEventListener("afterprint", () => charts.forEach((c) => c.resize()));
  filter();
})();

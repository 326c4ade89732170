// Plans, charts and tables: blocks that not every workspace takes. Nothing is told by colour alone.
import { h } from "./dom.js";
import { mrkdwn, plain } from "./mrkdwn.js";

const states = {
  pending: ["○", "to come"],
  in_progress: ["◐", "under way"],
  complete: ["✓", "done"],
  error: ["✗", "failed"],
};

/** native renders a plan, a task, a chart or a table; null for any other block. */
export function native(b, env) {
  switch (b.type) {
    case "plan":
      return h("section", { class: "bk-plan", "aria-label": b.title },
        h("div", { class: "bk-plan-title" }, plain(b.title)),
        h("ol", {}, (b.tasks ?? []).map((t) => h("li", {}, task(t, env)))));
    case "task_card":
      return task(b, env);
    case "data_visualization":
      return chart(b);
    case "data_table":
      return table(b, env);
    case "rich_text":
      return h("div", { class: "text" }, rich(b, env));
    default:
      return null;
  }
}

function task(t, env) {
  const [sign, word] = states[t.status] ?? ["", ""];
  return h("div", { class: "bk-task " + (t.status ?? "") },
    h("span", { class: "bk-sign", role: "img", "aria-label": word, title: word }, sign),
    h("div", {},
      !t.hide_title && h("div", {}, plain(t.title)),
      [t.details, t.output].filter(Boolean).map((r) => h("div", { class: "bk-note" }, rich(r, env))),
      (t.sources ?? []).map((s) => link(s.url, s.text))));
}

function rich(b, env) {
  return (b.elements ?? []).flatMap((section) => (section.elements ?? []).map((e) => {
    if (e.type === "date") return mrkdwn(`<!date^${e.timestamp}^${e.format}|${e.fallback ?? ""}>`, env);
    if (e.type === "link") return link(e.url, e.text ?? e.url);
    if (e.type === "user") return h("span", { class: "mention" }, "@" + (env.userName(e.user_id) || e.user_id));
    return plain(e.text ?? "");
  }));
}

function link(url, text) {
  if (!/^https?:/i.test(url)) return plain(text);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
}

function table(b, env) {
  const [head, ...rows] = b.rows;
  const size = b.page_size ?? 5;
  const first = b.row_header_column_index ?? 0;
  const body = h("tbody", {});
  let shown = 0;
  const more = h("button", { class: "bk-more", type: "button" });
  const turn = () => {
    for (const row of rows.slice(shown, shown + size)) {
      body.append(h("tr", {}, row.map((c, i) => h(i === first ? "th" : "td", i === first ? { scope: "row" } : {}, cell(c, env)))));
    }
    shown = Math.min(shown + size, rows.length);
    more.hidden = shown === rows.length;
    more.textContent = "Show " + (rows.length - shown) + " more";
  };
  more.addEventListener("click", turn);
  turn();
  return h("div", { class: "bk-table" },
    h("div", { class: "bk-scroll", tabindex: "0", role: "region", "aria-label": b.caption },
      h("table", {}, h("caption", {}, plain(b.caption)),
        h("thead", {}, h("tr", {}, head.map((c) => h("th", { scope: "col" }, cell(c, env))))), body)),
    more);
}

function cell(c, env) {
  if (c.type === "rich_text") return rich(c, env);
  return plain(c.text ?? String(c.value));
}

function chart(b) {
  const c = b.chart;
  const series = c.type === "pie" ? [{ name: "", data: c.segments }] : c.series;
  const numbers = series.map((s) => (s.name ? s.name + ": " : "") + s.data.map((p) => p.label + " " + p.value).join(", ")).join("; ");
  const drawn = c.type === "pie" ? shares(c) : axes(c);
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", b.title + ". " + numbers);
  return h("figure", { class: "bk-chart" },
    h("figcaption", {}, plain(b.title)),
    drawn,
    h("ul", { class: "bk-legend" }, c.type !== "pie" && series.map((s, i) => h("li", {}, key(c.type, i), plain(s.name)))));
}

const width = 440, height = 190, left = 52, right = 12, top = 12, bottom = 42;

function axes(c) {
  const labels = c.axis_config.categories;
  const values = c.series.flatMap((s) => s.data.map((p) => p.value));
  const low = Math.min(0, ...values), high = Math.max(...values, low + 1e-9) * 1.05;
  const x = (i, of) => left + ((i + 0.5) / of) * (width - left - right);
  const y = (v) => top + (1 - (v - low) / (high - low)) * (height - top - bottom);
  const svg = el("svg", { viewBox: `0 0 ${width} ${height}`, class: "bk-svg" });
  for (const v of [low, (low + high) / 2, high]) {
    svg.append(el("line", { class: "grid", x1: left, x2: width - right, y1: y(v), y2: y(v) }),
      el("text", { class: "tick", x: left - 6, y: y(v) + 4, "text-anchor": "end" }, String(Number(v.toPrecision(2)))));
  }
  const every = Math.ceil(labels.length / 8);
  labels.forEach((l, i) => {
    if (i % every === 0) svg.append(el("text", { class: "tick", x: x(i, labels.length), y: height - bottom + 16, "text-anchor": "middle" }, l));
  });
  const words = [c.axis_config.y_label, c.axis_config.x_label].filter(Boolean).join(" · ");
  svg.append(el("text", { class: "tick", x: left, y: height - 6 }, words));
  c.series.forEach((s, n) => {
    const at = labels.map((l) => s.data.find((p) => p.label === l)?.value ?? 0);
    if (c.type === "bar") svg.append(...bars(at, n, c.series.length, x, y));
    else svg.append(line(at, n, c.type, x, y));
  });
  return svg;
}

function bars(at, n, of, x, y) {
  const room = (width - left - right) / at.length;
  const thick = Math.min(36, (room * 0.8) / of);
  return at.map((v, i) => el("rect", {
    class: "s" + n, x: x(i, at.length) + (n - of / 2) * thick, width: thick * 0.9, y: Math.min(y(v), y(0)), height: Math.max(1, Math.abs(y(v) - y(0))),
  }));
}

function line(at, n, type, x, y) {
  const points = at.map((v, i) => x(i, at.length) + "," + y(v)).join(" ");
  const area = `${x(0, at.length)},${y(0)} ${points} ${x(at.length - 1, at.length)},${y(0)}`;
  return type === "area" ? el("polygon", { class: "area s" + n, points: area }) : el("polyline", { class: "line l" + n, points });
}

// A pie is drawn as one bar: shares of a length are easier to compare than those of a circle.
function shares(c) {
  const all = c.segments.reduce((sum, s) => sum + s.value, 0);
  const svg = el("svg", { viewBox: `0 0 ${width} ${28 + 18 * c.segments.length}`, class: "bk-svg" });
  let from = 0;
  c.segments.forEach((s, i) => {
    const w = (s.value / all) * width;
    svg.append(el("rect", { class: "s" + i, x: from, y: 0, width: Math.max(w - 2, 1), height: 20 }),
      el("text", { class: "tick", x: 0, y: 38 + 18 * i }, `${s.label}: ${s.value} (${Math.round((100 * s.value) / all)} %)`));
    from += w;
  });
  return svg;
}

// key is a series' sign in the legend, drawn as in the chart.
function key(type, n) {
  const svg = el("svg", { viewBox: "0 0 24 12", class: "bk-key", "aria-hidden": "true" });
  svg.append(type === "line" ? el("polyline", { class: "line l" + n, points: "0,6 24,6" }) : el("rect", { class: "s" + n, x: 6, y: 0, width: 12, height: 12 }));
  return svg;
}

function el(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

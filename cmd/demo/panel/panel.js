// The panel beside the channel: the cluster as it is, pushed twice a second.
const byId = (id) => document.getElementById(id);
const width = 59, height = 40; // of the charts, one step a second
const errorLimit = 0.01;       // of the demo's error_rate

const cards = new Map(); // by service

const events = new EventSource("events");
events.onmessage = (e) => { byId("gone").hidden = true; render(JSON.parse(e.data)); };
events.onerror = () => { byId("gone").hidden = false; };

for (const button of document.querySelectorAll("[data-press]")) {
  const more = button.dataset.press === "break" ? () => `?fault=${byId("fault").value}` : () => "";
  button.onclick = () => fetch(`press/${button.dataset.press}${more()}`, { method: "POST" });
}
const tell = () => { byId("says").textContent = byId("fault").selectedOptions[0].dataset.says; };
byId("fault").onchange = tell;
tell();
byId("traffic").onchange = (e) => fetch(`press/traffic?rate=${e.target.value}`, { method: "POST" });

function render(state) {
  const canary = state.services.some((s) => s.canary.exists);
  const broken = state.services.some((s) => s.broken);
  fault("break", { on: broken, off: !canary || broken, title: "Break it",
    text: broken ? "it misbehaves" : canary ? "the canary fails" : "needs a canary" });
  const alone = state.services.some((s) => s.canary.pods.some((p) => p.alone));
  byId("restart").hidden = !alone;
  fault("kill", { on: state.back > 0, off: state.back > 0, title: state.back > 0 ? "The bot is dead" : "Kill the bot",
    text: state.back > 0 ? `back in ${state.back} s` : "it comes back" });
  fault("prometheus", { on: !state.prometheus, title: state.prometheus ? "Unplug Prometheus" : "Plug in Prometheus",
    text: state.prometheus ? "it answers" : "nobody can judge" });
  fault("slack", { on: !state.slack, title: state.slack ? "Unplug Slack" : "Plug in Slack",
    text: state.slack ? "it is up" : "judging goes on" });
  state.services.forEach(service);
}

function fault(id, { on, off = false, title, text }) {
  const button = byId(id);
  button.classList.toggle("on", on);
  button.disabled = off;
  if (button.hasAttribute("aria-pressed")) button.setAttribute("aria-pressed", String(on));
  button.querySelector("b").textContent = title;
  button.querySelector("span").textContent = text;
}

function card(name) {
  if (!cards.has(name)) {
    const root = byId("service").content.firstElementChild.cloneNode(true);
    root.querySelector(".name").textContent = name;
    byId("services").append(root);
    cards.set(name, { root, find: (selector) => root.querySelector(selector), pods: new Map() });
  }
  return cards.get(name);
}

function service(s) {
  const c = card(s.name);
  const ratio = (side, i) => side.requests[i] > 0 ? side.errors[i] / side.requests[i] : 0;
  const last = s.stable.requests.length - 1;
  c.root.classList.toggle("broken", s.broken);
  c.root.classList.toggle("hot", ratio(s.canary, last) >= errorLimit);
  c.find(".phase").textContent = s.canary.exists ? `${s.stable.version} → ${s.canary.version}` : s.stable.version;

  const split = c.find(".split");
  split.setAttribute("aria-label", `${100 - s.share} % of the traffic on stable, ${s.share} % on the canary`);
  part(split.querySelector(".stable"), 100 - s.share, s.share > 80 ? "" : `${100 - s.share} % stable`);
  part(split.querySelector(".canary"), s.share, s.share >= 20 ? `${s.share} % canary` : s.share >= 5 ? s.share : "");

  side(c, "stable", s.stable, `stable · ${s.stable.replicas} pods`, s);
  side(c, "canary", s.canary, s.canary.exists ? `canary · ${s.canary.replicas} of ${s.stable.replicas}` : "no canary", s);
  requests(c, s, last);
  errors(c, s, ratio, last);
  evidence(c, s.evidence);
}

// The bets of the judge: how far each has come to where the canary is rolled back.
function evidence(c, e) {
  const box = c.find(".evidence");
  box.hidden = !e;
  if (!e) return;
  const share = `${Math.round(100 * e.share)} % of what it takes to roll back`;
  c.find(".share").textContent = share;
  const bar = c.find(".bar");
  bar.setAttribute("aria-label", share);
  bar.firstElementChild.style.width = `${100 * e.share}%`;
  box.classList.toggle("full", e.share >= 1);
  const list = c.find(".checks");
  list.replaceChildren(...(e.checks ?? []).map((one) => {
    const li = document.createElement("li");
    li.className = one.result;
    li.textContent = names[one.name] ?? one.name;
    const meter = document.createElement("i");
    meter.style.width = `${100 * one.share}%`;
    li.append(meter);
    return li;
  }));
}

const names = { error_rate: "errors", success_rate: "success", latency_p99: "latency", memory_usage: "memory" };

function part(element, percent, text) {
  element.style.width = `${percent}%`;
  element.firstElementChild.textContent = text;
}

function side(c, name, data, text, s) {
  const box = c.find(`.side.${name}`);
  const label = box.querySelector(".label");
  label.replaceChildren(strong(data.exists ? data.version : ""), ` ${text}`);
  const list = box.querySelector(".pods");
  const alive = new Set();
  for (const p of data.pods) {
    alive.add(p.name);
    if (!c.pods.has(p.name)) {
      const li = document.createElement("li");
      c.pods.set(p.name, { li, name });
      list.append(li);
    }
    const { li } = c.pods.get(p.name);
    const fresh = name === "canary" || s.canary.exists && p.version === s.canary.version;
    li.className = `pod ${p.state}${fresh ? " new" : ""}${p.alone ? " alone" : ""}`;
    li.title = `${p.name}, ${p.version}, ${p.alone ? "in trouble" : p.state}`;
  }
  for (const [pod, { li, name: where }] of c.pods) {
    if (where === name && !alive.has(pod)) { li.remove(); c.pods.delete(pod); }
  }
}

function strong(text) {
  const b = document.createElement("b");
  b.textContent = text;
  return b;
}

function requests(c, s, last) {
  const both = s.stable.requests.map((n, i) => n + s.canary.requests[i]);
  const top = 1.25 * Math.max(1, ...both);
  c.find(".area.canary").setAttribute("d", area(both, top));
  c.find(".area.stable").setAttribute("d", area(s.stable.requests, top));
  c.find(".rate").replaceChildren(`${Math.round(both[last])}/s`);
}

function errors(c, s, ratio, last) {
  const stable = s.stable.requests.map((_, i) => ratio(s.stable, i));
  const canary = s.canary.requests.map((n, i) => n > 0 ? ratio(s.canary, i) : null);
  const top = Math.max(2.2 * errorLimit, 1.2 * Math.max(...stable, ...canary));
  c.find(".limit").setAttribute("d", line([errorLimit, errorLimit], top, width));
  c.find(".line.stable").setAttribute("d", line(stable, top, 1));
  c.find(".line.canary").setAttribute("d", line(canary, top, 1));
  const out = c.find(".errors");
  out.replaceChildren(percent(stable[last]));
  if (canary[last] !== null) {
    const mark = document.createElement("span");
    mark.className = canary[last] >= errorLimit ? "bad" : "canary";
    mark.textContent = percent(canary[last]);
    out.append(" · ", mark);
  }
}

const percent = (x) => `${(100 * x).toFixed(x >= 0.0995 ? 0 : 1)} %`;
const y = (v, top) => (height - 1.5 - (height - 3) * v / top).toFixed(2);

function area(values, top) {
  const points = values.map((v, i) => `${i} ${v > 0 ? y(v, top) : height}`);
  return `M0 ${height}L${points.join("L")}L${width} ${height}Z`;
}

// A value of null is a gap.
function line(values, top, step) {
  let d = "", pen = "M";
  values.forEach((v, i) => {
    if (v === null) { pen = "M"; return; }
    d += `${pen}${i * step} ${y(v, top)}`;
    pen = "L";
  });
  return d;
}

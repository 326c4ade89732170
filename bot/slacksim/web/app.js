// The page: what is shown, and what the visitor does.
import { avatar, byId, h, icon } from "./dom.js";
import { entries, fill } from "./message.js";
import * as views from "./view.js";
import * as menus from "./menu.js";
import { composer, mentionsFor, offersFor } from "./composer.js";

const app = byId("app");
let state = null; // the newest snapshot
let source = null;
let users = new Map();
const asked = new URLSearchParams(location.search).get("as"); // this window is somebody's own, as when two stand side by side
const view = { as: asked ?? remembered("as"), channel: "", thread: "", panel: null };
const read = new Map(); // per channel, the newest ts seen

const env = {
  get me() { return state.me; },
  get bot() { return state.bot; },
  get people() { return state.users.length; },
  userName: (id) => (id === state.bot.id ? state.bot.name : users.get(id)?.name),
  channelName: (id) => state.channels.find((c) => c.id === id)?.name,
  group: (id) => state.groups?.find((g) => g.id === id),
  author(m) {
    if (m.bot) return { id: state.bot.id, name: state.bot.name, emoji: state.bot.emoji };
    if (!m.user) return { id: "slack", name: "Slackbot", slack: true };
    return users.get(m.user) ?? { id: m.user, name: m.user };
  },
  openThread,
  act,
  ask,
  everybody: () => state.users,
  everywhere: () => state.channels,
  get shortcuts() { return state.onMessage; },
  react: (m, name) => env.change(m.reactions?.some((r) => r.name === name && r.users.includes(state.me)) ? "unreact" : "react", { ts: m.ts, text: name }),
  change: async (what, body) => (view.thread ? threadBox : mainBox).complain(await act(what, body)),
  shortcut: async (name, m) => mainBox.complain(await act("shortcut", { text: name, ts: m.ts })),
  press: async (m, button, value) => {
    const box = m.thread && view.thread ? threadBox : mainBox;
    box.complain(await act("press", { ts: m.ts, button, value }));
  },
};

const mainBox = composer({
  label: "Message to the channel", offers: (typed) => offersFor(typed, state),
  send: (text) => typed(text, ""), attach: (file) => upload(file, ""), hint: keys("to send, ", "to complete"),
});
const threadBox = composer({
  label: "Reply in the thread", offers: (typed) => (mentionsFor(typed, state)),
  send: (text) => typed(text, view.thread), attach: (file) => upload(file, view.thread),
});
byId("composer").append(mainBox.root);
byId("thread-composer").append(threadBox.root);

function keys(afterEnter, afterTab) {
  return h("span", { class: "keys" }, h("kbd", {}, "Enter"), " " + afterEnter, h("kbd", {}, "Tab"), " " + afterTab);
}

// ---- talking to the server

function connect() {
  source?.close();
  source = new EventSource("/sim/events?as=" + encodeURIComponent(view.as));
  source.onmessage = (ev) => show(JSON.parse(ev.data));
  source.onerror = () => banner("Connection lost. Trying again…");
}

async function act(what, body) {
  try {
    const answer = await fetch("/sim/" + what, {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ as: state.me, channel: view.channel, ...body }),
    });
    return answer.ok ? "" : (await answer.text()).trim();
  } catch {
    return "The simulator cannot be reached.";
  }
}

// ask is act for what has an answer; null: there is none.
async function ask(what, body) {
  try {
    const answer = await fetch("/sim/" + what, {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ as: state.me, channel: view.channel, ...body }),
    });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

function typed(text, thread) {
  return act(text.startsWith("/") ? "slash" : "say", { thread, text });
}

async function upload(file, thread) {
  const where = new URLSearchParams({ as: state.me, channel: view.channel, thread, name: file.name });
  try {
    const answer = await fetch("/sim/upload?" + where, { method: "POST", body: file });
    return answer.ok ? "" : (await answer.text()).trim();
  } catch {
    return "The simulator cannot be reached.";
  }
}

function remembered(key) {
  try { return localStorage.getItem("slacksim." + key) ?? ""; } catch { return ""; }
}

function remember(key, value) {
  try { localStorage.setItem("slacksim." + key, value); } catch { /* private windows have no storage */ }
}

// ---- showing

function show(next) {
  const first = state === null;
  if (state?.down && !next.down) for (const box of [mainBox, threadBox]) box.complain(""); // "slack is down" is over
  state = next;
  users = new Map(state.users.map((u, hue) => [u.id, { ...u, hue }]));
  view.as = state.me;
  if (first) begin();
  if (!current() && view.channel !== homeTab) view.channel = state.channels[0]?.id ?? "";
  banner(state.down ? "Slack is having an outage." : "");
  document.title = (current() ? "#" + current().name : state.bot.name) + " · " + state.workspace;
  showSide();
  showChannel(first);
  showHome();
  showThread();
  views.modal(state.modal, env);
}

function begin() {
  const [channel, thread] = location.hash.slice(1).split("/");
  view.channel = channel || state.channel;
  view.thread = thread ?? "";
  byId("workspace").textContent = state.workspace;
  if (state.storybook) byId("storybook").href = "/storybook"; // elsewhere there is no such page
  byId("storybook").hidden = !state.storybook;
  byId("pair").hidden = parent !== window;
  if (state.panel) beginPanel();
  if (state.prefill) mainBox.set(state.prefill);
  for (const c of state.channels) read.set(c.id, c.messages.at(-1)?.ts ?? "");
  if (matchMedia("(min-width: 640px)").matches) mainBox.focus();
}

const current = () => state.channels.find((c) => c.id === view.channel);

function banner(text) {
  byId("banner").textContent = text;
  byId("banner").hidden = text === "";
}

function showSide() {
  fill(byId("channels"), state.channels.map((c) => {
    const fresh = c.messages.filter((m) => m.ts > (read.get(c.id) ?? "") && m.user !== state.me && (!m.thread || m.broadcast)).length;
    const here = c.id === view.channel;
    const data = { id: c.id, name: c.name, here, fresh: here ? 0 : fresh };
    return { key: c.id, data, make: () => channelRow(c, here, data.fresh) };
  }));
  const name = [h("span", { class: "tiny", "aria-hidden": "true" }, state.bot.emoji), h("span", {}, state.bot.name)];
  fill(byId("shortcuts"), state.shortcuts.map((s) => ({ key: s, data: s, make: () => h("button", { class: "try", type: "button", onclick: () => start(s) }, s) })));
  byId("bot").replaceChildren(
    ...(state.homeOn ? [h("button", { class: "app-open", type: "button", "aria-current": view.channel === homeTab ? "page" : null, onclick: openHome }, name)] : name),
    h("span", { class: "presence" + (state.bot.online ? " on" : ""), role: "img", "aria-label": state.bot.online ? "connected" : "not connected", title: state.bot.online ? "connected" : "not connected" }));
  fill(byId("people"), [...users.values()].map((u) => ({ key: u.id, data: { ...u, me: u.id === state.me }, make: () => personRow(u) })));
  byId("me").replaceChildren(avatar(users.get(state.me) ?? { id: "?" }));
}

// start runs a global shortcut; on a phone the menu it is in makes room.
async function start(shortcut) {
  app.dataset.side = "closed";
  mainBox.complain(await act("shortcut", { text: shortcut }));
}

function channelRow(c, here, fresh) {
  return h("li", {}, h("button", { type: "button", "aria-current": here ? "page" : null, onclick: () => go(c.id) },
    h("span", { class: "hash", "aria-hidden": "true" }, c.private ? icon("lock") : "#"),
    h("span", { class: fresh ? "unread" : "" }, c.name),
    fresh > 0 && h("span", { class: "badge", "aria-label": fresh + " new" }, String(fresh))));
}

function personRow(u) {
  const me = u.id === state.me;
  return h("button", { class: "person", type: "button", role: "radio", "aria-checked": String(me), tabindex: me ? "0" : "-1", onclick: () => become(u.id) },
    avatar(u), h("span", { class: "who" }, h("b", {}, u.real || u.name), h("span", {}, u.title || (u.guest ? "guest" : "member"))),
    me && h("span", { class: "tick", "aria-hidden": "true" }, "✓"));
}

// homeTab stands for the app's home in the place of a channel's id.
const homeTab = "home";

async function openHome() {
  go(homeTab);
  mainBox.complain(await act("home", {}));
}

function showHome() {
  const on = view.channel === homeTab;
  byId("home").hidden = !on;
  byId("messages").hidden = byId("composer").hidden = on;
  if (!on) return;
  byId("channel-name").replaceChildren(state.bot.name);
  byId("topic").textContent = "Home";
  views.home(byId("home"), state.home, env);
}

function showChannel(first) {
  const c = current();
  if (!c) return;
  byId("channel-name").replaceChildren(c.private ? icon("lock") : "#", " " + c.name);
  byId("topic").textContent = c.topic;
  mainBox.placeholder("Message #" + c.name);
  const replies = new Map();
  for (const m of c.messages) if (m.thread) replies.set(m.thread, [...(replies.get(m.thread) ?? []), m]);
  const shown = c.messages.filter((m) => !m.thread || m.broadcast);
  const list = entries(shown, env, { replies, opened: view.thread });
  if (list.length === 0) list.push({ key: "empty " + c.id, data: c.name, make: () => emptyChannel(c) });
  keepBottom(byId("scroll"), () => fill(byId("messages"), list), first);
  read.set(c.id, c.messages.at(-1)?.ts ?? "");
}

function emptyChannel(c) {
  const tries = c.id !== state.channel ? [] : state.completions.filter((o) => !/\b[A-Z]{3,}\b/.test(o.text)).slice(0, 4);
  return h("div", { class: "empty" },
    h("div", { class: "hero", "aria-hidden": "true" }, state.bot.emoji),
    h("div", { class: "big" }, "Welcome to #" + c.name),
    h("p", {}, tries.length > 0 ? "This is a simulated workspace with a real bot in it. Press Enter, or pick something to try:" : "Nothing was said here yet."),
    h("div", { class: "tries" }, tries.map((o) => h("button", { class: "try", type: "button", onclick: () => { mainBox.set(o.text); mainBox.focus(); } },
      h("code", {}, o.text), h("span", {}, o.hint)))));
}

// keepBottom changes a scrolled box: who was at its end stays at its end, who was
// reading higher up stays where they were and is told that there is more.
function keepBottom(box, change, force) {
  const stay = force || atEnd(box);
  const before = box.scrollHeight;
  change();
  if (stay) toEnd(box);
  else if (box.id === "scroll" && box.scrollHeight > before) byId("jump").hidden = false;
}

const atEnd = (box) => box.dataset.away !== "true";

function toEnd(box) {
  box.scrollTop = box.scrollHeight;
}

for (const box of [byId("scroll"), byId("thread-scroll")]) {
  box.addEventListener("scroll", () => {
    const away = box.scrollHeight - box.scrollTop - box.clientHeight > 60;
    box.dataset.away = String(away);
    if (!away && box.id === "scroll") byId("jump").hidden = true;
  });
  // A box that shrinks, as when a panel opens or a keyboard appears, keeps its end.
  new ResizeObserver(() => { if (atEnd(box)) toEnd(box); }).observe(box);
}

function showThread() {
  const c = current();
  const root = c?.messages.find((m) => m.ts === view.thread && !m.private);
  const open = root !== undefined;
  byId("thread").hidden = !open;
  app.dataset.thread = open ? "open" : "closed";
  if (!open) return;
  byId("thread-channel").textContent = "#" + c.name;
  threadBox.placeholder("Reply, or mention @" + state.bot.name);
  const replies = c.messages.filter((m) => m.thread === root.ts);
  const count = replies.filter((m) => !m.private).length;
  const list = entries([root], env, { thread: true });
  const label = count === 0 ? "No replies yet" : count === 1 ? "1 reply" : count + " replies";
  list.push({ key: "count", data: label, make: () => h("div", { class: "thread-count" }, label) });
  list.push(...entries(replies, env, { thread: true }));
  keepBottom(byId("thread-scroll"), () => fill(byId("replies"), list), false);
}

// ---- moving about

function go(channel) {
  view.channel = channel;
  view.thread = "";
  app.dataset.side = "closed";
  history.replaceState(null, "", "#" + channel);
  show(state);
  toEnd(byId("scroll"));
}

function openThread(ts) {
  view.thread = ts;
  history.replaceState(null, "", "#" + view.channel + "/" + ts);
  showChannel(false);
  showThread();
  toEnd(byId("thread-scroll"));
  threadBox.focus();
}

function closeThread() {
  view.thread = "";
  history.replaceState(null, "", "#" + view.channel);
  showChannel(false);
  showThread();
  mainBox.focus();
}

function become(user) {
  view.as = user;
  if (asked === null) remember("as", user);
  else history.replaceState(null, "", "?as=" + encodeURIComponent(user) + location.hash);
  app.dataset.side = "closed";
  connect();
}

function beginPanel() {
  byId("panel-title").textContent = state.panelTitle;
  byId("panel-open-label").textContent = state.panelTitle;
  byId("panel-open").setAttribute("aria-label", state.panelTitle);
  byId("panel-open").hidden = false;
  setPanel(matchMedia("(min-width: 640px)").matches && parent === window); // beside somebody else there is no room
}

function setPanel(open) {
  const body = byId("panel-body");
  if (open && body.children.length === 0) body.append(h("iframe", { src: state.panel, title: state.panelTitle }));
  byId("panel").hidden = !open;
  app.dataset.panel = open ? "open" : "closed";
  byId("panel-open").setAttribute("aria-expanded", String(open));
}

byId("panel-open").onclick = () => setPanel(byId("panel").hidden);
byId("panel-close").onclick = () => { setPanel(false); byId("panel-open").focus(); };
byId("thread-close").onclick = closeThread;
byId("side-open").onclick = byId("me").onclick = () => { app.dataset.side = "open"; byId("side-close").focus(); };
byId("side-close").onclick = byId("scrim").onclick = () => { app.dataset.side = "closed"; };
byId("jump").onclick = () => toEnd(byId("scroll"));
document.addEventListener("keydown", (ev) => {
  if (ev.key === "F6") {
    ev.preventDefault();
    nextRegion(ev.shiftKey ? -1 : 1);
  }
  if (ev.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (app.dataset.side === "open") app.dataset.side = "closed";
  else if (view.thread) closeThread();
});
// nextRegion moves the focus to the next part of the page that is there: channels, messages, box, thread, panel.
function nextRegion(step) {
  const all = [byId("channels").querySelector("[aria-current]") ?? byId("bot").querySelector("button"), byId("scroll"), byId("composer").querySelector("textarea"),
    byId("thread-scroll"), byId("thread-composer").querySelector("textarea"), byId("panel-close")].filter((el) => el?.checkVisibility({ visibilityProperty: true }));
  const areas = all.map((el) => el.closest(".scroll, .composer-slot, .side, .panel"));
  const here = areas.findIndex((el) => el.contains(document.activeElement));
  all[(here + step + all.length) % all.length].focus();
}

// In a list of messages the arrows go from one to the next; Tab goes to what can be done with it.
for (const box of [byId("scroll"), byId("thread-scroll")]) {
  box.addEventListener("keydown", (ev) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[ev.key];
    if (!step || (ev.target !== box && !ev.target.matches("article"))) return;
    const all = [...box.querySelectorAll("article")];
    const next = ev.target === box ? all.at(-1) : all[all.indexOf(ev.target) + step];
    if (!next) return;
    ev.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  });
}
byId("people").addEventListener("keydown", (ev) => {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[ev.key];
  if (!step) return;
  ev.preventDefault();
  const rows = [...byId("people").children];
  rows[(rows.indexOf(document.activeElement) + step + rows.length) % rows.length].focus();
});
// Links to messages of this workspace stay on the page.
document.addEventListener("click", (ev) => {
  const link = ev.target.closest?.("a[href]");
  const match = link && state && new URL(link.href).host === state.domain + ".slack.com" &&
    link.href.match(/\/archives\/(\w+)\/p(\d{10})(\d{6})(?:\?.*thread_ts=([\d.]+))?/);
  if (!match) return;
  ev.preventDefault();
  if (match[1] !== view.channel) go(match[1]);
  const ts = match[2] + "." + match[3];
  if (match[4]) openThread(match[4]);
  const target = byId("mt" + ts) ?? byId("m" + ts);
  target?.scrollIntoView({ block: "center" });
  target?.classList.add("changed");
});

byId("modal").addEventListener("close", () => { if (document.activeElement === document.body) mainBox.focus(); }); // the button may be gone
menus.begin();
views.begin(act);
connect();

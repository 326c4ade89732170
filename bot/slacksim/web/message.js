// One message, and lists of them that change as little as possible.
import { avatar, clock, dayName, h, icon } from "./dom.js";
import { blocks } from "./blocks.js";
import { mrkdwn } from "./mrkdwn.js";
import { given, tools } from "./tools.js";

const together = 5 * 60 * 1000;

/**
 * fill brings a container up to date with a list of entries. An entry is
 * {key, data, make}: its node is made again only when its data changed.
 */
export function fill(container, entries) {
  const old = new Map();
  for (const node of container.children) old.set(node.dataset.key, node);
  let place = container.firstElementChild;
  for (const { key, data, make } of entries) {
    const stamp = JSON.stringify(data);
    let node = old.get(key);
    old.delete(key);
    if (!node || node.dataset.stamp !== stamp) {
      const fresh = make();
      fresh.dataset.key = key;
      fresh.dataset.stamp = stamp;
      if (node) {
        if (node === place) place = fresh;
        keepFocus(node, fresh);
        if (fresh.dataset.edits !== node.dataset.edits) fresh.classList.add("changed");
      }
      node = fresh;
    }
    if (node === place) place = place.nextElementSibling;
    else container.insertBefore(node, place);
  }
  for (const node of old.values()) node.remove();
}

// keepFocus replaces a node. What had the focus in it keeps it, so that keyboards do not lose their place: the field with
// the same id, with what is typed and selected if it is the same field still, or the button with the same label.
function keepFocus(node, fresh) {
  const active = node.contains(document.activeElement) ? document.activeElement : null;
  const { selectionStart: from, selectionEnd: to } = active ?? {}; // no numbers where it is no text
  node.replaceWith(fresh);
  if (active === null) return;
  const field = active.id && fresh.querySelector("#" + CSS.escape(active.id));
  const same = field && field.dataset.field === active.dataset.field && field.value !== undefined;
  if (same) field.value = active.value;
  const twin = field || [...fresh.querySelectorAll("button")].find((b) => b.textContent === active.textContent);
  (twin || fresh).focus({ preventScroll: true });
  if (same && Number.isInteger(from)) field.setSelectionRange(from, to); // a field that selects all of itself would lose it to the next letter
}

/** entries turns messages into entries for fill, with day lines between days. */
export function entries(messages, env, options) {
  const out = [];
  let before = null;
  for (const m of messages) {
    const day = dayName(m.at);
    if (!options.thread && (!before || dayName(before.at) !== day)) {
      out.push({ key: "day " + day, data: day, make: () => h("div", { class: "day", role: "separator" }, h("span", {}, day)) });
      before = null;
    }
    const compact = before !== null && before.user === m.user && !before.private === !m.private && m.at - before.at < together && !m.private && !m.bot;
    const replies = (options.replies?.get(m.ts) ?? []).filter((r) => !r.private);
    const opened = options.opened === m.ts;
    const shown = { ...m, compact, opened, people: env.people, me: env.me, replies: replies.map((r) => r.ts + r.user) };
    out.push({ key: m.ts, data: shown, make: () => message(m, env, { compact, replies, opened, thread: options.thread }) });
    before = m;
  }
  return out;
}

function message(m, env, options) {
  const who = env.author(m);
  const press = (button, value) => env.press(m, button, value);
  const content = m.blocks ? blocks(m.blocks, env, press) : [h("div", { class: "text" }, mrkdwn(m.text, env))];
  const kind = "msg" + (options.compact ? " compact" : "") + (m.private ? " private" : "") + (m.bot ? " from-app" : "");
  return h("article", { class: kind, tabindex: "-1", "data-edits": m.edits ?? 0, id: "m" + (options.thread ? "t" : "") + m.ts, "aria-label": who.name + " at " + clock(m.at) },
    m.private && h("div", { class: "note" }, icon("eye"), "Only visible to you"),
    m.broadcast && h("div", { class: "note" }, icon("thread"), options.thread ? "also sent to the channel" : "replied to a thread"),
    avatar(who),
    h("div", { class: "body" },
      head(m, who),
      h("div", { class: "content" }, content, (m.files ?? []).map(file)),
      m.edits > 0 && !m.bot && h("span", { class: "edited" }, "(edited)"),
      m.reactions && given(m, env),
      m.warned && h("div", { class: "warned", role: "alert" }, icon("warn"), env.bot.name + " did not answer. Please try again."),
      !options.thread && !m.private && options.replies.length > 0 && replyBar(m, env, options)),
    !m.private && tools(m, env, options));
}

// file shows an uploaded picture, or the name of what is none.
function file(f) {
  const address = "/sim/file/" + encodeURIComponent(f.id);
  if (f.picture) return h("img", { class: "picture", src: address, alt: f.alt || f.title });
  return h("a", { class: "file", href: address, download: f.title }, f.title);
}

function head(m, who) {
  return h("div", { class: "head" },
    h("span", { class: "name" }, who.real || who.name),
    m.bot && h("span", { class: "tag" }, "APP"),
    who.guest && h("span", { class: "tag" }, "GUEST"),
    who.title && h("span", { class: "title" }, who.title),
    h("time", { class: "at", datetime: new Date(m.at).toISOString(), title: new Date(m.at).toLocaleString() }, clock(m.at)));
}

function replyBar(m, env, { replies, opened }) {
  const open = () => env.openThread(m.thread || m.ts);
  const faces = new Map(replies.map((r) => [r.user, env.author(r)]));
  const last = replies[replies.length - 1];
  return h("button", { class: "replies-bar", type: "button", onclick: open, "aria-expanded": opened ? "true" : "false" },
    [...faces.values()].slice(0, 3).map(avatar),
    h("b", {}, replies.length === 1 ? "1 reply" : replies.length + " replies"),
    h("span", { class: "last" }, "Last reply at " + clock(last.at)));
}

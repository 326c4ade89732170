// Small helpers that make elements. Text only ever becomes text nodes and
// attributes, never markup.

/** h makes an element: h("b", {class: "x", onclick: f}, "text", child). */
export function h(tag, props = {}, ...children) {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) el.addEventListener(key.slice(2), value);
    else el.setAttribute(key, value === true ? "" : String(value));
  }
  el.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return el;
}

export function icon(name) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(ns, "use");
  use.setAttribute("href", "/sim/web/icons.svg#i-" + name);
  svg.append(use);
  return svg;
}

export const byId = (id) => document.getElementById(id);

/** avatar draws a person's initials, or the bot's emoji. */
export function avatar(who) {
  if (who.emoji) return h("span", { class: "avatar bot", "aria-hidden": "true" }, who.emoji);
  if (who.slack) return h("span", { class: "avatar slack", "aria-hidden": "true" }, "#");
  const words = (who.real || who.name || "?").split(/\s+/);
  const initials = words.length > 1 ? words[0][0] + words[words.length - 1][0] : words[0].slice(0, 2);
  return h("span", { class: "avatar c" + (who.hue ?? 0) % 8, "aria-hidden": "true" }, initials.toUpperCase());
}

export function clock(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
}

export function dayName(ms) {
  const day = new Date(ms).toDateString();
  const now = new Date();
  if (day === now.toDateString()) return "Today";
  now.setDate(now.getDate() - 1);
  if (day === now.toDateString()) return "Yesterday";
  return new Date(ms).toLocaleDateString([], { weekday: "long", month: "long", day: "numeric" });
}

// Slack's mrkdwn, rendered to nodes.
import { h } from "./dom.js";

const emoji = {
  baby_chick: "🐤", bird: "🐦", white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", warning: "⚠️",
  rewind: "⏪", rocket: "🚀", hourglass: "⌛", hourglass_flowing_sand: "⏳", lock: "🔒", unlock: "🔓",
  rotating_light: "🚨", tada: "🎉", eyes: "👀", thumbsup: "👍", "+1": "👍", thumbsdown: "👎", "-1": "👎",
  arrow_right: "➡️", arrow_up: "⬆️", arrow_down: "⬇️", question: "❓", exclamation: "❗", bulb: "💡",
  large_green_circle: "🟢", large_yellow_circle: "🟡", red_circle: "🔴", white_circle: "⚪", octagonal_sign: "🛑",
  double_vertical_bar: "⏸️", pause_button: "⏸️", chart_with_upwards_trend: "📈", stopwatch: "⏱️", ghost: "👻",
};

const styles = { "*": "b", "_": "em", "~": "s" };

/** mrkdwn renders text; env knows users, channels and who is reading. */
export function mrkdwn(text, env) {
  const out = document.createDocumentFragment();
  text.split("```").forEach((part, i, all) => {
    if (i % 2 === 1 && i < all.length - 1) {
      out.append(h("pre", {}, unescape(part.replace(/^\n|\n$/g, ""))));
    } else if (part) {
      out.append(...lines(i % 2 === 1 ? "```" + part : part, env));
    }
  });
  return out;
}

/** plain renders a plain_text object: emoji shortcodes and line breaks only. */
export function plain(text) {
  const out = document.createDocumentFragment();
  withBreaks(shortcodes(text), out);
  return out;
}

// lines gathers quoted lines into block quotes.
function lines(text, env) {
  const out = [];
  let quote = null;
  text.split("\n").forEach((line, i) => {
    const quoted = line.match(/^(?:&gt;|>)\s?(.*)$/);
    if (quoted) {
      if (quote) quote.append(h("br"));
      else out.push((quote = h("blockquote")));
      quote.append(inline(quoted[1], env));
      return;
    }
    if (i > 0 && !quote) out.push(h("br"));
    quote = null;
    out.push(inline(line, env));
  });
  return out;
}

function inline(s, env) {
  const out = document.createDocumentFragment();
  let pending = "";
  const flush = () => {
    if (pending) out.append(unescape(shortcodes(pending)));
    pending = "";
  };
  for (let i = 0; i < s.length; ) {
    const c = s[i];
    const end = c === "`" ? s.indexOf("`", i + 1) : c === "<" ? s.indexOf(">", i + 1) : -1;
    if (c === "`" && end > i + 1) {
      flush();
      out.append(h("code", {}, unescape(s.slice(i + 1, end))));
      i = end + 1;
    } else if (c === "<" && end > 0) {
      flush();
      out.append(construct(s.slice(i + 1, end), env));
      i = end + 1;
    } else if (styles[c] && styledLength(s, i) > 0) {
      flush();
      const length = styledLength(s, i);
      out.append(h(styles[c], {}, inline(s.slice(i + 1, i + length - 1), env)));
      i += length;
    } else {
      pending += c;
      i++;
    }
  }
  flush();
  return out;
}

// styledLength returns how long the styled run at i is, markers included, or 0.
function styledLength(s, i) {
  const marker = s[i];
  if (i > 0 && /[\p{L}\p{N}]/u.test(s[i - 1])) return 0;
  if (i + 1 >= s.length || /\s/.test(s[i + 1])) return 0;
  for (let j = i + 1; j < s.length; j++) {
    if (s[j] === "<" && s.indexOf(">", j) > 0) j = s.indexOf(">", j);
    else if (s[j] === "`" && s.indexOf("`", j + 1) > 0) j = s.indexOf("`", j + 1);
    else if (s[j] === marker && j > i + 1 && !/\s/.test(s[j - 1]) && !(j + 1 < s.length && /[\p{L}\p{N}]/u.test(s[j + 1]))) {
      return j - i + 1;
    }
  }
  return 0;
}

function construct(inner, env) {
  const bar = inner.indexOf("|");
  const head = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? "" : unescape(inner.slice(bar + 1));
  if (head.startsWith("@")) {
    const id = head.slice(1);
    return h("span", { class: "mention" + (id === env.me ? " me" : "") }, "@" + (env.userName(id) || label || id));
  }
  if (head.startsWith("#")) {
    return h("span", { class: "mention" }, "#" + (label || env.channelName(head.slice(1)) || head.slice(1)));
  }
  if (head.startsWith("!date^")) return date(head, label);
  if (head.startsWith("!subteam^")) {
    const group = env.group(head.slice("!subteam^".length));
    return h("span", { class: "mention" + (group?.mine ? " me" : "") }, label || "@" + (group?.handle || head.slice("!subteam^".length)));
  }
  if (head.startsWith("!")) return h("span", { class: "mention me" }, label || "@" + head.slice(1));
  return link(unescape(head), label);
}

function link(address, label) {
  if (!/^(https?:|mailto:)/i.test(address)) return document.createTextNode(label || address);
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, label || address);
}

// date renders <!date^UNIX^FORMAT^LINK|FALLBACK> in the reader's own time zone.
function date(head, fallback) {
  const [, unix, format] = head.split("^");
  const when = new Date(Number(unix) * 1000);
  if (!format || Number.isNaN(when.getTime())) return document.createTextNode(fallback);
  const show = (options) => when.toLocaleString([], options);
  const words = {
    time: show({ hour: "numeric", minute: "2-digit" }),
    time_secs: show({ hour: "numeric", minute: "2-digit", second: "2-digit" }),
    date_num: when.toLocaleDateString("sv"),
    date: show({ year: "numeric", month: "long", day: "numeric" }),
    date_short: show({ year: "numeric", month: "short", day: "numeric" }),
    date_long: show({ weekday: "long", year: "numeric", month: "long", day: "numeric" }),
  };
  const near = nearDay(when);
  const text = format.replace(/\{(\w+?)(_pretty)?\}/g, (all, key, pretty) => (pretty && near) || (words[key] ?? all));
  return h("time", { datetime: when.toISOString(), title: when.toLocaleString() }, text);
}

// nearDay returns the word for a day beside this one; empty for others.
function nearDay(when) {
  const day = (t) => Date.UTC(t.getFullYear(), t.getMonth(), t.getDate()) / 86400000;
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[day(when) - day(new Date())] ?? "";
}

/** shortcode is the emoji of a name; its name between colons where the page has none. */
export const shortcode = (name) => emoji[name] ?? ":" + name + ":";

function shortcodes(s) {
  return s.replace(/:([a-z0-9_+-]+):/g, (all, name) => emoji[name] ?? all);
}

function unescape(s) {
  return s.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function withBreaks(s, out) {
  s.split("\n").forEach((line, i) => {
    if (i > 0) out.append(h("br"));
    out.append(line);
  });
}

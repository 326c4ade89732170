// The box one types into, with completion for commands and mentions.
import { h, icon } from "./dom.js";

let boxes = 0;

/**
 * composer makes a box. options: label, hint, offers(typed), and send(text) and attach(file), which resolve to a complaint
 * or "".
 */
export function composer(options) {
  const listId = "completions-" + ++boxes;
  const area = h("textarea", {
    rows: "1", "aria-label": options.label, role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list",
    "aria-controls": listId, spellcheck: "false", autocapitalize: "off", autocomplete: "off", enterkeyhint: "send",
  });
  const picker = h("input", { type: "file", hidden: true, "aria-label": "File to upload", onchange: () => attach() });
  const clip = h("button", { class: "clip", type: "button", "aria-label": "Upload a file", onclick: () => picker.click() }, icon("clip"));
  const send = h("button", { class: "send", type: "button", "aria-label": "Send" }, icon("send"));
  const list = h("div", { class: "completions", id: listId, role: "listbox", "aria-label": "Suggestions", hidden: true });
  const hint = h("div", { class: "hint", "aria-live": "polite" });
  const root = h("div", {}, list, h("div", { class: "composer" }, clip, picker, area, send), hint);
  let offers = [];
  let chosen = -1;

  function refresh() {
    area.style.height = "auto";
    area.style.height = Math.min(area.scrollHeight, 150) + "px";
    send.classList.toggle("ready", area.value.trim() !== "");
    offer(options.offers(area.value.slice(0, area.selectionStart)));
  }

  function offer(next) {
    offers = next.filter((o) => o.text.trim() !== area.value.trim());
    chosen = -1;
    list.replaceChildren(...offers.map((o, i) =>
      h("div", { class: "option", role: "option", id: listId + "-" + i, "aria-selected": "false", onmousedown: (ev) => { ev.preventDefault(); take(i); } },
        h("b", {}, o.text), o.hint && h("span", {}, o.hint))));
    list.hidden = offers.length === 0;
    area.setAttribute("aria-expanded", String(!list.hidden));
    area.removeAttribute("aria-activedescendant");
    if (offers[0]?.meant) choose(0); // Enter takes it, Escape sends what was typed
  }

  function choose(i) {
    chosen = (i + offers.length) % offers.length;
    [...list.children].forEach((el, at) => el.setAttribute("aria-selected", String(at === chosen)));
    list.children[chosen].scrollIntoView({ block: "nearest" });
    area.setAttribute("aria-activedescendant", listId + "-" + chosen);
  }

  function take(i) {
    const { text, from } = offers[i];
    area.value = area.value.slice(0, from) + text + (text.endsWith(" ") ? "" : " ") + area.value.slice(area.selectionStart).trimStart();
    const blank = area.value.match(/\b[A-Z]{3,}\b/); // a word to fill in, such as VERSION
    if (blank && text.startsWith("/")) area.setSelectionRange(blank.index, blank.index + blank[0].length);
    area.focus();
    refresh();
    offer([]);
  }

  async function submit() {
    const text = area.value.trim();
    if (!text) return;
    area.value = "";
    refresh();
    say("");
    const complaint = await options.send(text);
    if (complaint) {
      area.value = area.value || text;
      refresh();
      offer([]);
      say(complaint);
    }
  }

  async function attach() {
    for (const file of picker.files) say(await options.attach(file));
    picker.value = "";
  }

  function say(complaint) {
    hint.classList.toggle("wrong", complaint !== "");
    hint.replaceChildren(complaint !== "" ? complaint : options.hint ?? "");
  }

  area.addEventListener("input", () => { say(""); refresh(); });
  area.addEventListener("blur", () => offer([]));
  area.addEventListener("keydown", (ev) => {
    if (ev.isComposing) return;
    if (offers.length > 0 && (ev.key === "ArrowDown" || ev.key === "ArrowUp")) {
      ev.preventDefault();
      choose(ev.key === "ArrowDown" ? chosen + 1 : chosen < 0 ? offers.length - 1 : chosen - 1);
    } else if (offers.length > 0 && (ev.key === "Tab" || (ev.key === "Enter" && chosen >= 0))) {
      ev.preventDefault();
      take(Math.max(chosen, 0));
    } else if (offers.length > 0 && ev.key === "Escape") {
      ev.stopPropagation();
      offer([]);
    } else if (ev.key === "Enter" && !ev.shiftKey) {
      ev.preventDefault();
      submit();
    }
  });
  send.addEventListener("click", submit);
  say("");

  return {
    root,
    focus: () => area.focus({ preventScroll: true }),
    set(text) { area.value = text; refresh(); offer([]); },
    complain: say,
    placeholder(text) { area.placeholder = text; },
  };
}

/** offersFor finds completions for what stands before the caret. */
export function offersFor(typed, state) {
  if (typed.startsWith("/")) {
    const words = typed.toLowerCase();
    return state.completions.filter((c) => c.text.toLowerCase().startsWith(words)).map((c) => ({ ...c, from: 0 }));
  }
  const slashed = withSlash(typed, state);
  return slashed.length > 0 ? slashed : mentionsFor(typed, state);
}

/** mentionsFor finds whom the word before the caret may mention. */
export function mentionsFor(typed, state) {
  const at = typed.match(/(^|\s)@([\w.-]*)$/);
  if (!at) return [];
  const part = at[2].toLowerCase();
  const people = [{ name: state.bot.name, real: "app" }, ...state.users];
  return people.filter((u) => u.name.toLowerCase().startsWith(part))
    .map((u) => ({ text: "@" + u.name, hint: u.real, from: typed.length - part.length - 1 }));
}

// withSlash offers the command for a line that lacks its slash, or the slash command's name too: sent as a message it does
// nothing.
function withSlash(typed, state) {
  const line = typed.trim().toLowerCase();
  if (line.length < 2) return [];
  const offers = [];
  for (const { text } of state.completions) {
    const [command, verb] = text.toLowerCase().split(" ");
    const lacks = (line + " ").startsWith(command.slice(1) + " ") ? "/" : (line + " ").startsWith(verb + " ") ? command + " " : "";
    if (!lacks || line === command.slice(1)) continue;
    offers.push({ text: lacks + typed.trim(), hint: "as a command: without its slash it is a message", from: 0, meant: lacks === "/" });
    break;
  }
  for (const c of state.completions) {
    const full = c.text.toLowerCase();
    const known = full.startsWith("/" + line) || full.split(" ").slice(1).join(" ").startsWith(line);
    if (known && !offers.some((o) => o.text.toLowerCase() === full)) offers.push({ ...c, from: 0 });
  }
  return offers;
}

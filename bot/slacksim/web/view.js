// Modals, the app's home tab, and what people fill in.
import { byId, h, icon } from "./dom.js";
import { blocks } from "./blocks.js";
import { fill } from "./message.js";
import { plain } from "./mrkdwn.js";

/** modal shows the topmost modal, or closes the dialog where there is none. */
export function modal(view, env) {
  const dialog = byId("modal");
  if (!view) {
    if (dialog.open) dialog.close();
    return;
  }
  byId("modal-title").replaceChildren(view.title);
  show(byId("modal-blocks"), view, { ...env, form: form(view, env, false) });
  byId("modal-trouble").textContent = view.trouble ?? "";
  byId("modal-trouble").hidden = !view.trouble;
  byId("modal-close").replaceChildren(view.close);
  byId("modal-submit").replaceChildren(view.submit ?? "");
  byId("modal-submit").hidden = !view.submit;
  if (!dialog.open) {
    dialog.showModal();
    (dialog.querySelector("input, select, textarea") ?? byId("modal-close")).focus();
  }
}

/** home shows the app's home tab in a container. */
export function home(container, view, env) {
  if (!view) {
    fill(container, [{ key: "none", data: "", make: () => h("p", { class: "empty" }, "The app shows nothing here yet.") }]);
    return;
  }
  show(container, view, { ...env, form: form(view, env, true) });
}

// show draws a view block by block, so that what did not change keeps its focus.
function show(container, view, env) {
  fill(container, view.blocks.map((b) => {
    const error = view.errors?.[b.block_id] ?? "";
    return { key: view.id + b.block_id, data: { b, error }, make: () => h("div", { class: "view-block" }, blocks([b], env, env.form.press), error && complaint(error)) };
  }));
}

function complaint(text) {
  return h("p", { class: "field-error", role: "alert" }, icon("warn"), text);
}

// form is what the fields of a view do. What is on its way is waited for before the view is sent.
function form(view, env, isHome) {
  return {
    fill: (name, text) => pending(env.act("fill", { field: name, text })),
    suggest: (name, text) => env.ask("suggest", { field: name, text }),
    press: (button) => env.act("press-view", { button, home: isHome }),
  };
}

let waiting = Promise.resolve();
function pending(one) {
  waiting = Promise.all([waiting, one]);
  return one;
}

/** begin connects the dialog's own buttons. */
export function begin(act) {
  const dialog = byId("modal");
  const submit = byId("modal-submit");
  byId("modal-form").addEventListener("submit", async (ev) => {
    ev.preventDefault();
    if (submit.hidden || submit.getAttribute("aria-busy") === "true") return;
    document.activeElement?.blur(); // what is typed counts once it is left
    submit.setAttribute("aria-busy", "true");
    await waiting;
    await act("submit", {});
    submit.removeAttribute("aria-busy");
  });
  byId("modal-close").onclick = () => act("close", { all: false });
  byId("modal-x").onclick = () => act("close", { all: true });
  dialog.addEventListener("cancel", (ev) => { // Escape
    ev.preventDefault();
    act("close", { all: false });
  });
}

/** input draws an input block: its label, its element and its hint. */
export function input(b, env) {
  const id = (env.scope ?? "") + "f-" + b.block_id;
  const many = b.element.type === "checkboxes" || b.element.type === "radio_buttons";
  const label = [plain(b.label.text), b.optional && h("span", { class: "optional" }, " (optional)")];
  return h(many ? "fieldset" : "div", { class: "field" },
    many ? h("legend", {}, label) : h("label", { for: id }, label),
    control(b, b.element, env, id),
    b.hint && h("p", { class: "field-hint" }, plain(b.hint.text)));
}

/** fillable reports whether an element is one that people fill in. */
export const fillable = (e) => e.type in kinds;

const typedAs = { number_input: "number", email_text_input: "email", url_text_input: "url", datepicker: "date", timepicker: "time" };
const kinds = {
  plain_text_input: typed, number_input: typed, email_text_input: typed, url_text_input: typed, datepicker: typed, timepicker: typed,
  datetimepicker: moment, static_select: select, multi_static_select: select, external_select: search, multi_external_select: search,
  users_select: people, multi_users_select: people, channels_select: channels, conversations_select: channels,
  radio_buttons: ticks, checkboxes: ticks, overflow: select,
};

/** control draws an element that people fill in. */
export function control(b, e, env, id) {
  const name = b.block_id + "/" + e.action_id;
  return kinds[e.type](e, { id, name, set: (text) => env.form?.fill(name, text), find: (text) => env.form?.suggest(name, text), env });
}

function typed(e, f) {
  const value = e.initial_value ?? e.initial_date ?? e.initial_time ?? "";
  const props = { id: f.id, "data-field": f.name, placeholder: e.placeholder?.text, maxlength: e.max_length, onchange: (ev) => f.set(ev.target.value) };
  if (e.multiline) return h("textarea", { ...props, rows: 4 }, value);
  return h("input", { ...props, type: typedAs[e.type] ?? "text", step: e.is_decimal_allowed ? "any" : null, value });
}

// moment is a date with a time of day on the reader's own clock; to the app it is seconds since 1970.
function moment(e, f) {
  const shift = (seconds) => new Date((seconds - new Date(seconds * 1000).getTimezoneOffset() * 60) * 1000).toISOString().slice(0, 16);
  const seconds = (text) => (text ? String(Math.floor(new Date(text).getTime() / 1000)) : "");
  return h("input", {
    id: f.id, "data-field": f.name, type: "datetime-local", value: e.initial_date_time ? shift(e.initial_date_time) : "",
    onchange: (ev) => f.set(seconds(ev.target.value)),
  });
}

function chosen(e) {
  return new Set([...(e.initial_options ?? []), ...(e.initial_option ? [e.initial_option] : [])].map((o) => o.value));
}

function select(e, f) {
  const has = chosen(e);
  const multiple = e.type.startsWith("multi_");
  const one = (o) => h("option", { value: o.value, selected: has.has(o.value) }, o.text.text + (o.description ? " · " + o.description.text : ""));
  const none = !multiple && has.size === 0 && h("option", { value: "", selected: true }, e.placeholder?.text ?? "");
  const options = e.option_groups
    ? e.option_groups.map((g) => h("optgroup", { label: g.label.text }, g.options.map(one)))
    : e.options.map(one);
  return h("select", { id: f.id, multiple, onchange: (ev) => f.set([...ev.target.selectedOptions].map((o) => o.value).join(";")) }, none, options);
}

function choice(f, value, all) {
  return h("select", { id: f.id, onchange: (ev) => f.set(ev.target.value) },
    h("option", { value: "", selected: !value }), all.map((o) => h("option", { value: o.id, selected: o.id === value }, o.name)));
}

function people(e, f) {
  return choice(f, e.initial_user ?? e.initial_users?.[0], f.env.everybody().map((u) => ({ id: u.id, name: "@" + u.name })));
}

function channels(e, f) {
  return choice(f, e.initial_channel ?? e.initial_conversation, f.env.everywhere().map((c) => ({ id: c.id, name: "#" + c.name })));
}

function ticks(e, f) {
  const has = chosen(e);
  const box = h("div", { class: "ticks", id: f.id });
  const values = () => [...box.querySelectorAll("input:checked")].map((i) => i.value).join(";");
  box.append(...e.options.map((o) => h("label", { class: "tick-row" },
    h("input", { type: e.type === "checkboxes" ? "checkbox" : "radio", name: f.id, value: o.value, checked: has.has(o.value), onchange: () => f.set(values()) }),
    h("span", {}, h("span", {}, plain(o.text.text)), o.description && h("span", { class: "field-hint" }, plain(o.description.text))))));
  return box;
}

// search is a field whose options the app suggests while one types.
function search(e, f) {
  const value = [...(e.initial_options ?? []), ...(e.initial_option ? [e.initial_option] : [])].map((o) => o.text.text).join("; ");
  const list = h("div", { class: "suggestions", role: "listbox", id: f.id + "-list", hidden: true });
  const box = h("input", {
    id: f.id, "data-field": f.name, type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": f.id + "-list", autocomplete: "off", placeholder: e.placeholder?.text, value,
  });
  const open = (on) => { list.hidden = !on; box.setAttribute("aria-expanded", String(on)); };
  const take = (o) => { box.value = o.text; open(false); f.set(o.value); };
  let asked = 0;
  const look = async () => {
    const mine = ++asked;
    const typed = box.value === value ? "" : box.value;
    const found = await f.find(typed) ?? [];
    if (mine !== asked) return; // something else was typed since
    let group = null;
    list.replaceChildren();
    for (const o of found) {
      if (o.group && o.group !== group) list.append(h("div", { class: "suggestion-group", role: "presentation" }, o.group));
      group = o.group;
      list.append(h("button", { class: "suggestion", type: "button", role: "option", tabindex: "-1", onmousedown: (ev) => ev.preventDefault(), onclick: () => take(o) },
        h("b", {}, o.text), o.description && h("span", {}, o.description)));
    }
    if (found.length === 0) list.append(h("div", { class: "suggestion-group" }, "Nothing found"));
    open(true);
  };
  let timer = 0;
  box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 150); });
  box.addEventListener("focus", () => { box.select(); look(); });
  box.addEventListener("blur", () => open(false));
  box.addEventListener("keydown", (ev) => {
    const rows = [...list.querySelectorAll(".suggestion")];
    const at = rows.findIndex((r) => r.getAttribute("aria-selected") === "true");
    if (ev.key === "Enter") { // it chooses, and never sends the form
      ev.preventDefault();
      if (list.hidden) look();
      else (rows[at] ?? rows[0])?.click();
    } else if (ev.key === "Escape" && !list.hidden) {
      ev.preventDefault();
      ev.stopPropagation();
      open(false);
    } else if (ev.key === "ArrowDown" || ev.key === "ArrowUp") {
      ev.preventDefault();
      const next = rows[(at + (ev.key === "ArrowDown" ? 1 : rows.length - 1)) % rows.length];
      rows[at]?.removeAttribute("aria-selected");
      next?.setAttribute("aria-selected", "true");
      next?.scrollIntoView({ block: "nearest" });
    }
  });
  return h("div", { class: "search" }, box, list);
}

// Block Kit, rendered to nodes.
import { byId, h } from "./dom.js";
import { mrkdwn, plain } from "./mrkdwn.js";
import { control, fillable, input } from "./view.js";
import { native } from "./native.js";

/** blocks renders a message's blocks; press is called with a button's id. */
export function blocks(list, env, press) {
  return list.map((b) => block(b, env, press));
}

function block(b, env, press) {
  switch (b.type) {
    case "header":
      return h("h3", { class: "bk-header" }, plain(b.text.text));
    case "divider":
      return h("hr", { class: "bk-divider" });
    case "section":
      return section(b, env, press);
    case "context":
      return h("div", { class: "bk-context" }, b.elements.map((e) =>
        e.type === "image" ? picture(e, env) : h("span", { class: "text" }, text(e, env))));
    case "actions":
      return h("div", { class: "bk-actions" }, b.elements.map((e) => element(b, e, env, press)));
    case "input":
      return input(b, env);
    case "image":
      return h("figure", {}, b.title && h("figcaption", {}, plain(b.title.text)), picture(b, env));
    default:
      return native(b, env) ?? h("div", { class: "image" }, "(" + b.type + ")");
  }
}

function section(b, env, press) {
  const words = h("div", {},
    b.text && h("div", { class: "text" }, text(b.text, env)),
    b.fields && h("div", { class: "bk-fields" }, b.fields.map((f) => h("div", { class: "text bk-field" }, text(f, env)))));
  const beside = b.accessory && (b.accessory.type === "image" ? picture(b.accessory, env) : element(b, b.accessory, env, press));
  return h("div", { class: "bk-section" }, words, beside);
}

function text(t, env) {
  return t.type === "mrkdwn" ? mrkdwn(t.text, env) : plain(t.text);
}

// Pictures from elsewhere are not loaded: the page talks to nobody but its own server.
function picture(e, env) {
  // In the address the id follows the person, or nobody: /files/U…/F…/NAME or /files/F…/NAME.
  const id = e.slack_file?.id ?? e.slack_file?.url?.match(/\/files\/(?:U[^/]*\/)?(F[^/]+)\//)?.[1];
  if (id && env.uploads !== false) return h("img", { class: "picture", src: "/sim/file/" + encodeURIComponent(id), alt: e.alt_text });
  return h("span", { class: "image", role: "img", "aria-label": e.alt_text }, "🖼 " + e.alt_text);
}

// element is a button, or what people choose from.
function element(b, e, env, press) {
  return fillable(e) ? control(b, e, env, (env.scope ?? "") + "f-" + b.block_id + "-" + e.action_id) : button(b, e, env, press);
}

function button(b, e, env, press) {
  const look = { class: "bk-button" + (e.style ? " " + e.style : ""), "aria-label": e.accessibility_label };
  const id = b.block_id + "/" + e.action_id;
  if (e.url && /^https?:/i.test(e.url)) {
    return h("a", { ...look, href: e.url, target: "_blank", rel: "noopener noreferrer", onclick: () => press(id) }, plain(e.text.text));
  }
  const el = h("button", { ...look, type: "button" }, plain(e.text.text));
  el.addEventListener("click", async () => {
    if (el.getAttribute("aria-busy") === "true") return;
    if (e.confirm && !(await confirmed(e.confirm, env))) return;
    el.setAttribute("aria-busy", "true");
    await press(id, e.value);
    el.removeAttribute("aria-busy");
  });
  return el;
}

/** confirmed shows a confirm dialog and resolves to what the person chose. */
export function confirmed(c, env) {
  const dialog = byId("confirm");
  byId("confirm-title").replaceChildren(plain(c.title.text));
  byId("confirm-text").replaceChildren(h("div", { class: "text" }, text(c.text, env)));
  const yes = byId("confirm-yes");
  const no = byId("confirm-no");
  yes.className = "bk-button " + (c.style === "danger" ? "danger" : "primary");
  yes.replaceChildren(plain(c.confirm.text));
  no.replaceChildren(plain(c.deny.text));
  return new Promise((resolve) => {
    let answer = false;
    yes.onclick = () => { answer = true; dialog.close(); };
    no.onclick = () => dialog.close();
    dialog.onclick = (ev) => { if (ev.target === dialog) dialog.close(); };
    dialog.onclose = () => resolve(answer);
    dialog.showModal();
    yes.focus();
  });
}

// The menu beside a button. There is one at a time; it lies above everything and outlives the button's message being drawn anew.
import { byId, h } from "./dom.js";

let opener = ""; // the id of the button that it belongs to

/** menu opens it: items are {label, sign, act}. Arrows move, Enter chooses, Escape and leaving close it. */
export function menu(button, label, items) {
  const box = byId("menu");
  if (!box.hidden && opener === button.id) {
    close();
    return;
  }
  opener = button.id;
  box.setAttribute("aria-label", label);
  box.replaceChildren(...items.map((it) => h("button", { type: "button", role: "menuitem", tabindex: "-1", onclick: () => { close(); it.act(); } },
    it.sign && h("span", { "aria-hidden": "true" }, it.sign), it.label)));
  box.hidden = false;
  const at = button.getBoundingClientRect();
  const room = box.getBoundingClientRect();
  box.style.left = Math.max(8, Math.min(at.left, innerWidth - room.width - 8)) + "px";
  box.style.top = (at.bottom + room.height + 8 > innerHeight ? Math.max(8, at.top - room.height - 4) : at.bottom + 4) + "px";
  button.setAttribute("aria-expanded", "true");
  box.firstElementChild.focus();
}

// close gives the focus back, to what stands in the button's place by now.
function close() {
  const button = byId(opener);
  const inside = byId("menu").contains(document.activeElement);
  byId("menu").hidden = true;
  button?.setAttribute("aria-expanded", "false");
  if (inside) button?.focus();
}

/** begin connects the menu. */
export function begin() {
  const box = byId("menu");
  box.addEventListener("keydown", (ev) => {
    const rows = [...box.children];
    const at = rows.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + rows.length, Home: 0, End: rows.length - 1 }[ev.key];
    if (to !== undefined) rows[to % rows.length].focus();
    else if (ev.key === "Escape" || ev.key === "Tab") close();
    else return;
    ev.preventDefault();
    ev.stopPropagation();
  });
  box.addEventListener("focusout", (ev) => { if (!box.contains(ev.relatedTarget)) close(); });
  addEventListener("resize", () => { if (!box.hidden) close(); });
}

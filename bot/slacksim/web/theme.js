// Light or dark: the system's choice, or that of whoever pressed the switch. A script of its own, since it has
// to run before anything is drawn.
const key = "slacksim.theme";
const order = ["auto", "light", "dark"];
const words = { auto: "as the system", light: "light", dark: "dark" };

function kept() {
  try { return localStorage.getItem(key) ?? "auto"; } catch { return "auto"; } // private windows have no storage
}

function use(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const b of document.querySelectorAll("[data-switch=theme]")) {
    b.setAttribute("aria-label", "Colours: " + words[theme]);
    b.title = "Colours: " + words[theme];
  }
}

use(kept());
document.addEventListener("DOMContentLoaded", () => {
  use(kept());
  for (const b of document.querySelectorAll("[data-switch=theme]")) {
    b.addEventListener("click", () => {
      const next = order[(order.indexOf(kept()) + 1) % order.length];
      try { localStorage.setItem(key, next); } catch { /* it lasts as long as the page then */ }
      use(next);
    });
  }
});
// Another window of the same person, or a frame in this one, follows.
addEventListener("storage", (ev) => { if (ev.key === key) use(kept()); });

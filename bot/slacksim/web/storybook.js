// The storybook: every message, modal and home that the app can show, drawn by what draws them in the channel.
import { avatar, byId, h } from "./dom.js";
import { blocks } from "./blocks.js";

const kinds = { card: "Cards", reply: "Replies in the thread", answer: "Answers", modal: "Modals", home: "Home tab" };
const rest = "Sentences in them";
const kindOf = (name) => (name.split("_")[0] in kinds ? name.split("_")[0] : "sentences");

// env stands for a workspace in which nobody is known and nothing happens.
function env(scope, bot) {
  return {
    me: "", bot, scope, uploads: false, form: { fill() {}, suggest: async () => [], press() {} },
    userName: () => null, channelName: () => null, group: () => null, everybody: () => [], everywhere: () => [],
  };
}

// Slack gives each block without an id one.
const named = (list) => list.map((b, i) => ({ block_id: "b" + i, ...b }));
const drawn = (list, scope, bot) => blocks(named(list), env(scope, bot), () => {});

function shown(name, story, bot) {
  if (story.lines) return [h("pre", { class: "story-lines", tabindex: "0", "aria-label": name }, story.lines.join("\n"))];
  if (story.type === "modal") return [modal(name, story, bot)];
  if (story.type) return [h("div", { class: "home-blocks" }, drawn(story.blocks, name, bot).map((b) => h("div", { class: "view-block" }, b)))];
  const message = (list, scope) => h("div", { class: "msg" }, avatar(bot), h("div", { class: "body" },
    h("div", { class: "head" }, h("span", { class: "name" }, bot.name), h("span", { class: "tag" }, "APP")),
    h("div", { class: "content" }, drawn(list, scope, bot))));
  return [
    h("p", { class: "story-text" }, "On a lock screen: " + story.text),
    story.broadcast && h("p", { class: "story-note" }, "shown in the channel too"),
    message(story.blocks, name),
    story.native && [h("p", { class: "story-note" }, "where plans, charts and tables are taken"), message(story.native, name + "-native")],
  ].flat();
}

function modal(name, v, bot) {
  return h("div", { class: "story-modal", role: "group", "aria-label": v.title.text },
    h("div", { class: "modal-head" }, h("h4", {}, v.title.text)),
    h("div", { class: "modal-body" }, drawn(v.blocks, name, bot).map((b) => h("div", { class: "view-block" }, b))),
    h("div", { class: "modal-foot" },
      h("button", { class: "bk-button", type: "button" }, v.close?.text ?? "Cancel"),
      v.submit && h("button", { class: "bk-button primary", type: "button" }, v.submit.text)));
}

function group(kind, stories, bot) {
  return h("section", { class: "book-group", "aria-labelledby": "kind-" + kind },
    h("h2", { id: "kind-" + kind }, kinds[kind] ?? rest),
    h("div", { class: "book-stories" }, stories.map(({ name, story }) =>
      h("article", { class: "story", id: name, "aria-labelledby": name + "-name" },
        h("h3", { id: name + "-name" }, h("a", { href: "#" + name }, name)),
        h("div", { class: "story-shown" }, shown(name, story, bot))))));
}

// look hides what lacks one of the words; all: how many stories there are.
function look(all) {
  const words = byId("q").value.toLowerCase().split(/\s+/).filter(Boolean);
  let left = 0;
  for (const g of document.querySelectorAll(".book-group")) {
    let any = false;
    for (const s of g.querySelectorAll(".story")) {
      const text = s.textContent.toLowerCase();
      s.hidden = !words.every((w) => text.includes(w));
      any ||= !s.hidden;
      left += s.hidden ? 0 : 1;
    }
    g.hidden = !any;
  }
  byId("count").textContent = left === all ? all + " stories" : left + " of " + all + " stories";
}

async function begin() {
  const answer = await fetch("/sim/stories");
  if (!answer.ok) {
    byId("count").textContent = (await answer.text()).trim();
    return;
  }
  const { bot, stories } = await answer.json();
  document.title = "Storybook · " + bot.name;
  const all = Map.groupBy(stories, (s) => kindOf(s.name));
  const asked = new URLSearchParams(location.search);
  const only = all.has(asked.get("kind")) ? asked.get("kind") : "";
  for (const kind of [...Object.keys(kinds), "sentences"].filter((k) => all.has(k))) {
    byId("kind").append(h("option", { value: kind }, kinds[kind] ?? rest));
    if (only === "" || only === kind) byId("stories").append(group(kind, all.get(kind), bot));
  }
  byId("kind").value = only;
  byId("q").value = asked.get("q") ?? "";
  look(stories.length);
  byId("q").addEventListener("input", () => look(stories.length));
  if (location.hash) byId(location.hash.slice(1))?.scrollIntoView();
}

begin();

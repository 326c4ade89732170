// What people do with a message: react, reply, change and delete what is theirs, and the app's shortcuts.
import { byId, h, icon } from "./dom.js";
import { menu } from "./menu.js";
import { confirmed } from "./blocks.js";
import { shortcode } from "./mrkdwn.js";

const reactions = { eyes: "Looking", "+1": "Thumbs up", white_check_mark: "Done", rocket: "Rocket", tada: "Party", x: "No" };

/** tools draws the buttons beside a message. */
export function tools(m, env, { thread, replies }) {
  const id = "tools-" + (thread ? "t" : "") + m.ts;
  const more = others(m, env);
  return h("div", { class: "tools", role: "group", "aria-label": "What to do with this message" },
    tool(id + "-react", "React", "react", "menu", (b) => menu(b, "React", Object.entries(reactions).map(([name, label]) => ({ label, sign: shortcode(name), act: () => env.react(m, name) })))),
    !thread && replies.length === 0 && tool(id + "-reply", m.thread ? "View thread" : "Reply in thread", "thread", null, () => env.openThread(m.thread || m.ts)),
    more.length > 0 && tool(id + "-more", "More", "more", "menu", (b) => menu(b, "More", more)));
}

function tool(id, label, sign, opens, act) {
  const b = h("button", { class: "tool", type: "button", id, "aria-label": label, title: label, "aria-haspopup": opens, "aria-expanded": opens && "false" }, icon(sign));
  b.addEventListener("click", () => act(b));
  return b;
}

function others(m, env) {
  const all = (env.shortcuts ?? []).map((name) => ({ label: name, act: () => env.shortcut(name, m) }));
  if (m.user !== env.me) return all;
  if (m.text) all.push({ label: "Edit message", act: () => edit(m, env) });
  all.push({ label: "Delete message", act: () => remove(m, env) });
  return all;
}

async function remove(m, env) {
  const sure = await confirmed({
    title: { text: "Delete this message?" }, text: { type: "plain_text", text: "Replies to it stay." },
    confirm: { text: "Delete" }, deny: { text: "Cancel" }, style: "danger",
  }, env);
  if (sure) env.change("delete", { ts: m.ts });
}

function edit(m, env) {
  const dialog = byId("edit");
  const area = byId("edit-text");
  area.value = plainly(m.text, env);
  byId("edit-form").onsubmit = () => { if (area.value.trim()) env.change("edit", { ts: m.ts, text: area.value.trim() }); };
  byId("edit-no").onclick = () => dialog.close();
  dialog.showModal();
  area.focus();
}

// plainly is a message as it was typed.
function plainly(text, env) {
  return text.replace(/<@(\w+)>/g, (all, id) => "@" + (env.userName(id) ?? id))
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** given draws the reactions: a press gives the same, or takes one's own back. */
export function given(m, env) {
  return h("div", { class: "reactions" }, m.reactions.map((r) => {
    const mine = r.users.includes(env.me);
    const names = r.users.map((id) => env.userName(id) ?? id).join(", ");
    return h("button", {
      class: "reaction", type: "button", title: names, "aria-pressed": String(mine), "aria-label": r.name.replaceAll("_", " ") + ", from " + names,
      onclick: () => env.react(m, r.name),
    }, shortcode(r.name), " " + r.count);
  }));
}

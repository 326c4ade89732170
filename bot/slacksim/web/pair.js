// Two windows of two people in one: /pair?left=dev&right=oncall. Without names they are the first two of the workspace.
import { byId, h } from "./dom.js";

const asked = new URLSearchParams(location.search);
const { users } = await (await fetch("/sim/state")).json();
for (const [side, at] of [["left", 0], ["right", 1]]) {
  const who = users.find((u) => [u.id, u.name].includes(asked.get(side))) ?? users[at];
  byId("pair").append(h("iframe", { src: "/?as=" + encodeURIComponent(who.id) + location.hash, title: who.real || who.name }));
}

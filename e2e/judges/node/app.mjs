// A small app as one writes it with Bolt. The test plays its people.
import { setTimeout } from "node:timers/promises";
import bolt from "@slack/bolt";

const app = new bolt.App({
  token: process.env.SLACK_BOT_TOKEN,
  appToken: process.env.SLACK_APP_TOKEN,
  socketMode: true,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});

const section = (text) => ({ type: "section", text: { type: "mrkdwn", text } });
const button = (id, label) => ({ type: "button", action_id: id, value: id, text: { type: "plain_text", text: label } });

// A command: an answer with the ack, one later, and a card with buttons.
app.command("/echo", async ({ command, ack, respond, client }) => {
  await ack(`at once: ${command.text}`);
  await respond({ text: `later: ${command.text}` });
  await client.chat.postMessage({
    channel: command.channel_id, text: `card: ${command.text}`, metadata: { event_type: "card", event_payload: { turn: 1 } },
    blocks: [section(`card: ${command.text}`), { type: "actions", elements: [button("go", "Go"), button("ask", "Ask")] }],
  });
});

// Buttons: one changes the card for everybody, the other asks in private and takes its question back.
app.action("go", async ({ ack, body, client }) => {
  await ack();
  await client.chat.update({ channel: body.channel.id, ts: body.message.ts, text: `gone by ${body.user.id}`, blocks: [] });
  await client.chat.postMessage({ channel: body.channel.id, thread_ts: body.message.ts, reply_broadcast: true, text: "it went" });
});
app.action("ask", async ({ ack, body, client }) => {
  await ack();
  await client.chat.postEphemeral({
    channel: body.channel.id, user: body.user.id, thread_ts: body.message.ts, text: "sure?",
    blocks: [section("sure?"), { type: "actions", elements: [button("sure", "Sure")] }],
  });
});
app.action("sure", async ({ ack, respond }) => {
  await ack();
  await respond({ replace_original: true, text: "it is sure" });
});

// A mention is answered in its thread, with a link to what was asked.
app.event("app_mention", async ({ event, say, client }) => {
  const link = await client.chat.getPermalink({ channel: event.channel, message_ts: event.ts });
  await say({ thread_ts: event.thread_ts ?? event.ts, text: `<@${event.user}> said ${link.permalink}` });
});

// What people write, change and give an emoji to; and a talk with the app alone.
app.message(/^remember /, async ({ message, client }) => {
  await client.reactions.add({ channel: message.channel, timestamp: message.ts, name: "eyes" });
});
app.event("message", async ({ event, say }) => {
  if (event.subtype === "message_changed" && !event.message.bot_id) {
    await say({ thread_ts: event.message.ts, text: `it was "${event.previous_message.text}"` });
  }
  if (event.channel_type === "im" && !event.subtype) await say(`you said "${event.text}"`);
});
app.event("reaction_added", async ({ event, say }) => {
  await say({ thread_ts: event.item.ts, text: `<@${event.user}> gave :${event.reaction}:` });
});

// A picture in the thread of a card, and as a block once Slack has looked at it.
app.command("/chart", async ({ command, ack, client }) => {
  await ack();
  const root = await client.chat.postMessage({ channel: command.channel_id, text: "chart" });
  const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  const done = await client.filesUploadV2({
    channel_id: command.channel_id, thread_ts: root.ts, initial_comment: "the chart", filename: "chart.png", file: png, title: "Chart",
  });
  const id = done.files[0].files[0].id;
  let { file } = await client.files.info({ file: id });
  while (!file.mimetype) {
    await setTimeout(500);
    ({ file } = await client.files.info({ file: id }));
  }
  await client.chat.update({
    channel: command.channel_id, ts: root.ts, text: "chart",
    blocks: [{ type: "image", alt_text: "one point", slack_file: { id } }],
  });
});

// More calls than the tier allows: the client waits as long as it is told and goes on.
app.command("/busy", async ({ ack, client, respond }) => {
  await ack();
  const members = await client.usergroups.users.list({ usergroup: "S0000000SRE" });
  await respond(`members: ${members.users}`);
});

// A modal: a service that is searched for, a reason that is looked at, a second modal that asks, and what came of it.
const plain = (text) => ({ type: "plain_text", text });
const services = ["api", "checkout", "web"];
const form = (service) => ({
  type: "modal", callback_id: "deploy", title: plain("Deploy"), submit: plain("Next"), close: plain("Not now"), notify_on_close: true,
  private_metadata: service,
  blocks: [
    { type: "input", block_id: "service", dispatch_action: true, label: plain("Service"),
      element: { type: "external_select", action_id: "service", min_query_length: 1, placeholder: plain("search") } },
    { type: "input", block_id: "reason", label: plain("Reason"), element: { type: "plain_text_input", action_id: "reason" } },
    section(service ? `${service} it is` : "choose a service"),
  ],
});
app.command("/deploy", async ({ command, ack, client }) => {
  await ack();
  await client.views.open({ trigger_id: command.trigger_id, view: form("") });
});
app.options("service", async ({ options, ack }) => {
  await ack({ options: services.filter((s) => s.includes(options.value)).map((s) => ({ text: plain(s), value: s })) });
});
app.action("service", async ({ ack, action, body, client }) => {
  await ack();
  await client.views.update({ view_id: body.view.id, hash: body.view.hash, view: form(action.selected_option.value) });
});
app.view("deploy", async ({ ack, view }) => {
  const { service, reason } = view.state.values;
  if (reason.reason.value.length < 5) {
    await ack({ response_action: "errors", errors: { reason: "Say a little more." } });
    return;
  }
  await ack({
    response_action: "push",
    view: {
      type: "modal", callback_id: "sure", title: plain("Sure?"), submit: plain("Deploy"), notify_on_close: true,
      private_metadata: service.service.selected_option.value, blocks: [section(`Deploy because of ${reason.reason.value}?`)],
    },
  });
});
app.view("sure", async ({ ack, body, client, view }) => {
  await ack({ response_action: "clear" });
  await client.chat.postMessage({ channel: "C0DEPLOYS1", text: `<@${body.user.id}> deploys ${view.private_metadata}` });
});
app.view({ callback_id: /^(deploy|sure)$/, type: "view_closed" }, async ({ ack, body, client }) => {
  await ack();
  await client.chat.postMessage({ channel: "C0DEPLOYS1", text: `${body.is_cleared ? "left" : "went back from"} ${body.view.callback_id}` });
});

// The home tab, a button on it, and shortcuts.
app.event("app_home_opened", async ({ event, client }) => {
  await client.views.publish({
    user_id: event.user,
    view: { type: "home", blocks: [section(`home of <@${event.user}>`), { type: "actions", elements: [button("start", "Deploy")] }] },
  });
});
app.action("start", async ({ ack, body, client }) => {
  await ack();
  await client.views.open({ trigger_id: body.trigger_id, view: form("") });
});
app.shortcut("deploy_something", async ({ ack, shortcut, client }) => {
  await ack();
  await client.views.open({ trigger_id: shortcut.trigger_id, view: form("web") });
});
app.shortcut("deploy_this", async ({ ack, shortcut, client, respond }) => {
  await ack();
  await client.views.open({ trigger_id: shortcut.trigger_id, view: form(shortcut.message.text) });
  await respond(`read "${shortcut.message.text}"`);
});

app.event("subteam_updated", async ({ event, client }) => {
  await client.chat.postMessage({ channel: "C0DEPLOYS1", text: `@${event.subteam.handle} has ${event.subteam.users}` });
});
app.event("subteam_members_changed", async ({ event, client }) => {
  await client.chat.postMessage({ channel: "C0DEPLOYS1", text: `${event.added_users} joined, ${event.removed_users} left` });
});

await app.start();

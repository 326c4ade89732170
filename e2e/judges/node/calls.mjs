// Every method that the simulator has, called with Slack's own client. It ends with a status other than 0 if an answer is not
// what that client's users rely on.
import assert from "node:assert/strict";
import { WebClient } from "@slack/web-api";

const slackApiUrl = process.env.SLACK_API_URL;
const quiet = { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, getLevel: () => "error", setName() {} };
const client = new WebClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl, logger: quiet });
const channel = "C0DEPLOYS1";

/** refused is the error that Slack answers, with what comes beside it. */
async function refused(call) {
  try {
    await call;
  } catch (e) {
    return e.data;
  }
  return assert.fail("it was not refused");
}

// Who and where.
const me = await client.auth.test();
assert.match(me.bot_id, /^B/);
assert.equal((await client.users.info({ user: me.user_id })).user.is_bot, true);
assert.equal((await client.users.info({ user: "U000GUEST1" })).user.is_restricted, true);
assert.equal((await refused(client.users.info({ user: "U0NOBODY00" }))).error, "user_not_found");
assert.equal((await client.conversations.info({ channel })).channel.is_member, true);
assert.deepEqual((await client.users.conversations({ types: "public_channel" })).channels.map((c) => c.id), [channel]);

// Messages, through pages of one.
const root = await client.chat.postMessage({ channel, text: "root", metadata: { event_type: "root", event_payload: { turn: 1 } } });
for (const text of ["one", "two", "three"]) await client.chat.postMessage({ channel, thread_ts: root.ts, text });
const texts = [];
for await (const page of client.paginate("conversations.replies", { channel, ts: root.ts, limit: 1 })) texts.push(...page.messages.map((m) => m.text));
assert.deepEqual(texts, ["root", "one", "two", "three"]);
const [newest] = (await client.conversations.history({ channel, limit: 1, include_all_metadata: true })).messages;
assert.equal(newest.reply_count, 3);
assert.deepEqual(newest.metadata, { event_type: "root", event_payload: { turn: 1 } });
assert.equal((await client.chat.update({ channel, ts: root.ts, text: "changed" })).text, "changed");
assert.equal((await refused(client.chat.update({ channel, ts: "1.000001", text: "x" }))).error, "message_not_found");
assert.match((await client.chat.getPermalink({ channel, message_ts: root.ts })).permalink, /^https:/);
assert.match((await client.chat.postEphemeral({ channel, user: "U00000DEV1", text: "psst" })).message_ts, /^\d{10}\.\d{6}$/);
const toldAlone = await client.chat.postMessage({ channel: "U00000DEV1", text: "in private" });
assert.match(toldAlone.channel, /^D/);

// Reactions, and taking back.
await client.reactions.add({ channel, timestamp: root.ts, name: "eyes" });
assert.equal((await refused(client.reactions.add({ channel, timestamp: root.ts, name: "eyes" }))).error, "already_reacted");
assert.equal((await client.conversations.replies({ channel, ts: root.ts, limit: 1 })).messages[0].reactions[0].count, 1);
await client.reactions.remove({ channel, timestamp: root.ts, name: "eyes" });
await client.chat.delete({ channel: toldAlone.channel, ts: toldAlone.ts });

// Lists.
const names = [];
for await (const page of client.paginate("conversations.list", { limit: 1 })) names.push(...page.channels.map((c) => c.name));
assert.deepEqual(names, ["deploys", "general"]);
assert.equal((await client.conversations.members({ channel })).members.length, 4);
assert.equal((await client.conversations.join({ channel: "C0GENERAL1" })).channel.is_member, true);
assert.equal((await client.conversations.open({ users: "U00000DEV1" })).channel.id, toldAlone.channel);
assert.equal((await client.users.list({})).members.length, 4);
assert.equal((await client.users.lookupByEmail({ email: "dev@northwind.example" })).user.id, "U00000DEV1");
assert.equal((await client.team.info()).team.domain, "northwind");
assert.equal((await client.bots.info({ bot: me.bot_id })).bot.user_id, me.user_id);

// Blocks that are refused say where.
const bad = await refused(client.chat.postMessage({ channel, text: "x", blocks: [{ type: "section" }] }));
assert.equal(bad.error, "invalid_blocks");
assert.match(bad.response_metadata.messages[0], /\[json-pointer:\/blocks\/0/);
const verdict = await refused(client.apiCall("blocks.validate", { blocks: JSON.stringify([{ type: "bogus" }]) }));
assert.equal(verdict.errors[0].pointer, "/0/type");

const wrongModal = await refused(client.apiCall("blocks.validate", { view: JSON.stringify({ type: "modal", blocks: [] }) }));
assert.equal(wrongModal.error, "invalid_view");
assert.equal((await client.apiCall("blocks.validate", { blocks: JSON.stringify([{ type: "divider" }]) })).ok, true);

// Views: a home is kept with its hash, and a trigger must be one.
const view = (text) => ({ type: "home", blocks: [{ type: "section", text: { type: "mrkdwn", text } }] });
const first = await client.views.publish({ user_id: "U00000DEV1", view: view("one") });
await client.views.publish({ user_id: "U00000DEV1", view: view("two"), hash: first.view.hash });
assert.equal((await refused(client.views.publish({ user_id: "U00000DEV1", view: view("three"), hash: first.view.hash }))).error, "hash_conflict");
const modal = { type: "modal", title: { type: "plain_text", text: "x" }, blocks: [{ type: "divider" }] };
assert.match((await refused(client.views.open({ trigger_id: "1.2.abc", view: modal }))).error, /trigger/);
assert.equal((await refused(client.views.update({ view_id: "V0NOTHING", view: modal }))).error, "not_found");

// Files.
const ticket = await client.files.getUploadURLExternal({ filename: "a.txt", length: 5, alt_txt: "five letters" });
const sent = await fetch(ticket.upload_url, { method: "POST", body: "hello" });
assert.equal(await sent.text(), "OK - 5");
await client.files.completeUploadExternal({ files: [{ id: ticket.file_id, title: "Hello" }] });
const { file } = await client.files.info({ file: ticket.file_id });
assert.equal(file.title, "Hello");
const read = await fetch(file.url_private, { headers: { Authorization: `Bearer ${process.env.SLACK_BOT_TOKEN}` } });
assert.equal(await read.text(), "hello");
await client.files.delete({ file: ticket.file_id });
assert.equal((await refused(client.files.info({ file: ticket.file_id }))).error, "file_not_found");

// User groups.
const groups = await client.usergroups.list({ include_users: true, include_count: true });
assert.deepEqual(groups.usergroups.map((g) => [g.id, g.users, g.user_count]), [["S0000000SRE", ["U00ONCALL1"], 1]]);
assert.deepEqual((await client.usergroups.users.list({ usergroup: "S0000000SRE" })).users, ["U00ONCALL1"]);

// Tokens and scopes.
const stranger = new WebClient("xoxb-stranger", { slackApiUrl, logger: quiet });
assert.equal((await refused(stranger.auth.test())).error, "invalid_auth");
const customized = await refused(client.chat.postMessage({ channel, text: "x", username: "somebody else" }));
assert.deepEqual([customized.error, customized.needed], ["missing_scope", "chat:write.customize"]);
assert.equal((await refused(client.apiCall("admin.users.list"))).error, "unknown_method");

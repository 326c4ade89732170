// Package judges lets Slack's own clients for Node judge the simulated Slack: a Bolt app does against cmd/slacksim what bots do,
// @slack/web-api calls every method, and @slack/types checks every message that the bot can show. The packages are installed by
// name, at the versions of node/package-lock.json, into a folder of the test's; nothing of them is kept here.
//
// Its tests need Node 20 or newer with npm, and a registry that npm can reach.
package judges

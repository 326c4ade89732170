// Package view renders the messages that people read in Slack: a rollout into its card, a timeline entry into a reply
// in its thread, an answer into a private message. It is the only place that writes sentences for Slack.
//
// Everything in it is a pure function of its arguments. It knows Block Kit and the domain, and no Slack client, clock
// or store. Text from outside passes through escape and cannot become a mention, link, date or formatting. Every
// message keeps Slack's limits whatever it is made from.
//
// Test it with values: golden files under testdata hold what a person sees in every state (go test -update rewrites
// them; review their diff like code), property tests check the limits and the escaping.
package view

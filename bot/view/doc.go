// Package view turns what the product knows into what people read in Slack: a rollout into its card, a timeline entry
// into a reply in its thread, an answer into a private message. It is the only place that writes sentences for Slack.
//
// Everything in it is a pure function of its arguments. It knows Block Kit and the domain; it refuses to know a Slack
// client, a clock, a store or who asked. What comes from outside passes through escape and can become no mention, link,
// date or formatting. Every message keeps Slack's limits whatever it is made from.
//
// Test it with values: golden files under testdata hold what a person sees for every state (go test -update writes
// them anew; a golden diff is reviewed like code), property tests hold the limits and the escaping.
package view

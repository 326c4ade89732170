// Package bot is the Slack face: it hears what people type and press, has it decided, and keeps one card and one
// thread for each rollout.
//
// What comes in arrives over two Socket Mode connections. It is committed before it is acknowledged: an acked click is
// a durable click, and what could not be committed is not acked. What goes out is level-triggered: the poster compares
// each rollout's timeline with its cursor and shows what is missing, so an outage of Slack delays nothing but messages,
// and they catch up.
//
// It writes no sentences (package view does), reads no words (package command does) and decides nothing (the domain
// does). It never touches the cluster. Test it in a synctest bubble against slacksim, which fails a test for each
// breach of Slack's protocol.
package bot

// Package bot answers what people do in Slack: commands, presses on buttons, and mentions in threads.
//
// What comes in is committed before it is acknowledged: an acked press is a durable press, and what could not be
// committed is not acked, so that the person sees that it failed. What goes out by itself, the cards and threads, is
// kept by package cards; the connection is package slack's.
//
// It writes no sentences (package view does), parses no text (package command does) and decides nothing (the domain
// does). It never touches the cluster. Test it in a synctest bubble against slacksim, which fails a test for each
// breach of Slack's protocol.
package bot

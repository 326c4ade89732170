// Package command reads what people type to the bot: the words after the slash command, and the words after a mention.
//
// It is pure: a line in, a Command or an *Error out. It undoes what phones and Slack do to text, knows the grammar,
// suggests the nearest valid word, and writes no sentences: package view turns an *Error into an answer. It knows
// nothing about policies, existing versions or live rollouts.
//
// Test it with lines: Parse("deploy checkout v1.2.4 --auto", known).
package command

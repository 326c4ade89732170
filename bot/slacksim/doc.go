// Package slacksim is a strict Slack in memory.
package slacksim

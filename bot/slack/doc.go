// Package slack is the connection to Slack: two Socket Mode connections that bring envelopes and take acks, and the Web
// API within a budget of our own, with what Slack says about people and channels.
//
// It knows nothing of rollouts, and decides nothing. No error of slack-go leaves the package: an Error says what is known
// of a call.
//
// Test it in a synctest bubble against slacksim, which fails a test for each breach of Slack's protocol.
package slack

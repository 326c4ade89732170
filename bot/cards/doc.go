// Package cards keeps one card and one thread in Slack for each rollout.
//
// It is level-triggered: it compares each rollout and its timeline with what Slack shows, and makes the most urgent call
// that is missing, again and again. There is no queue, so an outage of Slack delays messages and nothing else, and they
// catch up. What is about to be posted is stored before the call: after a crash, or a call whose answer was lost, the
// message is looked for first, by its mark, and posted only if it is not there.
//
// It writes no sentences (package view does), decides nothing and never touches the cluster. Test it through package bot,
// in a synctest bubble against slacksim.
package cards

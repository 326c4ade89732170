// Package calendar knows when rollouts may start, and what people mean by the times that they type.
//
// It is pure: it has no clock and asks nobody. What comes again is a cron expression, which is read here and nowhere else;
// a day with 23 or 25 hours is this package's to get right. It knows nothing of stores, of Slack, or of what a rollout does.
//
// Test it with times: the tables in calendar_test.go and when_test.go say what holds at which moment.
package calendar

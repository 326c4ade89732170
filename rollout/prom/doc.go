// Package prom queries Prometheus for a canary's health and implements rollout.Metrics.
//
// A check's queries are templates over the words in template.go, expanded for the canary's arm and, where the query
// depends on the arm, for stable's. Answers are not trusted: only one finite number, of one series, without warnings
// and from fresh samples, becomes a value; everything else becomes a reason.
//
// An instant query does not show how old the samples behind its answer are, and a rate over a window outlives its
// series by that window. So each check has one more query (freshness.go): the newest timestamp of the series that it
// selects, of both arms. An arm without a current sample has no data, whatever its window still returns; one whose
// newest sample is older than four intervals is stale, or without data when the other arm's samples are fresh. And
// queries carry no time: Prometheus evaluates at its own time, which must agree with this machine's within a minute.
//
// The package decides nothing about health: that is package judge. It never returns an error, never follows a redirect
// to another host, reads at most 1 MiB of an answer and blocks at most ten seconds. Names that end up in a query are
// DNS labels inside quotes, so that they cannot change it; a fuzz test compares the expansion with Prometheus's own
// parser, which only tests may link.
//
// Test it with recorded answers behind an httptest server, or with Prometheus's engine as engine_test.go does.
package prom

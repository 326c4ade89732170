// Package install has the product as a user installs it: the production binary with a configuration file and a
// store, a simulated Slack on a port of its own, and the rights of the chart, nothing more. People act through the
// Slack, and what they see is read there.
//
// It refuses to know what a rollout is for: the scenarios assert the results.
package install

// Package webhook tells others of what happens to rollouts: CDEvents and webhooks of our own over HTTP, annotations in
// Grafana, commit statuses and deployments at GitHub, and events in Kubernetes.
//
// The queue is the timelines that the store has already. Each target keeps a cursor for each rollout in the store's notes,
// and reads on from it after every commit and after a restart. So an event is told at least once, in the order of its
// rollout, and always under the same id; what waits too long is given up. No rollout waits for any of it.
//
// The package knows no Slack and no Kubernetes, and writes no sentences: those are given to it. Test it in a bubble with a
// store in memory and a transport in memory.
package webhook

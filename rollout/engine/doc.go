// Package engine is the heartbeat: it runs the domain's pure functions over the ports, and owns every goroutine of the
// rollouts.
//
//	observe -> Next -> commit -> send the missing writes -> observe ...
//
// One worker beats for each rollout that has not ended; nobody else observes or applies. Beside it an asker puts the
// rollout's checks to Prometheus, so that no beat waits for an answer. Decisions do not wait for beats: the goroutine
// that received one loads, decides, commits by compare-and-swap and returns; the worker is woken, and what it was
// sending is cancelled when the decision rolls the rollout back.
//
// The engine knows no Slack, no Kubernetes and no bbolt. Test it inside a synctest bubble over package sim.
package engine

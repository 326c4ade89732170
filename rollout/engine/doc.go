// Package engine is the control loop: it runs the domain's pure functions over the ports, and owns every goroutine of
// the rollouts.
//
//	observe -> Next -> commit -> send the missing writes -> observe ...
//
// Each rollout that has not ended has one worker, which alone observes and applies for it. Beside the worker a checker
// asks Prometheus, so that no reconcile waits for an answer. Decisions do not wait for the worker: the goroutine that
// received one loads, decides, commits by compare-and-swap and returns; then the worker is woken, and the write in flight
// is cancelled if the decision was to roll back.
//
// The engine does not know Slack, Kubernetes or bbolt. Test it inside a synctest bubble over package sim.
package engine

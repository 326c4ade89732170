package sim

import (
	"context"
	"errors"
	"time"

	"canarybot.io/rollout"
)

// Op is a call through a port.
type Op string

// The calls.
const (
	Observe   Op = "observe"
	Do        Op = "do"
	Preflight Op = "preflight"
	Fulfil    Op = "fulfil" // of a Repository
)

// Call is a call through a port, before or after it happened.
type Call struct {
	N       int // counts the calls of the cluster, or of the repository, from 1
	Op      Op
	Rollout rollout.ID
	Object  rollout.ObjectRef // what is read or written first
	Write   rollout.Write     // of a Do
	Wish    rollout.GitWish   // of a Fulfil
	After   bool
	Err     error // the result, after the call
}

// Fault is called before and after every call. An error before the call prevents it and is its answer; ErrLate before a
// Do delays the write until Land. An error after the call replaces its answer: the response is lost. It is called
// without a lock held and may change the cluster.
type Fault func(Call) error

// ErrLate makes a write late: its sender gets Unavailable now, and it arrives when Land is called.
var ErrLate = errors.New("the write is under way")

// ErrLost is an answer that never came: what a Fault returns to lose a request or its response.
var ErrLost = rollout.Refuse(rollout.Unavailable, rollout.Problem{
	Code: rollout.ProblemAPIServerNoAnswer, Call: rollout.CallRead, Object: rollout.ObjectRef{Kind: "the cluster"}, Words: "EOF",
})

// SetFault replaces the fault hook.
func (c *Cluster) SetFault(f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = f
}

// Land delivers the delayed writes in order and returns the result of each: a Conflict if its object changed meanwhile.
func (c *Cluster) Land() []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []error
	for _, write := range c.held {
		all = append(all, write())
	}
	c.held = nil
	return all
}

// call runs do under the lock, with faults before and after it.
func (c *Cluster) call(ctx context.Context, call Call, do func() error) error {
	c.mu.Lock()
	c.calls++
	call.N = c.calls
	fault := c.fault
	c.mu.Unlock()
	if fault == nil {
		fault = func(Call) error { return nil }
	}
	if err := fault(call); err != nil {
		if errors.Is(err, ErrLate) && call.Op == Do {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.held = append(c.held, do)
			return call.unavailable(rollout.ProblemRequestTimeout, "").Because(err)
		}
		return err
	}
	if err := c.travel(ctx, call); err != nil {
		return err
	}
	call.Err = c.locked(call, do)
	call.After = true
	if err := fault(call); err != nil {
		return err
	}
	return call.Err
}

// unavailable is the error of a call that got no answer.
func (call Call) unavailable(code rollout.ProblemCode, words string) *rollout.Error {
	p := rollout.Problem{Code: code, Call: rollout.CallRead, Object: call.Object, Words: words}
	if call.Op == Do {
		p.Call = rollout.APICall(call.Write.Verb)
		if call.Write.Verb == rollout.Release {
			p.Call = rollout.CallUpdate
		}
	}
	return rollout.Refuse(rollout.Unavailable, p)
}

func (c *Cluster) locked(call Call, do func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unreachable {
		return call.unavailable(rollout.ProblemAPIServerNoAnswer, "connection refused")
	}
	return do()
}

// travel takes the time of a request. A request whose context ends on the way never happens.
func (c *Cluster) travel(ctx context.Context, call Call) error {
	if c.options.Latency > 0 {
		timer := time.NewTimer(c.options.Latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	if err := ctx.Err(); err != nil {
		return call.unavailable(rollout.ProblemRequestCanceled, "").Because(err)
	}
	return nil
}

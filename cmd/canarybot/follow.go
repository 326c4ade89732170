package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"canarybot.io/api"
	"canarybot.io/api/client"
	"canarybot.io/api/report"
	"canarybot.io/rollout"
)

const (
	// inTime bounds what is done after an interrupt: GitHub terminates a cancelled job after 7.5 s.
	inTime = 7 * time.Second
	// backInTime bounds how long a rollback is waited for when time ran out.
	backInTime = 2 * time.Minute
	// pollLog and pollLive are how long the server holds a question: under the 60 s of Kubernetes's proxy, and often enough for
	// a line that changes.
	pollLog, pollLive = 30 * time.Second, 5 * time.Second
)

// result is how a deployment went.
type result struct {
	code    exitCode
	text    string       // what to say at the end
	rollout *api.Rollout // nil: none was started, as far as is known
	problem *api.Problem // why not
}

// follow starts the rollout and, if asked to, waits for its end.
func (d *deployment) follow(ctx context.Context, c *client.Client) result {
	bounded, cancel := d.bounded(ctx)
	defer cancel()
	r, err := c.Start(bounded, d.start, d.key)
	switch {
	case err != nil && bounded.Err() != nil:
		return d.stoppedEarly(ctx, c, err)
	case err != nil && d.unless && runsAlready(err):
		return result{text: saying(err)}
	case err != nil:
		return failed(nil, err)
	case !d.wait:
		d.show.change(r)
		return result{text: fmt.Sprintf("%s was started.", report.Inert(string(r.ID))), rollout: &r}
	}
	return d.watch(ctx, c, r)
}

// runsAlready reports whether a start was refused because there is nothing to do.
func runsAlready(err error) bool {
	var refused *client.Refused
	return errors.As(err, &refused) && refused.Problem.Code == string(rollout.ProblemSameVersion)
}

// bounded returns a context that ends when the time runs out.
func (d *deployment) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, d.began.Add(d.timeout))
}

// watch waits for the rollout's end, and does what follows where that does not come.
func (d *deployment) watch(ctx context.Context, c *client.Client, r api.Rollout) result {
	bounded, cancel := d.bounded(ctx)
	defer cancel()
	r, err := d.await(bounded, c, r)
	switch {
	case err == nil:
		return result{code: codeOfOutcome(r), text: report.Verdict(r), rollout: &r}
	case ctx.Err() != nil:
		return d.interrupted(ctx, c, r)
	case bounded.Err() != nil:
		return d.late(ctx, c, r)
	}
	return failed(&r, err)
}

// await returns the rollout once it has ended, or once whoever waits for it may go on; with an error, as it was last seen.
func (d *deployment) await(ctx context.Context, c *client.Client, r api.Rollout) (api.Rollout, error) {
	hold := pollLog
	if d.show.width() > 0 {
		hold = pollLive
	}
	for {
		d.show.change(r)
		if r.Outcome != "" || r.Go {
			return r, nil
		}
		asked := time.Now()
		next, err := c.Await(ctx, r.ID, r.Seq, hold)
		if err != nil {
			return r, err
		}
		if next.Seq == r.Seq && time.Since(asked) < time.Second { // a server that holds nothing is not asked all the time
			pause(ctx, time.Second)
		}
		r = next
	}
}

// pause returns after the time, or when the context ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// failed is the result of a call that failed while the rollout went on, if there is one.
func failed(r *api.Rollout, err error) result {
	end := result{code: codeOfError(err), text: saying(err), rollout: r}
	var refused *client.Refused
	if errors.As(err, &refused) {
		end.problem = &refused.Problem
	}
	if r != nil {
		end.text += fmt.Sprintf(" %s goes on without this command.", report.Inert(string(r.ID)))
	}
	var unreachable *client.Unreachable
	if r == nil && errors.As(err, &unreachable) && unreachable.Sent {
		end.text += " It is not known whether a rollout was started: look at `canarybot status`."
	}
	return end
}

// stoppedEarly ends a start that was interrupted, or whose time ran out. What may have arrived is asked for once more, with
// its key, to be taken back; what never left starts nothing.
func (d *deployment) stoppedEarly(ctx context.Context, c *client.Client, err error) result {
	interrupted := ctx.Err() != nil
	why, what := fmt.Sprintf("the pipeline's time ran out after %s", d.timeout), d.onTimeout
	if interrupted {
		why, what = "the pipeline was cancelled", d.onInterrupt
	}
	var unreachable *client.Unreachable
	if sent := errors.As(err, &unreachable) && unreachable.Sent; !sent && interrupted {
		return result{code: exitCancelled, text: "Interrupted; nothing was started."}
	} else if !sent || what != takeBack {
		return failed(nil, err)
	}
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), inTime)
	defer cancel()
	r, err := c.Start(rest, d.start, d.key)
	if err != nil {
		return failed(nil, err)
	}
	end := d.back(rest, c, r, why)
	if end.code == exitCancelled && !interrupted {
		end.code = exitTimeout
	}
	return end
}

// interrupted ends a wait that was interrupted.
func (d *deployment) interrupted(ctx context.Context, c *client.Client, r api.Rollout) result {
	if d.onInterrupt != takeBack {
		return result{code: exitCancelled, text: fmt.Sprintf("Interrupted. %s goes on without this command.", report.Inert(string(r.ID))), rollout: &r}
	}
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), inTime)
	defer cancel()
	return d.back(rest, c, r, "the pipeline was cancelled")
}

// back takes the rollout back and says what became of that. It is the rollout's own end that counts if that came first.
func (d *deployment) back(ctx context.Context, c *client.Client, r api.Rollout, why string) result {
	now, err := c.Decide(ctx, r.ID, api.Decision{Action: rollout.Rollback, Turn: r.Turn, Reason: why})
	if err == nil {
		d.show.change(now)
		return result{code: exitCancelled, text: fmt.Sprintf("%s is rolled back: %s.", report.Inert(string(r.ID)), why), rollout: &now}
	}
	if now, look := c.Rollout(ctx, r.ID); look == nil && now.Outcome != "" {
		d.show.change(now)
		return result{code: codeOfOutcome(now), text: report.Verdict(now), rollout: &now}
	}
	end := failed(&r, err)
	end.text = "It could not be rolled back. " + end.text
	return end
}

// late ends a wait whose time ran out. What is rolled back then is waited for, so that the next step finds it done.
func (d *deployment) late(ctx context.Context, c *client.Client, r api.Rollout) result {
	late := fmt.Sprintf("Time ran out after %s.", d.timeout)
	if d.onTimeout != takeBack {
		return result{code: exitTimeout, text: fmt.Sprintf("%s %s goes on without this command.", late, report.Inert(string(r.ID))), rollout: &r}
	}
	rest, cancel := context.WithTimeout(ctx, backInTime)
	defer cancel()
	end := d.back(rest, c, r, fmt.Sprintf("the pipeline's time ran out after %s", d.timeout))
	if end.code != exitCancelled || end.rollout.Outcome != "" { // it could not be taken back, or had ended
		return end
	}
	end.code, end.text = exitTimeout, late+" "+end.text
	if now, err := d.await(rest, c, *end.rollout); err == nil {
		end.rollout, end.text = &now, late+" "+report.Verdict(now)
	}
	return end
}

package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"canarybot.io/rollout"
)

// Why a deploy is refused, beside what package rollout says.
const (
	ProblemNoSuchService     rollout.ProblemCode = "no_such_service" // Value is its name
	ProblemNoSuchPlan        rollout.ProblemCode = "no_such_plan"    // Value is its name, Names those that there are
	ProblemNothingBefore     rollout.ProblemCode = "nothing_before"
	ProblemRolledBackAlready rollout.ProblemCode = "rolled_back_already" // Value is the image that it was rolled back from
	// ProblemEmergencyNeedsReason refuses an emergency that does not say what it is.
	ProblemEmergencyNeedsReason rollout.ProblemCode = "emergency_needs_reason"
)

// patience is how long a dry run goes on asking what cannot be read.
const patience = 10 * time.Second

// lookTimeout bounds the look at the cluster before a deploy is answered: Slack waits for the answer.
const lookTimeout = time.Second

// Deploy commits a new rollout, queued, and returns it: it then runs in the background. The errors are answers for
// whoever asked: NotFound for an unknown service, a BusyError, a SameVersionError, a RolledBackError, Forbidden,
// Invalid, a ClosedError while a freeze, a lock or a window keeps it from starting. A request that was committed already is
// ErrDecided, not busy with the rollout that it made.
func (e *Engine) Deploy(ctx context.Context, l rollout.DeployRequest) (rollout.Rollout, error) {
	made, err := e.DeployTogether(ctx, []rollout.DeployRequest{l})
	if err != nil {
		return rollout.Rollout{}, err
	}
	return made[0], nil
}

// DeployTogether is Deploy for several services that go together, by one person: it commits a rollout of each, or none. An
// error that is about one of several is a DeployError.
func (e *Engine) DeployTogether(ctx context.Context, all []rollout.DeployRequest) ([]rollout.Rollout, error) {
	if e.AtOnce != (rollout.AtOnce{}) && !all[0].Back && !all[0].Emergency { // two that count at once would both find room for one
		release, err := hold(ctx, e.starts)
		if err != nil {
			return nil, err
		}
		defer release()
	}
	for {
		if _, degraded := e.Outage(); degraded {
			return nil, e.degraded(rollout.ProblemDegraded, "")
		}
		changes, err := e.launch(ctx, all)
		if e.failed(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		err = e.commit(ctx, changes...)
		switch {
		case rollout.CodeOf(err) == rollout.Conflict && !errors.Is(err, rollout.ErrDecided):
			continue // two deploys raced, the one to replace moved on, or somebody froze or opened something
		case e.failed(err):
			return nil, e.degraded(rollout.ProblemUncertain, "")
		case err != nil:
			return nil, err
		}
		return e.launched(changes, all), nil
	}
}

// launch returns the commit that the deploys ask for: what becomes of the services' other rollouts, and last those to be made.
func (e *Engine) launch(ctx context.Context, all []rollout.DeployRequest) ([]rollout.Change, error) {
	if err := e.unheard(ctx, all[0].ID); err != nil {
		return nil, err
	}
	var changes, made []rollout.Change
	for _, l := range all {
		open, err := e.opened(ctx, l, all)
		if err != nil {
			return nil, among(all, l, err)
		}
		r, others, err := e.prepare(ctx, l)
		if err != nil {
			return nil, among(all, l, err)
		}
		created := e.created(r, l)
		created.Closures = open
		changes, made = append(changes, others...), append(made, created)
	}
	if len(made) > 1 {
		together(made)
	}
	return append(changes, made...), nil
}

// together has the new rollouts know each other.
func together(made []rollout.Change) {
	ids := make([]rollout.ID, len(made))
	for i, c := range made {
		ids[i] = c.Rollout.ID
	}
	for i := range made {
		made[i].Rollout.Request.Together = ids
	}
}

// among names the service that an error is about, where there are several.
func among(all []rollout.DeployRequest, l rollout.DeployRequest, err error) error {
	if len(all) == 1 {
		return err
	}
	return &rollout.DeployError{Request: l, Err: err}
}

// launched tells of what was committed, and returns the rollouts that were made.
func (e *Engine) launched(changes []rollout.Change, all []rollout.DeployRequest) []rollout.Rollout {
	var made []rollout.Rollout
	for i, c := range changes {
		c.Rollout.Revision++
		e.Log.Info("launched", "rollout", c.Rollout.ID, "phase", c.Rollout.Phase, "actor", all[0].Actor.ID)
		e.Committed(c.Rollout)
		e.decided(c.Rollout)
		if i >= len(changes)-len(all) {
			made = append(made, c.Rollout)
		}
	}
	return made
}

// unheard is ErrDecided where the request counted already: its answer may have been lost.
func (e *Engine) unheard(ctx context.Context, id rollout.DecisionID) error {
	if id == "" {
		return nil
	}
	_, counted, err := e.Store.Decided(ctx, id)
	if err == nil && counted {
		return rollout.ErrDecided
	}
	return err
}

// DryRun runs the preflight of a deploy, asks about the last hour too, and changes nothing in the store.
func (e *Engine) DryRun(ctx context.Context, l rollout.DeployRequest) (rollout.Rollout, rollout.Preflight, error) {
	return e.dryRun(ctx, l, nil)
}

// DryRunTogether is DryRun for several services that go together: it says of each, in their order, whether it would start beside
// the others. They are looked at side by side.
func (e *Engine) DryRunTogether(ctx context.Context, all []rollout.DeployRequest) []rollout.DryRun {
	found := make([]rollout.DryRun, len(all))
	var group sync.WaitGroup
	for i, l := range all {
		group.Go(func() {
			r, p, err := e.dryRun(ctx, l, all)
			found[i] = rollout.DryRun{Request: l, Rollout: r, Preflight: p, Err: err}
		})
	}
	group.Wait()
	return found
}

// dryRun is DryRun beside the others that would start with it.
func (e *Engine) dryRun(ctx context.Context, l rollout.DeployRequest, with []rollout.DeployRequest) (rollout.Rollout, rollout.Preflight, error) {
	r, _, err := e.prepare(ctx, l)
	if err != nil {
		return r, rollout.Preflight{}, err
	}
	p := e.patient(ctx, r)
	if _, err := e.opened(ctx, l, with); rollout.CodeOf(err) == rollout.Conflict {
		p.Problems = append(p.Problems, rollout.ProblemOf(err))
	} else if err != nil {
		return r, p, err
	}
	if p.Pinned != "" {
		r.Image = p.Pinned
	}
	if p.Unreadable.IsZero() {
		p.Backtests = e.evaluator.Backtests(ctx, r)
	}
	return r, p, nil
}

// patient runs the preflight again while something cannot be read: nobody asks again for a dry run, as the next beat does
// for a rollout, and most of what is away is back at once.
func (e *Engine) patient(ctx context.Context, r rollout.Rollout) rollout.Preflight {
	until := time.Now().Add(patience)
	for {
		p := e.preflight(ctx, r)
		if p.Unreadable.IsZero() || !time.Now().Before(until) {
			return p
		}
		select {
		case <-ctx.Done():
			return p
		case <-time.After(time.Second):
		}
	}
}

// prepare returns the rollout that the deploy asks for, and what has to happen to the service's other rollouts in the
// same commit.
func (e *Engine) prepare(ctx context.Context, l rollout.DeployRequest) (rollout.Rollout, []rollout.Change, error) {
	service, ok := e.Services[l.Service]
	if !ok {
		return rollout.Rollout{}, nil, noSuchService(l.Service)
	}
	if err := mayDeploy(service.Policy, l); err != nil {
		return rollout.Rollout{}, nil, err
	}
	r, err := e.compose(ctx, service, l)
	if err != nil {
		return r, nil, err
	}
	past, err := e.Store.History(ctx, r.Service, rollout.Recent)
	if err != nil {
		return r, nil, err
	}
	if last, ok := rollout.LastSuccess(past); ok {
		r.Judge = e.Judge.WarmStart(last.Judge)
	}
	if alike(past, r.Image) {
		r.Image = e.named(ctx, r)
	}
	before, was := rollout.RolledBackBefore(past, r.Image)
	others, behind, err := e.makeRoom(ctx, r, l, service.Policy)
	var busy *rollout.BusyError
	switch {
	case errors.As(err, &busy) && was:
		busy.Before = &before // so that the answer to --replace warns of both
		return r, nil, err
	case err != nil:
		return r, nil, err
	case was && !l.Replace && !l.Back:
		return r, nil, &rollout.RolledBackError{Before: before}
	}
	if r.Behind = behind; behind != "" {
		return r, others, nil
	}
	return r, others, e.checkVersion(ctx, r, past)
}

// checkVersion refuses what stable runs already, and a way back from what Canarybot did not release. A cluster that does not
// answer at once has no objection: the preflight asks again, with more time.
func (e *Engine) checkVersion(ctx context.Context, r rollout.Rollout, past []rollout.Rollout) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	w := e.Cluster.Observe(ctx, r)
	if !w.Unreadable.IsZero() || !w.Stable.Exists {
		return nil
	}
	if r.Runs(w.Stable.Image, past) {
		r.Image = e.named(ctx, r)
	}
	if r.Runs(w.Stable.Image, past) {
		return &rollout.SameVersionError{Service: r.Service, Image: r.Image}
	}
	if p := r.Unreleased(w.Stable.Image); !p.IsZero() {
		return rollout.Refuse(rollout.Conflict, p)
	}
	return nil
}

func mayDeploy(policy rollout.Policy, l rollout.DeployRequest) error {
	switch {
	case l.Back:
		return policy.Allows(l.Actor, rollout.Rollback)
	case l.Emergency && strings.TrimSpace(l.Text) == "":
		return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemEmergencyNeedsReason, Service: l.Service})
	case l.Emergency:
		return policy.Allows(l.Actor, rollout.EmergencyDeploy)
	}
	if err := policy.Allows(l.Actor, rollout.Deploy); err != nil {
		return err
	}
	if l.Auto {
		return policy.Allows(l.Actor, rollout.AutoGate)
	}
	return nil
}

// compose fills a new rollout from the configuration.
func (e *Engine) compose(ctx context.Context, service rollout.Service, l rollout.DeployRequest) (rollout.Rollout, error) {
	spec := service.Spec
	plan, ok := service.PlanNamed(l.Plan)
	if !ok {
		return rollout.Rollout{}, rollout.Refuse(rollout.Invalid, rollout.Problem{
			Code: ProblemNoSuchPlan, Service: service.Name, Value: l.Plan, Names: planNames(service),
		})
	}
	image, over, err := "", "", error(nil)
	switch {
	case l.Back:
		if !l.Gently {
			plan = rollout.WayBack()
		}
		image, over, err = e.imageBefore(ctx, service.Name)
	default:
		image, err = rollout.Image(spec.Repository, l.Version)
	}
	if err != nil {
		return rollout.Rollout{}, err
	}
	switch {
	case l.Emergency:
		plan = plan.Hurried()
	case l.Auto:
		if err := service.Policy.MayAutomate(plan); err != nil {
			return rollout.Rollout{}, err
		}
		plan = plan.Automatic()
	}
	spec.Plan = plan
	n, err := e.Store.NextNumber(ctx, service.Name)
	if err != nil {
		return rollout.Rollout{}, err
	}
	return rollout.Rollout{
		ID: rollout.NewID(service.Name, n), Service: service.Name, Store: e.Store.ID(), Turn: 1, Image: image, Spec: spec,
		Request: rollout.Request{
			Version: l.Version, By: l.Actor, At: l.At, Text: l.Text, Back: l.Back, Gently: l.Gently, Replaces: over,
			Plan: l.Plan, Auto: l.Auto, Replace: l.Replace, Emergency: l.Emergency,
		},
	}, nil
}

func planNames(s rollout.Service) []string {
	names := []string{s.Spec.Plan.Name}
	for _, p := range s.Plans {
		names = append(names, p.Name)
	}
	return names
}

// imageBefore returns what stable ran before the service's last success, and what that one released over it.
func (e *Engine) imageBefore(ctx context.Context, service rollout.ServiceName) (image, over string, err error) {
	past, err := e.Store.History(ctx, service, rollout.Recent)
	if err != nil {
		return "", "", err
	}
	last, ok := rollout.LastSuccess(past)
	switch {
	case !ok:
		return "", "", rollout.Refuse(rollout.NotFound, rollout.Problem{Code: ProblemNothingBefore, Service: service})
	case last.Request.Back:
		return "", "", rollout.Refuse(rollout.Conflict, rollout.Problem{
			Code: ProblemRolledBackAlready, Service: service, Rollout: last.ID, Value: last.From(),
		})
	}
	return last.From(), last.Released(), nil
}

// makeRoom refuses a busy service, or rolls back its other rollouts and returns the one to wait for.
func (e *Engine) makeRoom(ctx context.Context, r rollout.Rollout, l rollout.DeployRequest, policy rollout.Policy) ([]rollout.Change, rollout.ID, error) {
	open, err := e.Store.Open(ctx, r.Service)
	if err != nil {
		return nil, "", err
	}
	if len(open) > 0 && !l.Replace {
		return nil, "", busyWith(open)
	}
	var changes []rollout.Change
	behind := rollout.ID("")
	for _, other := range open {
		if other.Phase.Live() && !other.StableWritten && rollout.SameImage(other.From(), r.Image) {
			return nil, "", &rollout.SameVersionError{Service: r.Service, Image: r.Image} // rolling the live one back is all it takes
		}
		if other.Phase.Live() || other.Orphaned() {
			behind = other.ID
		}
		if other.Phase > rollout.Returning {
			continue // it is going already
		}
		d := rollout.Decision{Action: rollout.Rollback, Actor: l.Actor, At: l.At, Text: l.Text, Replacement: r.ID}
		after, entries, err := rollout.Decide(other, d, policy)
		if err != nil {
			return nil, "", err
		}
		changes = append(changes, rollout.Change{Rollout: after, Entries: entries})
	}
	return changes, behind, nil
}

// busyWith names the rollouts that a deploy would have to replace: the live one, and the one that is queued behind it.
func busyWith(open []rollout.Rollout) *rollout.BusyError {
	i := max(0, slices.IndexFunc(open, func(r rollout.Rollout) bool { return r.Phase.Live() }))
	busy := &rollout.BusyError{Live: open[i]}
	for _, other := range open {
		if other.ID != busy.Live.ID {
			busy.Waiting = &other
		}
	}
	return busy
}

// created is the commit that makes the rollout.
func (e *Engine) created(r rollout.Rollout, l rollout.DeployRequest) rollout.Change {
	r.Seq = 1
	return rollout.Change{Rollout: r, Decision: l.ID, Entries: []rollout.Entry{{
		Rollout: r.ID, Seq: 1, At: l.At, Kind: rollout.EntryRequested, Actor: l.Actor, Decision: l.ID,
		Data: rollout.Data{Action: rollout.Deploy, Text: l.Text},
	}}}
}

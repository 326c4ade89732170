package bot_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"canarybot.io/bot"
	"canarybot.io/bot/cards"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
	"canarybot.io/rollout/engine"
	"canarybot.io/store/mem"
)

// callerWorld is how a caller is in Slack.
type callerWorld struct {
	user slacksim.User // with the id under which they come
	// id is the one that the policies and the groups have; empty: the same.
	id    string
	bot   bool              // a bot user
	fault map[string]string // what Slack answers to a method, once it told about them or before
}

const (
	matrixHome, matrixOrg = "T0SLACKSIM", "E0HOLDING1"
	// another is whoever asked for what is not the caller's.
	another = "U0000OTHER"
	// deployGroup and approveGroup have those whom the policy names by a group, or who are named by one anyway.
	deployGroup, approveGroup = "S00DEPLOY1", "S00APPROV1"
)

// callers are the kinds of who may come. Whoever may do nothing is named for everything: it must not help.
func callers() []caller {
	const both = "deploy approve"
	people := func(u slacksim.User) callerWorld {
		u.ID, u.Name = "U00CALLER1", "caller"
		if u.TeamID == "" {
			u.TeamID = matrixHome
		}
		if u.EnterpriseID == "" && u.TeamID == matrixHome {
			u.EnterpriseID, u.Teams = "W00CALLER1", []string{matrixHome}
		}
		return callerWorld{user: u}
	}
	one := people(slacksim.User{})
	second := one
	second.id = "W00CALLER1"
	failing := func(method, answer string) callerWorld {
		w := one
		w.fault = map[string]string{method: answer}
		return w
	}
	bot := one
	bot.bot = true
	return []caller{
		{name: "approver", named: "approve", world: one},
		{name: "deployer", named: "deploy", world: one},
		{name: "deployer and approver", named: both, world: one},
		{name: "requester, who may approve", named: both, asked: true, world: one},
		{name: "member without rights", world: one},
		{name: "member by user group", named: both, byGroup: true, world: one},
		{name: "requester by user group", named: both, byGroup: true, asked: true, world: one},
		{name: "member under another id of theirs", named: both, world: second},
		{name: "requester under another id of theirs", named: both, asked: true, world: second},
		{name: "guest", standing: outsider, named: both, asked: true, world: people(slacksim.User{Restricted: true})},
		{name: "single-channel guest", standing: outsider, named: both, world: people(slacksim.User{UltraRestricted: true})},
		{name: "guest by user group", standing: outsider, named: both, byGroup: true, world: people(slacksim.User{Restricted: true})},
		{name: "other organisation", standing: outsider, named: both, world: people(slacksim.User{TeamID: "T0STRANGER"})},
		{name: "other workspace of the organisation", standing: outsider, named: both, world: people(slacksim.User{TeamID: "T0SISTER01", EnterpriseID: "W00CALLER1", Teams: []string{"T0SISTER01"}})},
		{name: "deactivated", standing: outsider, named: both, asked: true, world: people(slacksim.User{Deactivated: true})},
		{name: "bot user", standing: outsider, named: both, world: bot},
		{name: "nobody whom Slack knows", standing: outsider, named: both, world: failing("users.info", "user_not_found")},
		{name: "look-up fails, known before", standing: unknown, named: both, known: true, world: failing("users.info", "internal_error")},
		{name: "look-up fails, never known", standing: unknown, named: both, world: failing("users.info", "internal_error")},
		{name: "look-up fails, without rights", standing: unknown, known: true, world: failing("users.info", "internal_error")},
		{name: "groups fail, known before", standing: ungrouped, named: both, byGroup: true, known: true, world: failing("usergroups.users.list", "internal_error")},
		{name: "groups fail, never known", standing: ungrouped, named: both, byGroup: true, world: failing("usergroups.users.list", "internal_error")},
		{name: "groups fail, named by id", standing: ungrouped, named: both, known: true, world: failing("usergroups.users.list", "internal_error")},
		{name: "groups fail, without rights", standing: ungrouped, known: true, world: failing("usergroups.users.list", "internal_error")},
		{name: "pipeline", standing: pipeline},
		{name: "pipeline that asked", standing: pipeline, asked: true},
		{name: "annotation on the cluster", standing: annotation},
	}
}

// matrixWorld is a Slack with one caller in it.
type matrixWorld struct {
	t       *testing.T
	c       caller
	slack   *slacksim.Sim
	client  *slack.Client
	cluster *cluster
	number  int
}

func newMatrixWorld(t *testing.T, c caller) *matrixWorld {
	t.Helper()
	w := &matrixWorld{t: t, c: c, cluster: newCluster()}
	opts := slacksim.Options{Workspace: slacksim.Workspace{ID: matrixHome, Enterprise: matrixOrg}, Limits: slacksim.Limits{Off: true}}
	if c.world.user.ID != "" && !c.world.bot {
		opts.Users = []slacksim.User{c.world.user}
	}
	w.slack = slacksim.Start(t, opts)
	if c.world.bot {
		w.c.world.user.ID = w.slack.Bot().UserID
	}
	return w
}

// user is the id under which the caller comes, and id the one that the policies have.
func (w *matrixWorld) user() string { return w.c.world.user.ID }

func (w *matrixWorld) id() string {
	if w.c.world.id != "" {
		return w.c.world.id
	}
	return w.user()
}

// actor is who the caller is to the store, where the rollout is theirs.
func (w *matrixWorld) actor() rollout.Actor {
	switch w.c.standing {
	case pipeline:
		return rollout.Actor{Kind: rollout.Pipeline, ID: "ci"}
	case annotation:
		return rollout.Actor{Kind: rollout.Kube}
	case member, outsider, unknown, ungrouped:
	}
	return rollout.Actor{Kind: rollout.Person, ID: w.id(), Member: true}
}

// service is checkout under the policy.
func (w *matrixWorld) service(p ruled) rollout.Service {
	s := service()
	list := func(right, group string) []string {
		ids := []string{group, another}
		if strings.Contains(w.c.named, right) && !w.c.byGroup && !p.groupsOnly {
			ids = append(ids, w.id())
		}
		return ids
	}
	s.Policy = rollout.Policy{
		Deployers: list("deploy", deployGroup), Approvers: list("approve", approveGroup), SecondPerson: p.second, SelfPromote: p.self,
		Pipelines: map[string][]rollout.Action{"ci": pipelineMay},
	}
	s.Policy.Rollback = slices.Concat(s.Policy.Deployers, s.Policy.Approvers)
	if p.everyone {
		s.Policy.Rollback = []string{rollout.Everyone}
	}
	s.Spec.Plan.Steps = slices.Clone(s.Spec.Plan.Steps)
	for i := range s.Spec.Plan.Steps {
		s.Spec.Plan.Steps[i].Approvals = p.approvals
	}
	return s
}

// learn has Slack in the state of the policy, and the bot know what it is to know.
func (w *matrixWorld) learn(p ruled) {
	for right, group := range map[string]string{"deploy": deployGroup, "approve": approveGroup} {
		g := slacksim.Group{ID: group, Handle: right, Members: []string{another}}
		if strings.Contains(w.c.named, right) && (w.c.byGroup || p.groupsOnly) {
			g.Members = append(g.Members, w.id())
		}
		w.slack.PutGroup(g)
	}
	w.slack.ClearFaults()
	w.client = slack.New(slack.Config{Tokens: w.slack.Bot().Tokens, APIURL: w.slack.APIURL(), HTTP: w.slack.HTTPClient(), Classic: true},
		slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	if w.c.known {
		w.does(p, act{line: "whoami"}, "ended")
		w.does(p, act{line: "promote checkout"}, "awaiting") // their groups are asked
		time.Sleep(2 * time.Minute)                          // what was looked up is stale
	}
	for method, word := range w.c.world.fault {
		w.slack.SetFault(method, slacksim.Fault{Error: word})
	}
}

// does has the caller do something about checkout-1 in a situation, and returns what came of it and what they read.
func (w *matrixWorld) does(p ruled, a act, in string) (came, said string) {
	w.t.Helper()
	w.number++
	s := w.service(p)
	store, r := w.stored(s, a, in)
	e := engine.New(engine.Options{
		Store: store, Cluster: w.cluster, Metrics: &metrics{value: 0.001}, Judge: &doubter{}, Tags: &registry{},
		Services: map[rollout.ServiceName]rollout.Service{"checkout": s}, Policy: s.Policy, Committed: func(rollout.Rollout) {},
		Log: slog.New(slog.DiscardHandler),
	})
	decision := rollout.DecisionID(fmt.Sprintf("slack:%d.1.a", w.number))
	switch w.c.standing {
	case pipeline, annotation:
		came, said = outcomeOf(w.otherwise(e, r, a, decision))
	case member, outsider, unknown, ungrouped:
		came, said = w.inSlack(e, store, s, a)
	}
	_, counted, err := store.Decided(w.t.Context(), decision)
	if err != nil {
		w.t.Fatal(err)
	}
	if !counted {
		w.unchanged(store, r, a)
		return came, said
	}
	return counts, said
}

// stored is a store that has the rollout in the situation, and what the act is to end.
func (w *matrixWorld) stored(s rollout.Service, a act, in string) (*mem.Store, rollout.Rollout) {
	w.t.Helper()
	store, r := mem.New(mem.Options{}), situation(w.t, s, in)
	if r.Request.By = (rollout.Actor{Kind: rollout.Person, ID: another, Member: true}); w.c.asked {
		r.Request.By = w.actor()
	}
	entry := rollout.Entry{Rollout: r.ID, Seq: 1, At: r.Request.At, Kind: rollout.EntryRequested, Actor: r.Request.By}
	if err := store.Commit(w.t.Context(), rollout.Change{Rollout: r, Entries: []rollout.Entry{entry}}); err != nil {
		w.t.Fatal(err)
	}
	if err := store.PutNote(w.t.Context(), "slack", string(r.ID), fmt.Appendf(nil, `{"channel":"C1","card":"1.000001","turn":%d}`, r.Turn)); err != nil {
		w.t.Fatal(err)
	}
	w.close(store, a)
	return store, r
}

// close sets what there is to end: the caller's own freeze and lock, or another's.
func (w *matrixWorld) close(store *mem.Store, a act) {
	w.t.Helper()
	by := rollout.Actor{Kind: rollout.Person, ID: another, Member: true}
	switch {
	case !strings.HasPrefix(a.line, "un"):
		return
	case a.takes == "own":
		by = w.actor()
	}
	kind := rollout.LockClosure
	if strings.HasPrefix(a.line, "unfreeze") {
		kind = rollout.FreezeClosure
	}
	now := time.Now().UTC().Round(0)
	c := rollout.Closure{Kind: kind, Scope: rollout.Scope{Service: "checkout"}, From: now.Add(-time.Hour), Until: now.Add(time.Hour), By: by, At: now.Add(-time.Hour), Text: "sale"}
	set, err := rollout.Closures{}.With(c)
	if err == nil {
		err = store.SetClosures(w.t.Context(), rollout.ClosureChange{Next: set, At: now, Decision: "before"})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// unchanged fails the test where an act that did not count left anything in the store.
func (w *matrixWorld) unchanged(store *mem.Store, r rollout.Rollout, a act) {
	w.t.Helper()
	now, err := store.Load(w.t.Context(), r.ID)
	if err != nil || now.Revision != 1 || now.Seq != r.Seq {
		w.t.Errorf("%s: a refused %s leaves %s at revision %d, entry %d, %v", w.c.name, a.name, r.ID, now.Revision, now.Seq, err)
	}
	if _, err := store.Load(w.t.Context(), "checkout-2"); rollout.CodeOf(err) != rollout.NotFound {
		w.t.Errorf("%s: a refused %s starts a rollout, %v", w.c.name, a.name, err)
	}
	ends := strings.HasPrefix(a.line, "un")
	if set, err := store.Closures(w.t.Context()); err != nil || ends != (len(set.All) == 1) || !ends && len(set.All) > 0 {
		w.t.Errorf("%s: a refused %s leaves %+v, %v", w.c.name, a.name, set.All, err)
	}
}

// inSlack sends what Slack would, a line or a press, and returns what was answered at once.
func (w *matrixWorld) inSlack(e *engine.Engine, store *mem.Store, s rollout.Service, a act) (came, said string) {
	w.t.Helper()
	services := map[rollout.ServiceName]rollout.Service{"checkout": s}
	b := bot.New(bot.Options{
		Slack: w.client, Cards: cards.New(cards.Options{Slack: w.client, Store: store, Notes: store, Services: services, Policy: s.Policy, Channel: "#deploys"}),
		Rollouts: e, Store: store, Services: services, Policy: s.Policy, Channel: "#deploys", Environment: "production",
	})
	kind, payload := "slash_commands", fmt.Sprintf(`{"command":"/canary","text":%q,"user_id":%q,"trigger_id":"%d.1.a"}`, a.line, w.user(), w.number)
	if a.pressed {
		kind = "interactive"
		payload = fmt.Sprintf(`{"type":"block_actions","user":{"id":%q},"container":{"type":"message","message_ts":"1.000001","channel_id":"C1"},
			"trigger_id":"%d.1.a","actions":[{"type":"button","action_id":"canary.%s","value":"production/checkout-1/3/%[3]s"}]}`, w.user(), w.number, a.action)
	}
	b.Handle(w.t.Context(), envelope(kind, payload), func(raw []byte) error {
		var ack struct {
			Payload struct {
				Text string `json:"text"`
			} `json:"payload"`
		}
		err := json.Unmarshal(raw, &ack)
		said = ack.Payload.Text
		return err
	})
	return read(said), said
}

// read reads an answer as the oracle speaks of it.
func read(said string) string {
	switch {
	case strings.Contains(said, "Only full members"), strings.Contains(said, "may not"), strings.Contains(said, "Slack does not say"):
		return mayNot
	case strings.Contains(said, "somebody else has to approve it"):
		return noCount
	case said == "":
		return "silence"
	}
	return notNow
}

// otherwise does it as somebody who does not come from Slack.
func (w *matrixWorld) otherwise(e *engine.Engine, r rollout.Rollout, a act, id rollout.DecisionID) error {
	now, who := time.Now().UTC().Round(0), w.actor()
	// Every other action is a decision about a rollout.
	//exhaustive:ignore
	switch a.action {
	case rollout.Deploy, rollout.AutoGate:
		_, err := e.Deploy(w.t.Context(), rollout.DeployRequest{ID: id, Actor: who, At: now, Service: "checkout", Version: "v1.2.5", Auto: a.action == rollout.AutoGate})
		return err
	case rollout.Freeze:
		return e.Close(w.t.Context(), rollout.Closure{Kind: rollout.LockClosure, Scope: rollout.Scope{Service: "checkout"}, From: now, Until: now.Add(time.Hour), By: who, At: now}, id)
	case rollout.Unfreeze:
		kind := rollout.LockClosure
		if strings.HasPrefix(a.line, "unfreeze") {
			kind = rollout.FreezeClosure
		}
		_, err := e.Reopen(w.t.Context(), rollout.Reopening{ID: id, Kind: kind, Scope: rollout.Scope{Service: "checkout"}, Actor: who, At: now})
		return err
	default:
		d := rollout.Decision{ID: id, Action: a.action, Actor: who, At: now, Turn: r.Turn, Text: "Routine."}
		if r.Drift != nil {
			d.Value = r.Drift.Value
		}
		_, err := e.Decide(w.t.Context(), r.ID, d)
		return err
	}
}

// outcomeOf reads an error as the oracle speaks of it.
func outcomeOf(err error) (came, said string) {
	// Every other problem is about the moment.
	//exhaustive:ignore
	switch p := rollout.ProblemOf(err); p.Code {
	case rollout.ProblemNotAllowed, rollout.ProblemNotAMember:
		return mayNot, string(p.Code)
	case rollout.ProblemNotAPerson, rollout.ProblemOwnRollout:
		return noCount, string(p.Code)
	default:
		return notNow, fmt.Sprint(err)
	}
}

// situation is a rollout of the service in a phase or under a mark.
func situation(t *testing.T, s rollout.Service, in string) rollout.Rollout {
	t.Helper()
	at := time.Now().Add(-time.Hour).UTC().Round(0)
	r := rollout.Rollout{
		ID: "checkout-1", Service: "checkout", Store: "s", Turn: 3, Seq: 1, Image: s.Spec.Repository + ":v1.2.4", Size: 1, Spec: s.Spec,
		WeightAckedAt: at, Started: at, ReconciledAt: at, Request: rollout.Request{Version: "v1.2.4", At: at}, Verdict: rollout.Verdict{Result: rollout.Pass, Since: at},
		Original: rollout.Original{Stable: rollout.OriginalWorkload{UID: "s", Image: s.Spec.Repository + ":v1.2.3", Replicas: 10}},
	}
	marks := map[string]struct {
		phase rollout.Phase
		mark  func(*rollout.Rollout)
	}{
		"paused": {rollout.Awaiting, func(r *rollout.Rollout) { r.Paused = true }},
		"drift": {rollout.Awaiting, func(r *rollout.Rollout) {
			r.Drift = &rollout.Drift{Field: rollout.FieldWeight, Wanted: "5", Value: "40"}
		}},
		"doubt": {rollout.Baking, func(r *rollout.Rollout) {
			r.Held, r.Doubts = true, []rollout.Acceptance{{Check: "error_rate", Why: rollout.WhyBoth}}
		}},
		"stuck":      {rollout.Returning, func(r *rollout.Rollout) { r.Stuck = &rollout.Reason{Code: rollout.ReasonDeadline} }},
		"stuck_back": {rollout.RollingBack, func(r *rollout.Rollout) { r.Stuck = &rollout.Reason{Code: rollout.ReasonDeadline} }},
	}
	if m, ok := marks[in]; ok {
		r.Phase = m.phase
		m.mark(&r)
	} else if err := r.Phase.UnmarshalText([]byte(in)); err != nil {
		t.Fatal(err)
	}
	r.StableWritten, r.Promoted = r.Phase >= rollout.Promoting, r.Phase >= rollout.Returning
	if r.Phase > rollout.Promoting {
		r.UndoRevision, r.CleanupRevision = 1, 1
	}
	if r.Phase >= rollout.Cleaning {
		r.Ending.Outcome, r.Ending.At, r.Ending.WeightZero = rollout.RolledBack, at, at
	}
	return r
}

package bot_test

import (
	"cmp"
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
	"canarybot.io/rollout/calendar"
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
	// both and everything are rights.
	both, everything = "deploy approve", "deploy approve now emergency"
)

// callers are the kinds of who may come. Whoever may do nothing is named for everything: it must not help.
func callers() []caller {
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
	most := []rollout.Action{rollout.Deploy, rollout.Promote, rollout.Rollback}
	return []caller{
		{name: "approver", named: "approve", world: one},
		{name: "deployer", named: "deploy", world: one},
		{name: "deployer and approver", named: both, world: one},
		{name: "approver whom promote_now names", named: "approve now", world: one},
		{name: "whom promote_now alone names", named: "now", world: one},
		{name: "whom emergency alone names", named: "emergency", world: one},
		{name: "requester, who may approve", named: everything, asked: true, world: one},
		{name: "member without rights", world: one},
		{name: "member by user group", named: everything, byGroup: true, world: one},
		{name: "requester by user group", named: everything, byGroup: true, asked: true, world: one},
		{name: "member under another id of theirs", named: everything, world: second},
		{name: "requester under another id of theirs", named: everything, asked: true, world: second},
		{name: "guest", standing: outsider, named: everything, asked: true, world: people(slacksim.User{Restricted: true})},
		{name: "single-channel guest", standing: outsider, named: everything, world: people(slacksim.User{UltraRestricted: true})},
		{name: "guest by user group", standing: outsider, named: everything, byGroup: true, world: people(slacksim.User{Restricted: true})},
		{name: "other organisation", standing: outsider, named: everything, world: people(slacksim.User{TeamID: "T0STRANGER"})},
		{name: "other workspace of the organisation", standing: outsider, named: everything, world: people(slacksim.User{TeamID: "T0SISTER01", EnterpriseID: "W00CALLER1", Teams: []string{"T0SISTER01"}})},
		{name: "deactivated", standing: outsider, named: everything, asked: true, world: people(slacksim.User{Deactivated: true})},
		{name: "bot user", standing: outsider, named: everything, world: bot},
		{name: "nobody whom Slack knows", standing: outsider, named: everything, world: failing("users.info", "user_not_found")},
		{name: "look-up fails, known before", standing: unknown, named: everything, known: true, world: failing("users.info", "internal_error")},
		{name: "look-up fails, never known", standing: unknown, named: everything, world: failing("users.info", "internal_error")},
		{name: "look-up fails, without rights", standing: unknown, known: true, world: failing("users.info", "internal_error")},
		{name: "groups fail, known before", standing: ungrouped, named: everything, byGroup: true, known: true, world: failing("usergroups.users.list", "internal_error")},
		{name: "groups fail, never known", standing: ungrouped, named: everything, byGroup: true, world: failing("usergroups.users.list", "internal_error")},
		{name: "groups fail, named by id", standing: ungrouped, named: everything, known: true, world: failing("usergroups.users.list", "internal_error")},
		{name: "groups fail, without rights", standing: ungrouped, known: true, world: failing("usergroups.users.list", "internal_error")},
		{name: "pipeline", standing: pipeline, may: most},
		{name: "pipeline that asked", standing: pipeline, asked: true, may: most},
		{name: "pipeline that may only deploy", standing: pipeline, may: most[:1]},
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

// services are checkout and cart under the policy, and mail, which is others'.
func (w *matrixWorld) services(p ruled) map[rollout.ServiceName]rollout.Service {
	all := map[rollout.ServiceName]rollout.Service{}
	for _, name := range []rollout.ServiceName{"checkout", "cart", "mail"} {
		s := service()
		s.Name, s.Policy = name, w.policy(p)
		s.Spec.Plan.Steps = slices.Clone(s.Spec.Plan.Steps)
		for i := range s.Spec.Plan.Steps {
			s.Spec.Plan.Steps[i].Approvals = p.approvals
		}
		all[name] = s
	}
	others := all["mail"]
	others.Policy = rollout.Policy{Deployers: []string{another}, Approvers: []string{another}, Rollback: []string{another}}
	all["mail"] = others
	return all
}

func (w *matrixWorld) policy(p ruled) rollout.Policy {
	list := func(right string) []string {
		ids := []string{rights[right], another}
		if w.c.isNamed(right) && !w.c.byGroup && !p.groupsOnly {
			ids = append(ids, w.id())
		}
		return ids
	}
	policy := rollout.Policy{
		Deployers: list("deploy"), Approvers: list("approve"), PromoteNow: list("now"), Emergency: list("emergency"),
		SecondPerson: p.second, SelfPromote: p.self, Pipelines: map[string][]rollout.Action{"ci": w.c.may},
	}
	for _, right := range strings.Fields(p.back) {
		policy.Rollback = append(policy.Rollback, list(right)...)
	}
	if p.back == "" {
		policy.Rollback = []string{rollout.Everyone}
	}
	return policy
}

// learn has Slack in the state of the policy, and the bot know what it is to know.
func (w *matrixWorld) learn(p ruled) {
	for right, group := range rights {
		g := slacksim.Group{ID: group, Handle: right, Members: []string{another}}
		if w.c.isNamed(right) && (w.c.byGroup || p.groupsOnly) {
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
	services := w.services(p)
	store, r := w.stored(services["checkout"], a, in)
	held := w.held(store)
	e := engine.New(engine.Options{
		Store: store, Cluster: w.cluster, Metrics: &metrics{value: 0.001}, Judge: &doubter{}, Tags: &registry{},
		Services: services, Policy: services["checkout"].Policy, Committed: func(rollout.Rollout) {}, Calendar: &calendar.Calendar{},
		Log: slog.New(slog.DiscardHandler),
	})
	decision := rollout.DecisionID(fmt.Sprintf("slack:%d.1.a", w.number))
	if a.form != "" {
		decision = rollout.DecisionID(fmt.Sprintf("slack:view:V%d", w.number))
	}
	switch w.c.standing {
	case pipeline, annotation:
		came, said = outcomeOf(w.otherwise(e, r, a, decision))
	case member, outsider, unknown, ungrouped:
		came, said = w.inSlack(e, store, services, a)
	}
	_, counted, err := store.Decided(w.t.Context(), decision)
	if err != nil {
		w.t.Fatal(err)
	}
	if !counted {
		w.unchanged(store, r, a, held)
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
	w.prepare(store, a.there)
	return store, r
}

// prepare does what there is to be before the act: a freeze or a lock, or a pending deploy behind another one.
func (w *matrixWorld) prepare(store *mem.Store, there before) {
	w.t.Helper()
	now, by := time.Now().UTC().Round(0), rollout.Actor{Kind: rollout.Person, ID: another, Member: true}
	if there.own {
		by = w.actor()
	}
	kinds := map[string]rollout.ClosureKind{"lock": rollout.LockClosure, "freeze": rollout.FreezeClosure}
	var err error
	switch there.what {
	case "":
	case "pending":
		q := rollout.Queue{Last: 2}
		for id := 1; id <= q.Last; id++ {
			since := now.Add(time.Duration(id-q.Last) * time.Minute)
			q.All = append(q.All, rollout.Pending{ID: id, Service: "checkout", Since: since, Request: rollout.Request{Version: fmt.Sprintf("v2.0.%d", id), By: by, At: since}})
		}
		err = store.SetQueue(w.t.Context(), rollout.QueueChange{Next: q, At: now, Decision: "before"})
	default:
		c := rollout.Closure{Kind: kinds[there.what], Scope: rollout.Scope{Service: "checkout"}, From: now.Add(-time.Hour), Until: now.Add(time.Hour), By: by, At: now.Add(-time.Hour), Text: "sale"}
		err = store.SetClosures(w.t.Context(), rollout.ClosureChange{Next: rollout.Closures{All: []rollout.Closure{c}}, At: now, Decision: "before"})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// held is what the store has beside rollouts.
func (w *matrixWorld) held(store *mem.Store) string {
	w.t.Helper()
	set, err := store.Closures(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	line, err := store.Queue(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprintf("%+v %+v", set, line)
}

// unchanged fails the test where an act that did not count left anything in the store.
func (w *matrixWorld) unchanged(store *mem.Store, r rollout.Rollout, a act, held string) {
	w.t.Helper()
	now, err := store.Load(w.t.Context(), r.ID)
	if err != nil || now.Revision != 1 || now.Seq != r.Seq {
		w.t.Errorf("%s: a refused %s leaves %s at revision %d, entry %d, %v", w.c.name, a.name, r.ID, now.Revision, now.Seq, err)
	}
	for _, id := range []rollout.ID{"checkout-2", "cart-1", "mail-1"} {
		if _, err := store.Load(w.t.Context(), id); rollout.CodeOf(err) != rollout.NotFound {
			w.t.Errorf("%s: a refused %s starts %s, %v", w.c.name, a.name, id, err)
		}
	}
	if left := w.held(store); left != held {
		w.t.Errorf("%s: a refused %s leaves %s of %s", w.c.name, a.name, left, held)
	}
}

// inSlack sends what Slack would, a line or a press, and returns what was answered at once.
func (w *matrixWorld) inSlack(e *engine.Engine, store *mem.Store, services map[rollout.ServiceName]rollout.Service, a act) (came, said string) {
	w.t.Helper()
	policy := services["checkout"].Policy
	b := bot.New(bot.Options{
		Slack: w.client, Cards: cards.New(cards.Options{Slack: w.client, Store: store, Notes: store, Services: services, Policy: policy, Channel: "#deploys"}),
		Rollouts: e, Store: store, Services: services, Policy: policy, Channel: "#deploys", Environment: "production",
	})
	kind, payload := "slash_commands", fmt.Sprintf(`{"command":"/canary","text":%q,"user_id":%q,"trigger_id":"%d.1.a"}`, a.line, w.user(), w.number)
	if a.pressed {
		kind = "interactive"
		payload = fmt.Sprintf(`{"type":"block_actions","user":{"id":%q},"container":{"type":"message","message_ts":"1.000001","channel_id":"C1"},
			"trigger_id":"%d.1.a","actions":[{"type":"button","action_id":"canary.%s","value":"production/checkout-1/3/%[3]s"}]}`, w.user(), w.number, a.action)
	}
	if a.form != "" {
		kind = "interactive"
		payload = fmt.Sprintf(`{"type":"view_submission","user":{"id":%q},"trigger_id":"%d.1.a","view":{"id":"V%[2]d","callback_id":"canary.%[3]s",
			"private_metadata":"production/checkout-1/3/%[4]s","state":{"values":{"reason":{"canary.reason":{"value":"Routine."}},
			"began":{"canary.began":{"selected_date_time":%[5]d}},"what":{"canary.what":{"value":"Routine."}}}}}}`,
			w.user(), w.number, a.form, cmp.Or(string(a.action), a.form), time.Now().Unix())
	}
	b.Handle(w.t.Context(), envelope(kind, payload), func(raw []byte) error {
		if a.form != "" { // the answer takes the form's place
			said = string(raw)
			return nil
		}
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
	case strings.Contains(said, "somebody else has to "):
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
	case rollout.Deploy, rollout.AutoGate, rollout.EmergencyDeploy:
		_, err := e.Deploy(w.t.Context(), rollout.DeployRequest{
			ID: id, Actor: who, At: now, Service: "checkout", Version: "v1.2.5", Text: "Routine.", Auto: a.action == rollout.AutoGate,
			Emergency: a.action == rollout.EmergencyDeploy, Replace: strings.Contains(a.line, "--replace"),
		})
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
	case rollout.ProblemNotAPerson, rollout.ProblemOwnRollout, rollout.ProblemOwnEmergency:
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
		emergency:    {rollout.Ended, func(r *rollout.Rollout) { r.Request.Emergency = true }},
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

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/engine"
	"canarybot.io/rollout/judge"
	"canarybot.io/rollout/sim"
	"canarybot.io/store/mem"
)

// world is what outlives a process: the cluster, Prometheus, the store.
type world struct {
	t       testing.TB
	cluster *sim.Cluster
	app     *sim.App
	metrics *sim.Metrics
	judge   rollout.Judge
	store   rollout.Store
	service rollout.Service
	web     rollout.Service // the second, in a world of two; its name is empty where there is one
	git     *sim.Repository
	// inspection is what the metrics' answers are found to be like.
	inspection rollout.Inspection

	calendar rollout.Calendar // nil: at any time
	// identify says who somebody is now; nil: who they were.
	identify func(ctx context.Context, by rollout.Actor, service rollout.ServiceName) (rollout.Actor, error)
	person   atomic.Pointer[rollout.Actor] // who identified says they are
	unknown  atomic.Bool                   // nobody can tell

	tags   rollout.Tags          // nil: nobody knows what tags name
	before []rollout.Preflighter // asked before the cluster

	commits rollout.Comparer // nil: nobody knows what versions bring

	ports   *ports
	current *process

	mu     sync.Mutex
	newest rollout.Rollout // as last read
}

const dev, lead, guest = "U0DEV", "U0LEAD", "U0GUEST"

func person(id string) rollout.Actor {
	return rollout.Actor{Kind: rollout.Person, ID: id, Member: id != guest}
}

func newWorld(t testing.TB, setup sim.Setup, plan rollout.Plan, changes ...func(*sim.Options)) *world {
	options := sim.Options{Seed: 1, Start: 8 * time.Second, Behaviours: map[string]sim.Behaviour{
		"v1.2.5": {Errors: 0.05}, "v1.2.8": {CrashLoop: true}, "v1.3.0": {Silent: true},
	}}
	for _, change := range changes {
		change(&options)
	}
	cluster := sim.New(options)
	setup.Objects = sim.Objects("shop", "checkout")
	setup.Image = "r/shop/checkout:v1.2.3"
	w := &world{t: t, cluster: cluster, app: cluster.Add(setup), judge: judge.Judge{}, git: sim.NewRepository(), store: mem.New(mem.Options{ID: "s"})}
	w.metrics = sim.NewMetrics(cluster)
	ceiling := 0.2
	w.service = rollout.Service{
		Name: "checkout", Channel: "#deploys",
		Policy: rollout.Policy{Deployers: []string{dev, lead}, Approvers: []string{lead}, Rollback: []string{rollout.Everyone}},
		Spec: rollout.Spec{
			Environment: "test", Repository: "r/shop/checkout", Objects: setup.Objects, Plan: plan,
			Checks: []rollout.Check{{
				Name: "error_rate", Comparison: rollout.LessThan, Threshold: 0.01, Ceiling: &ceiling, CeilingRequests: 20,
				Window: time.Minute, Interval: 5 * time.Second, Failures: 2, MinRequests: 20, Unit: rollout.Ratio,
			}},
			Limits: rollout.Limits{Interval: 5 * time.Second, Drain: 10 * time.Second, Wait: 2 * time.Hour, UnknownLimit: 15 * time.Minute,
				OnUnknown: rollout.Ask, Shift: 2 * time.Minute, Stuck: 2 * time.Minute, Remind: 30 * time.Minute},
		},
	}
	return w
}

// promotedByGit has the service promoted by a commit, which a controller applies.
func (w *world) promotedByGit() {
	f := rollout.GitFile{Repo: "https://git.example.com/deploys", Branch: "main", Path: "shop.yaml", Edit: rollout.Manifest, Push: rollout.PushDirect}
	w.service.Spec.Promote = rollout.Promotion{By: rollout.ByGit, Git: f, Wait: time.Hour}
	w.git.Set(f, "r/shop/checkout:v1.2.3", "somebody")
	w.git.Follow(f, w.app, sim.FollowOptions{Delay: 5 * time.Second})
}

// judgedBySignals has the service judged by raw counts of both sides instead of by limits.
func (w *world) judgedBySignals() {
	s := &w.service.Spec
	s.Signals = rollout.Signals{Requests: "r", Errors: "e", Latency: "l", Memory: "m", Unit: time.Second, Scrape: 5 * time.Second}
	s.Judging = rollout.Judging{Alpha: 0.01, ErrorRatio: 1.5, ErrorSlack: 0.001, LatencyRatio: 1.25, LatencySlack: 0.002}
	s.Checks[0].Signal = rollout.ErrorSignal
	latency, memory := s.Checks[0], s.Checks[0]
	latency.Name, latency.Signal, latency.Unit, latency.Threshold, latency.Bound, latency.Share = "latency_p99", rollout.LatencySignal, rollout.Seconds, 0.5, 0.5, 0.01
	memory.Name, memory.Signal, memory.Unit, memory.Threshold, memory.MinRequests = "memory_usage", rollout.MemorySignal, rollout.Bytes, 512<<20, 0
	s.Checks = append(s.Checks, latency, memory)
}

// process is one run of the engine. It dies when its ports say so.
type process struct {
	engine *engine.Engine
	ports  *ports
	done   chan struct{}
	cancel context.CancelFunc
}

// ports are the cluster, the metrics and the store as one process sees them. At the chosen call, before or after it,
// the process is dead: nothing that it still does has any effect, and nothing is told to it.
type ports struct {
	w     *world
	mu    sync.Mutex
	calls int
	crash int  // the call to die at; 0: none
	after bool // the call still happens
	dead  bool
	kill  context.CancelFunc
}

var errDead = rollout.Refuse(rollout.Internal, rollout.Text("this process is dead"))

// enter counts a call, and reports whether it happens.
func (p *ports) enter() (n int, happens bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return 0, false
	}
	p.calls++
	if p.calls == p.crash && !p.after {
		p.die()
		return 0, false
	}
	return p.calls, true
}

// leave reports whether the process lives to hear the answer.
func (p *ports) leave(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.dead && n == p.crash && p.after {
		p.die()
	}
	return !p.dead
}

func (p *ports) die() {
	p.dead = true
	p.kill()
}

func (p *ports) died() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

func (p *ports) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

// through makes one call through a port of the process.
func through[T any](p *ports, dead T, do func() T) T {
	n, happens := p.enter()
	if !happens {
		return dead
	}
	answer := do()
	if !p.leave(n) {
		return dead
	}
	return answer
}

type clusterPort struct{ *ports }

func (c clusterPort) Observe(ctx context.Context, r rollout.Rollout) rollout.Observed {
	return through(c.ports, rollout.Observed{Unreadable: rollout.Text("dead")}, func() rollout.Observed { return c.w.cluster.Observe(ctx, r) })
}

func (c clusterPort) Do(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	return through(c.ports, error(errDead), func() error { return c.w.cluster.Do(ctx, r, w) })
}

func (c clusterPort) Preflight(ctx context.Context, r rollout.Rollout) rollout.Preflight {
	return through(c.ports, rollout.Preflight{Unreadable: rollout.Text("dead")}, func() rollout.Preflight { return c.w.cluster.Preflight(ctx, r) })
}

type repositoryPort struct{ *ports }

func (p repositoryPort) Fulfil(ctx context.Context, r rollout.Rollout, wish rollout.GitWish) rollout.GitState {
	return through(p.ports, rollout.GitState{Unreadable: rollout.Text("dead")}, func() rollout.GitState { return p.w.git.Fulfil(ctx, r, wish) })
}

type metricsPort struct{ *ports }

func (m metricsPort) Ask(ctx context.Context, q rollout.Question) rollout.Answer {
	return through(m.ports, rollout.Answer{}, func() rollout.Answer { return m.w.metrics.Ask(ctx, q) })
}

// Inspect says what the world has for the store of the metrics.
func (m metricsPort) Inspect(context.Context, rollout.Question) rollout.Inspection {
	return m.w.inspection
}

// storePort counts commits and changes of the queue only: reading changes nothing, and a process that dies while reading dies before the next
// call too.
type storePort struct {
	rollout.Store
	*ports
}

func (s storePort) Commit(ctx context.Context, changes ...rollout.Change) error {
	return through(s.ports, error(errDead), func() error { return s.Store.Commit(ctx, changes...) })
}

func (s storePort) SetQueue(ctx context.Context, c rollout.QueueChange) error {
	return through(s.ports, error(errDead), func() error { return s.Store.SetQueue(ctx, c) })
}

// start begins a process that dies at the call, before or after it.
func (w *world) start(crash int, after bool) {
	ctx, cancel := context.WithCancel(w.t.Context())
	p := &ports{w: w, crash: crash, after: after, kill: cancel}
	run := &process{ports: p, done: make(chan struct{}), cancel: cancel}
	services := map[rollout.ServiceName]rollout.Service{w.service.Name: w.service}
	if w.web.Name != "" {
		services[w.web.Name] = w.web
	}
	run.engine = engine.New(engine.Options{
		Store: storePort{w.store, p}, Cluster: clusterPort{p}, Metrics: metricsPort{p}, Judge: w.judge, Repository: repositoryPort{p}, Calendar: w.calendar,
		Identify:   w.identify,
		Preflights: append(slices.Clone(w.before), clusterPort{p}), Tags: w.tags, Commits: w.commits,
		Services: services, Policy: w.service.Policy,
	})
	go func() {
		defer close(run.done)
		run.engine.Run(ctx)
	}()
	w.current, w.ports = run, p
}

// stop ends the process and waits for it.
func (w *world) stop() {
	w.current.cancel()
	<-w.current.done
}

// revive starts a new process when the current one is dead, a second later.
func (w *world) revive() {
	if !w.ports.died() {
		return
	}
	w.stop()
	time.Sleep(time.Second)
	w.start(0, false)
}

// rollout returns the newest rollout of the service, or none.
func (w *world) rollout() (rollout.Rollout, bool) {
	all, err := w.store.History(w.t.Context(), "checkout", 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if rollout.CodeOf(err) == rollout.Unavailable {
		return w.newest, w.newest.ID != "" // the disk's bad day is what is tested
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if len(all) == 0 {
		return rollout.Rollout{}, false
	}
	w.newest = all[0]
	return all[0], true
}

// script is what people do: asked once a second about the newest rollout, it returns a decision or nothing.
type script func(r rollout.Rollout) (rollout.Decision, bool)

// play launches the version and lets people decide until the rollout has ended, through crashes. A person whose
// decision did not arrive makes it again, under the same id.
func (w *world) play(version string, people script) rollout.Rollout {
	launch := rollout.DeployRequest{ID: "launch", Actor: person(dev), Service: "checkout", Version: version, Text: "faster tax lookup"}
	for range 4 * 3600 {
		w.revive()
		r, ok := w.rollout()
		switch {
		case !ok:
			launch.At = time.Now()
			_, err := w.current.engine.Deploy(w.t.Context(), launch)
			w.mustArrive(err)
		case r.Terminal():
			return r
		default:
			if d, ok := people(r); ok {
				d.At = time.Now()
				_, err := w.current.engine.Decide(w.t.Context(), r.ID, d)
				w.mustArrive(err)
			}
		}
		time.Sleep(time.Second)
	}
	r, _ := w.rollout()
	w.t.Fatalf("%s is still %s after four hours (stuck %v, trouble %+v)", r.ID, r.Phase, r.Stuck, r.Trouble)
	return r
}

func (w *world) mustArrive(err error) {
	code := rollout.CodeOf(err)
	if err != nil && !errors.Is(err, errDead) && code != rollout.Conflict && code != rollout.Unavailable {
		w.t.Errorf("a decision was refused: %v", err)
	}
}

// story is the timeline as far as it must be the same whatever crashed: everything but times and numbers.
func (w *world) story(id rollout.ID) string {
	entries, err := w.store.Timeline(w.t.Context(), id, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	var s strings.Builder
	for i, e := range entries {
		if e.Seq != i+1 {
			w.t.Errorf("entry %d has the number %d", i+1, e.Seq)
		}
		fmt.Fprintf(&s, "step %d: %s", e.Step, e.Kind)
		// Of every other kind only the name is compared.
		//exhaustive:ignore
		switch e.Kind {
		case rollout.EntryPhase:
			fmt.Fprintf(&s, " %s -> %s (%d %%) %s", e.Data.From, e.Data.To, e.Data.Weight, e.Data.Reason.Code)
		case rollout.EntryDecided:
			fmt.Fprintf(&s, " %s by %s", e.Data.Action, e.Actor.ID)
		case rollout.EntryVerdict, rollout.EntryStep:
			fmt.Fprintf(&s, " %s", e.Data.Verdict.Result)
		case rollout.EntryEnded:
			fmt.Fprintf(&s, " %s %s", e.Data.Ending.Outcome, e.Data.Ending.Reason.Code)
		default:
		}
		s.WriteString("\n")
	}
	return s.String()
}

// standing is the cluster as far as it must be the same in the end.
func (w *world) standing(r rollout.Rollout) string {
	o := w.cluster.Observe(w.t.Context(), r)
	commits := ""
	for _, c := range w.git.Commits() {
		commits += fmt.Sprintf("%s says %s; ", c.Rollout, c.Image)
	}
	return commits + fmt.Sprintf("stable %s x%d rolled out %t stamped %t; canary there %t x%d; route at %d names the canary %t stamped %t; service %t",
		o.Stable.Image, o.Stable.Replicas, o.Stable.RolledOut(), o.Stable.Stamp != nil, o.Canary.Exists, o.Canary.Replicas,
		o.Route.Weight, o.Route.HasCanary, o.Route.Stamp != nil, o.Service.Exists)
}

// defectiveStore is a store that, while it refuses, can commit nothing, though the disk is well.
type defectiveStore struct {
	rollout.Store
	refuses atomic.Bool
}

func (d *defectiveStore) Commit(ctx context.Context, changes ...rollout.Change) error {
	if d.refuses.Load() {
		return rollout.Wrap(rollout.Internal, errors.New("a defect"))
	}
	return d.Store.Commit(ctx, changes...)
}

package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"canarybot.io/rollout"
)

var (
	_ rollout.Cluster     = (*Cluster)(nil)
	_ rollout.Preflighter = (*Cluster)(nil)
)

// Cluster is a cluster in memory. Its methods may be called from any goroutine.
type Cluster struct {
	options Options

	mu          sync.Mutex // guards what follows and every app; never held across a call to other code
	apps        []*App
	fault       Fault
	unreachable bool
	calls       int
	held        []func() error
	versions    int
	uids        int
	random      *rand.Rand
	pushed      map[string]int // how often a tag was pushed again
	placed      int            // how many pods were given a node
}

// New returns a cluster without apps.
func New(o Options) *Cluster {
	o = o.withDefaults()
	behaviours := make(map[string]Behaviour, len(o.Behaviours))
	for tag, b := range o.Behaviours {
		behaviours[tag] = b
	}
	o.Behaviours = behaviours
	return &Cluster{
		options: o, fault: o.Fault, pushed: map[string]int{},
		random: rand.New(rand.NewPCG(o.Seed, 0xca9a4)),
	}
}

// Add puts an app into the cluster, running and ready.
func (c *Cluster) Add(s Setup) *App {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := newApp(c, s.withDefaults())
	c.apps = append(c.apps, a)
	return a
}

// SetBehaviour changes what a version does. Pods that run keep what was decided at their start: whether they get
// ready, and when they crash.
func (c *Cluster) SetBehaviour(tag string, b Behaviour) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	c.options.Behaviours[tag] = b
}

// PushAgain puts another image behind the tag: pods that start from now on resolve it to another imageID.
func (c *Cluster) PushAgain(tag string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	c.pushed[tag]++
}

// Unreachable disconnects the API server, or reconnects it. Pods and traffic go on.
func (c *Cluster) Unreachable(down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unreachable = down
}

// Observe reads the rollout's objects.
func (c *Cluster) Observe(ctx context.Context, r rollout.Rollout) (w rollout.Observed) {
	err := c.call(ctx, Call{Op: Observe, Rollout: r.ID, Object: written(r, rollout.StableDeployment)}, func() error {
		if a := c.app(r.Spec.Objects); a != nil {
			w = a.observed(r)
		}
		return nil
	})
	if err != nil {
		return rollout.Observed{Unreadable: rollout.ProblemOf(err)}
	}
	return w
}

// Do sends one guarded write.
func (c *Cluster) Do(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	return c.call(ctx, Call{Op: Do, Rollout: r.ID, Object: written(r, w.Object), Write: w}, func() error {
		a := c.app(r.Spec.Objects)
		if a == nil {
			return rollout.Refuse(rollout.NotFound, rollout.Problem{
				Code: rollout.ProblemObjectMissing, Object: written(r, rollout.StableDeployment),
			})
		}
		return a.write(w)
	})
}

// Preflight reports whether the rollout may start.
func (c *Cluster) Preflight(ctx context.Context, r rollout.Rollout) (p rollout.Preflight) {
	err := c.call(ctx, Call{Op: Preflight, Rollout: r.ID, Object: written(r, rollout.StableDeployment)}, func() error {
		p = c.preflight(r)
		return nil
	})
	if err != nil {
		return rollout.Preflight{Unreadable: rollout.ProblemOf(err)}
	}
	return p
}

// app finds the app that the objects belong to, up to date; the caller holds the lock.
func (c *Cluster) app(o rollout.Objects) *App {
	for _, a := range c.apps {
		if a.setup.Objects.Namespace == o.Namespace && a.setup.Objects.Stable == o.Stable {
			a.advance(time.Now())
			return a
		}
	}
	return nil
}

// advance brings every app up to date before something changes; the caller holds the lock.
func (c *Cluster) advance() {
	for _, a := range c.apps {
		a.advance(time.Now())
	}
}

// version returns the next resourceVersion.
func (c *Cluster) version() string {
	c.versions++
	return strconv.Itoa(1000 + c.versions)
}

func (c *Cluster) uid() string {
	c.uids++
	return fmt.Sprintf("%08x-51ac-4000-8000-%012x", c.random.Uint32(), c.uids)
}

// behaviour returns what the image does.
func (c *Cluster) behaviour(image string) Behaviour {
	return c.options.Behaviours[rollout.ShortVersion(image)]
}

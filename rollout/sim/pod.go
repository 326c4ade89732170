package sim

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	"canarybot.io/rollout"
)

// pod is one pod of a Deployment. Its fate is decided at creation, as times; never is far in the future.
type pod struct {
	name     string
	image    string
	imageID  rollout.ImageID
	born     time.Time
	ready    time.Time // from here on it is ready
	warm     time.Time // from here on it answers as quickly as its version does
	failing  time.Time // from here on it fails in the way of failure
	mended   time.Time // from here on it does not fail any more
	failure  rollout.FailureKind
	stopped  time.Time // when it was asked to stop; zero: it was not
	counters Counters
}

const never = 100 * 365 * 24 * time.Hour

// pullBackOff and crashBackOff are how long Kubernetes takes to say that a pod fails.
const (
	pullBackOff  = 500 * time.Millisecond
	crashBackOff = time.Second
)

// newPod makes a pod of the Deployment, at the time.
func (c *Cluster) newPod(name string, d *deployment, now time.Time) *pod {
	image := d.image
	b := c.behaviour(image)
	start := b.Start
	if start == 0 {
		start = c.options.Start
	}
	p := &pod{
		name: fmt.Sprintf("%s-%s-%s", name, hashed(image), letters(c.random.Uint64(), 5)), image: image,
		imageID: c.resolve(d.source),
		born:    now, ready: now.Add(start), failing: now.Add(never), mended: now.Add(2 * never),
	}
	switch {
	case b.Unschedulable:
		p.failure, p.failing = rollout.Unschedulable, now
	case b.ImageMissing:
		p.failure, p.failing = rollout.ImagePull, now.Add(pullBackOff)
	case b.ImageLate > 0:
		p.failure, p.failing = rollout.ImagePullRetried, now.Add(pullBackOff)
		p.mended, p.ready = now.Add(b.ImageLate), now.Add(b.ImageLate+start)
	case b.CrashLoop:
		p.failure, p.failing = rollout.CrashLoop, now.Add(start+crashBackOff)
	case b.Unready:
		p.failure, p.failing = rollout.NotReady, now.Add(start)
	case b.OOMAfter > 0:
		p.failure, p.failing = rollout.OOMKilled, p.ready.Add(b.OOMAfter)
	case b.CrashAfter > 0:
		p.failure, p.failing = rollout.CrashLoop, p.ready.Add(b.CrashAfter)
	}
	if !b.starts() {
		p.ready = now.Add(never)
	}
	p.warm = p.ready.Add(b.Warmup)
	return p
}

// resolve returns what the image is on the node that a new pod is given.
func (c *Cluster) resolve(image string) rollout.ImageID {
	of := c.options.Platforms[c.placed%len(c.options.Platforms)]
	c.placed++
	id := rollout.ImageID{Digest: fmt.Sprintf("sha256:%016x%048x", hash(of+image), c.pushed[rollout.ShortVersion(image)]), Platform: of}
	if c.options.Anywhere {
		id.Platform = ""
	}
	return id
}

// alphabet has the characters of Kubernetes' random names.
const alphabet = "bcdfghjklmnpqrstvwxz2456789"

func letters(n uint64, count int) string {
	name := make([]byte, count)
	for i := range name {
		name[i] = alphabet[n%uint64(len(alphabet))]
		n /= uint64(len(alphabet))
	}
	return string(name)
}

// hashed returns what a ReplicaSet's name ends in: Kubernetes writes the digits of a hash as other characters.
func hashed(text string) string {
	const digits = "456789bcdf"
	n, name := hash(text), make([]byte, 9)
	for i := range name {
		name[i] = digits[n%10]
		n /= 10
	}
	return string(name)
}

func hash(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // a hash never fails
	return h.Sum64()
}

// alive reports whether the pod was not asked to stop.
func (p *pod) alive() bool { return p.stopped.IsZero() }

// serves reports whether the pod is ready: it is then among the endpoints.
func (p *pod) serves(now time.Time) bool {
	return p.alive() && !now.Before(p.ready) && !p.failed(now)
}

func (p *pod) failed(now time.Time) bool {
	return !now.Before(p.failing) && now.Before(p.mended)
}

// fails returns how the pod fails, in the cluster's words.
func (p *pod) fails(now time.Time) rollout.Failure {
	if !p.alive() || !p.failed(now) {
		return rollout.Failure{}
	}
	words := map[rollout.FailureKind]string{
		rollout.Unschedulable:    "0/3 nodes are available: 3 Insufficient memory.",
		rollout.ImagePull:        "ImagePullBackOff: Back-off pulling image " + strconv.Quote(p.image),
		rollout.ImagePullRetried: "ErrImagePull: toomanyrequests: You have reached your pull rate limit.",
		rollout.CrashLoop:        "CrashLoopBackOff: back-off 10s restarting failed container (exit code 1, 2 restarts)",
		rollout.OOMKilled:        "killed for lack of memory, 1 restarts",
		rollout.NotReady:         "runs but is not ready",
	}
	return rollout.Failure{Kind: p.failure, Detail: fmt.Sprintf("pod %s: %s", p.name, words[p.failure])}
}

// times are the times of the pod's next events.
func (p *pod) times(stop time.Duration) [4]time.Time {
	if !p.alive() {
		return [4]time.Time{p.stopped.Add(stop)}
	}
	return [4]time.Time{p.ready, p.warm, p.failing, p.mended}
}

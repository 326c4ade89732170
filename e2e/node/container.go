package node

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// How long things take that a kubelet does more slowly.
const (
	crashAfter   = 200 * time.Millisecond // from start to crash
	pullGivesUp  = 300 * time.Millisecond // from ErrImagePull to ImagePullBackOff
	pullAgain    = time.Second            // from there to the next try, where one may help
	firstBackOff = 500 * time.Millisecond // doubled after each crash
	mostBackOff  = 4 * time.Second
)

// container is one container of a pod over all its restarts.
type container struct {
	spec     core.Container
	pod      string // the pod's name
	address  string // the pod's
	platform string // the node's
	registry *Registry
	report   func(core.ContainerStatus)

	image    image
	restarts int32
	ended    *core.ContainerStateTerminated // how it ended last
}

// run pulls, starts and restarts the container until ctx ends, reporting each change.
func (c *container) run(ctx context.Context) {
	if !c.pull(ctx) {
		return
	}
	backOff := firstBackOff
	for {
		c.ended = c.live(ctx)
		if ctx.Err() != nil {
			return
		}
		// The first restart is immediate, each later one waits longer.
		if c.restarts > 0 && c.registry.current(c.image).behaviour.Fate != Restarts {
			c.report(c.waiting("CrashLoopBackOff", "back-off restarting the container"))
			if !pause(ctx, backOff) {
				return
			}
			backOff = min(2*backOff, mostBackOff)
		}
		c.restarts++
	}
}

// pull returns true when the image is there, false when ctx ended before.
func (c *container) pull(ctx context.Context) bool {
	for tries := int64(1); ; tries++ {
		i, err := c.registry.pull(c.spec.Image)
		there := err == nil && i.behaviour.Fate != Missing
		if there && tries > i.behaviour.Throttled {
			c.image = i
			return true
		}
		words := notFound(c.spec.Image)
		if there {
			words = tooMany(c.spec.Image)
		}
		c.report(c.waiting("ErrImagePull", words))
		if !pause(ctx, pullGivesUp) {
			return false
		}
		c.report(c.waiting("ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q: ErrImagePull: %s", c.spec.Image, words)))
		if there {
			if !pause(ctx, pullAgain) {
				return false
			}
			continue
		}
		select {
		case <-ctx.Done():
			return false
		case <-i.changed: // never, for an image that is not known at all
		}
	}
}

// notFound is what containerd says of an image that is not there, as kubelet repeats it.
func notFound(ref string) string {
	return fmt.Sprintf("rpc error: code = NotFound desc = failed to pull and unpack image %q: failed to resolve reference %q: %s: not found", ref, ref, ref)
}

// tooMany is what containerd says when the registry answers 429.
func tooMany(ref string) string {
	name, _, _ := strings.Cut(ref, "@")
	repository, tag := split(name)
	host, path, _ := strings.Cut(repository, "/")
	return fmt.Sprintf("rpc error: code = Unknown desc = failed to pull and unpack image %q: failed to resolve reference %q: "+
		"unexpected status from HEAD request to https://%s/v2/%s/manifests/%s: 429 Too Many Requests", ref, ref, host, path, tag)
}

// live runs the container once and returns how it ended. When ctx ends, so does it.
func (c *container) live(ctx context.Context) *core.ContainerStateTerminated {
	started := time.Now()
	application := &app{
		pod: c.pod, container: c.spec.Name, version: c.image.tag, started: started, restarts: c.restarts,
		behaviour: func() Behaviour { return c.registry.of(c.pod, c.image) },
	}
	var handler http.Handler = application
	if application.behaviour().Client {
		handler = instrument(application)
	}
	socket, err := listen(c.addresses(), handler)
	if err != nil {
		return terminated(started, 1, err.Error())
	}
	for {
		current := c.registry.current(c.image)
		c.report(c.running(started, c.ready(current.behaviour.Fate)))
		end, cancel := alarm(started, current.behaviour)
		select {
		case <-ctx.Done():
			cancel()
			socket.shutdown(ctx)
			return nil
		case <-current.changed:
			cancel()
		case <-end:
			socket.kill()
			if current.behaviour.Fate == OutOfMemory {
				return terminated(started, 137, "OOMKilled")
			}
			return terminated(started, 1, "Error")
		}
	}
}

// alarm fires when a container that was started then ends by itself; for most it never does.
func alarm(started time.Time, behaviour Behaviour) (ring <-chan time.Time, cancel func()) {
	var life time.Duration
	switch behaviour.Fate {
	case Crashes:
		life = crashAfter
	case OutOfMemory, Restarts:
		life = behaviour.Life
	case Serves, NeverReady, Missing: // an image that was pulled stays
		return nil, func() {}
	}
	timer := time.NewTimer(life - time.Since(started))
	return timer.C, func() { timer.Stop() }
}

// ready says whether a running container with this fate is ready. Without a probe, a container is
// ready whenever it runs, even if it will not do so for long.
func (c *container) ready(fate Fate) bool {
	switch fate {
	case NeverReady:
		return false
	case Crashes:
		return c.spec.ReadinessProbe == nil
	case Serves, OutOfMemory, Restarts, Missing:
		return true
	}
	return true
}

func (c *container) addresses() []string {
	var addresses []string
	for _, port := range c.spec.Ports {
		addresses = append(addresses, net.JoinHostPort(c.address, strconv.Itoa(int(port.ContainerPort))))
	}
	return addresses
}

func (c *container) status() core.ContainerStatus {
	status := core.ContainerStatus{
		Name: c.spec.Name, Image: c.spec.Image, RestartCount: c.restarts, Started: new(bool),
	}
	if c.image.digest != "" {
		status.ImageID = c.image.id(c.platform)
	}
	if c.ended != nil {
		status.LastTerminationState.Terminated = c.ended
	}
	return status
}

func (c *container) waiting(reason, message string) core.ContainerStatus {
	status := c.status()
	status.State.Waiting = &core.ContainerStateWaiting{Reason: reason, Message: message}
	return status
}

func (c *container) running(since time.Time, ready bool) core.ContainerStatus {
	status := c.status()
	status.State.Running = &core.ContainerStateRunning{StartedAt: meta.NewTime(since)}
	*status.Started = true
	status.Ready = ready
	return status
}

func terminated(started time.Time, code int32, reason string) *core.ContainerStateTerminated {
	return &core.ContainerStateTerminated{
		ExitCode: code, Reason: reason,
		StartedAt: meta.NewTime(started), FinishedAt: meta.Now(),
	}
}

// pause returns false when ctx ended before the time was over.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

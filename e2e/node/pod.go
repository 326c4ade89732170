package node

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// retry is the pause after a request that the API server did not accept.
const retry = 100 * time.Millisecond

// pod is one pod from its binding to its end.
type pod struct {
	kube     kubernetes.Interface
	registry *Registry
	object   *core.Pod
	address  string
	machine  machine
	grace    time.Duration

	leave chan struct{} // closed when the API server asks the pod to end
	gone  func()        // ends run at once: the object does not exist any more
	fail  func(error)   // called for a request that can never succeed

	mu       sync.Mutex
	statuses []core.ContainerStatus
	news     chan struct{} // holds one token when statuses are not published yet

	// Only run knows these: what was published of readiness, and since when it holds.
	ready      core.ConditionStatus
	readySince meta.Time
}

// run binds the pod, runs its containers and publishes their status, until the pod is deleted or ctx
// ends.
func (p *pod) run(ctx context.Context) {
	containers, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()

	if !p.insist(ctx, p.bind) {
		return
	}
	p.statuses = make([]core.ContainerStatus, len(p.object.Spec.Containers))
	for i, spec := range p.object.Spec.Containers {
		c := &container{
			spec: spec, pod: p.object.Name, address: p.address, platform: p.machine.platform, registry: p.registry,
			report: func(status core.ContainerStatus) { p.report(i, status) },
		}
		p.report(i, c.waiting("ContainerCreating", ""))
		running.Go(func() { c.run(containers) })
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.leave:
			// It keeps serving until every client knows that it is leaving.
			if pause(ctx, p.grace) {
				stop()
				running.Wait()
				p.insist(ctx, p.remove)
			}
			return
		case <-p.news:
			if !p.insist(ctx, p.publish) {
				return
			}
		}
	}
}

// insist repeats a request until the API server accepts it. It returns false when retrying is pointless:
// the pod no longer exists, ctx has ended, or the request is invalid.
func (p *pod) insist(ctx context.Context, request func(context.Context) error) bool {
	for {
		err := request(ctx)
		if err == nil {
			return true
		}
		if apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) {
			p.fail(fmt.Errorf("pod %s/%s: %w", p.object.Namespace, p.object.Name, err))
			return false
		}
		if apierrors.IsNotFound(err) || !pause(ctx, retry) {
			return false
		}
	}
}

func (p *pod) bind(ctx context.Context) error {
	if p.object.Spec.NodeName != "" {
		return nil
	}
	binding := &core.Binding{
		ObjectMeta: meta.ObjectMeta{Namespace: p.object.Namespace, Name: p.object.Name, UID: p.object.UID},
		Target:     core.ObjectReference{Kind: "Node", Name: p.machine.name},
	}
	err := p.kube.CoreV1().Pods(p.object.Namespace).Bind(ctx, binding, meta.CreateOptions{})
	if apierrors.IsConflict(err) {
		return nil // bound by an earlier request whose answer was lost, or being deleted, and then leave is closed
	}
	return err
}

func (p *pod) remove(ctx context.Context) error {
	now := int64(0)
	return p.kube.CoreV1().Pods(p.object.Namespace).Delete(ctx, p.object.Name, meta.DeleteOptions{
		GracePeriodSeconds: &now,
		Preconditions:      meta.NewUIDPreconditions(string(p.object.UID)),
	})
}

func (p *pod) report(container int, status core.ContainerStatus) {
	p.mu.Lock()
	p.statuses[container] = status
	p.mu.Unlock()
	select {
	case p.news <- struct{}{}:
	default: // the token already there covers this status too
	}
}

func (p *pod) publish(ctx context.Context) error {
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": p.object.UID}, // a conflict, should another pod have the name
		"status":   p.status(),
	})
	if err != nil {
		return fmt.Errorf("encode the status of pod %s: %w", p.object.Name, err)
	}
	_, err = p.kube.CoreV1().Pods(p.object.Namespace).
		Patch(ctx, p.object.Name, types.StrategicMergePatchType, patch, meta.PatchOptions{}, "status")
	return err
}

// status is the pod's status by its containers.
func (p *pod) status() core.PodStatus {
	p.mu.Lock()
	statuses := slices.Clone(p.statuses)
	p.mu.Unlock()
	phase, ready := core.PodRunning, core.ConditionTrue
	for _, status := range statuses {
		if !status.Ready {
			ready = core.ConditionFalse
		}
		if status.State.Waiting != nil && status.LastTerminationState.Terminated == nil {
			phase = core.PodPending // not every container has run yet
		}
	}
	if p.ready != ready {
		p.ready, p.readySince = ready, meta.Now()
	}
	return core.PodStatus{
		Phase:             phase,
		PodIP:             p.address,
		PodIPs:            []core.PodIP{{IP: p.address}},
		HostIP:            p.machine.address,
		HostIPs:           []core.HostIP{{IP: p.machine.address}},
		StartTime:         &p.object.CreationTimestamp,
		ContainerStatuses: statuses,
		Conditions: []core.PodCondition{
			{Type: core.PodInitialized, Status: core.ConditionTrue, LastTransitionTime: p.object.CreationTimestamp},
			{Type: core.PodReady, Status: ready, LastTransitionTime: p.readySince},
			{Type: core.ContainersReady, Status: ready, LastTransitionTime: p.readySince},
		},
	}
}

// depart asks the pod to end. It may be called again, by the goroutine that called it before.
func (p *pod) depart() {
	select {
	case <-p.leave:
	default:
		close(p.leave)
	}
}

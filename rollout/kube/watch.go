package kube

import (
	"context"
	"fmt"
	"sync"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	apps "k8s.io/client-go/kubernetes/typed/apps/v1"
	"k8s.io/client-go/rest"

	"canarybot.io/rollout"
)

const (
	// watchAgain is how long a watch that ended waits before it is opened anew, at first and at most.
	watchAgain, watchAgainMost = time.Second, 30 * time.Second
	// wakeApart is how far apart the wake-ups for one Deployment are: its status changes with every pod.
	wakeApart = time.Second
)

// Watcher tells that a Deployment changed. It only wakes: nothing is taken from what it saw, everything is read live
// by the beat that follows. A change that it misses is seen at the next beat.
type Watcher struct {
	apps apps.AppsV1Interface
}

// NewWatcher returns a watcher over the configuration, which is one that Config returned.
func NewWatcher(config *rest.Config) (*Watcher, error) {
	long := rest.CopyConfig(config)
	long.Timeout = 0 // a watch is one long answer
	client, err := apps.NewForConfig(long)
	if err != nil {
		return nil, fmt.Errorf("make a client for watching: %w", err)
	}
	return &Watcher{apps: client}, nil
}

// Run calls wake for each service whose stable or canary Deployment changed, until the context ends. It blocks until
// every watch has ended. A watch that breaks is opened again.
func (w *Watcher) Run(ctx context.Context, services map[rollout.ServiceName]rollout.Service, wake func(rollout.ServiceName)) {
	concerned := map[string]map[string]rollout.ServiceName{} // by namespace and Deployment
	for name, s := range services {
		o := s.Spec.Objects
		if concerned[o.Namespace] == nil {
			concerned[o.Namespace] = map[string]rollout.ServiceName{}
		}
		concerned[o.Namespace][o.Stable], concerned[o.Namespace][o.Canary] = name, name
	}
	var group sync.WaitGroup
	for namespace, names := range concerned {
		group.Go(func() { w.keep(ctx, namespace, names, wake) })
	}
	group.Wait()
}

// keep watches one namespace until the context ends.
func (w *Watcher) keep(ctx context.Context, namespace string, names map[string]rollout.ServiceName, wake func(rollout.ServiceName)) {
	pause := watchAgain
	for ctx.Err() == nil {
		seen, err := w.apps.Deployments(namespace).Watch(ctx, meta.ListOptions{})
		if err == nil {
			if follow(ctx, seen, names, wake) {
				pause = watchAgain
			}
			seen.Stop()
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, watchAgainMost)
	}
}

// follow wakes for what a watch shows until it ends, and reports whether it showed anything. Wake-ups that come too
// close wait for each other.
func follow(ctx context.Context, seen watch.Interface, names map[string]rollout.ServiceName, wake func(rollout.ServiceName)) (heard bool) {
	due := map[rollout.ServiceName]bool{}
	tick := time.NewTicker(wakeApart)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return heard
		case <-tick.C:
			for name := range due {
				wake(name)
			}
			clear(due)
		case event, ok := <-seen.ResultChan():
			if !ok {
				for name := range due {
					wake(name)
				}
				return heard
			}
			object, is := event.Object.(meta.Object)
			if !is {
				continue
			}
			heard = true
			if name, ours := names[object.GetName()]; ours {
				due[name] = true
			}
		}
	}
}

package kube

import (
	"context"
	"log/slog"
	"sync"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"canarybot.io/rollout"
)

const (
	// watchAgain is how long to wait before opening a watch that ended again, at first and at most.
	watchAgain, watchAgainMost = time.Second, 30 * time.Second
	// wakeApart is the least time between wake-ups for one object: a Deployment's status changes with every pod.
	wakeApart = time.Second
)

// Watched is a router whose routes can be watched.
type Watched interface {
	// Watch opens a watch of every route of the kind in the namespace. The caller stops it.
	Watch(ctx context.Context, namespace string) (watch.Interface, error)
}

// Watcher reports that a Deployment or a route changed. It only wakes: nothing is read from the event, the reconcile
// that follows reads everything live. The next regular reconcile sees a change that the watcher misses.
type Watcher struct {
	client  client
	routers map[string]Router
	log     *slog.Logger
}

// ForWatching returns the configuration, which is one that Config returned, for clients that watch: a watch is one long
// response.
func ForWatching(config *rest.Config) *rest.Config {
	long := rest.CopyConfig(config)
	long.Timeout = 0
	return long
}

// NewWatcher returns a watcher over the configuration and the routers by kind, which both are made for watching. A
// router that is not Watched is left to the regular reconciles.
func NewWatcher(config *rest.Config, routers map[string]Router, log *slog.Logger) (*Watcher, error) {
	client, err := newClient(config)
	if err != nil {
		return nil, err
	}
	return &Watcher{client: client, routers: routers, log: log}, nil
}

// source is one kind of object in one namespace, with the services that a change of each object concerns.
type source struct {
	kind, namespace string
	open            func(ctx context.Context, namespace string) (watch.Interface, error)
	concerned       map[string][]rollout.ServiceName // by object
}

// sources returns what to watch for the services.
func (w *Watcher) sources(services map[rollout.ServiceName]rollout.Service) []source {
	found := map[[2]string]int{}
	var all []source
	add := func(kind, namespace, object string, name rollout.ServiceName, open func(context.Context, string) (watch.Interface, error)) {
		key := [2]string{kind, namespace}
		i, ok := found[key]
		if !ok {
			i = len(all)
			found[key] = i
			all = append(all, source{kind: kind, namespace: namespace, open: open, concerned: map[string][]rollout.ServiceName{}})
		}
		all[i].concerned[object] = append(all[i].concerned[object], name)
	}
	deployments := func(ctx context.Context, namespace string) (watch.Interface, error) {
		return w.client.deployments(namespace).Watch(ctx, meta.ListOptions{})
	}
	for name, s := range services {
		o := s.Spec.Objects
		add("Deployment", o.Namespace, o.Stable, name, deployments)
		add("Deployment", o.Namespace, o.Canary, name, deployments)
		if r, ok := w.routers[o.Route.Kind].(Watched); ok {
			add(o.Route.Kind, o.Namespace, o.Route.Name, name, r.Watch)
		}
	}
	return all
}

// Run calls wake for each service when one of its Deployments or its route changed, until the context ends. It blocks
// until every watch has ended. It opens a watch that breaks again.
func (w *Watcher) Run(ctx context.Context, services map[rollout.ServiceName]rollout.Service, wake func(rollout.ServiceName)) {
	var group sync.WaitGroup
	for _, s := range w.sources(services) {
		group.Go(func() { w.keep(ctx, s, wake) })
	}
	group.Wait()
}

// keep watches one source until the context ends. It logs each reason why it cannot, one time.
func (w *Watcher) keep(ctx context.Context, s source, wake func(rollout.ServiceName)) {
	pause, logged := watchAgain, ""
	for ctx.Err() == nil {
		seen, err := s.open(ctx, s.namespace)
		switch {
		case err == nil:
			logged = ""
			if follow(ctx, seen, s.concerned, wake) {
				pause = watchAgain
			}
			seen.Stop()
		case err.Error() != logged && ctx.Err() == nil:
			logged = err.Error()
			w.log.Warn("watch not open; changes are seen at the next beat", "kind", s.kind, "namespace", s.namespace, "error", err)
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
func follow(ctx context.Context, seen watch.Interface, concerned map[string][]rollout.ServiceName, wake func(rollout.ServiceName)) (changed bool) {
	due := map[rollout.ServiceName]bool{}
	tick := time.NewTicker(wakeApart)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return changed
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
				return changed
			}
			object, is := event.Object.(meta.Object)
			if !is {
				continue
			}
			changed = true
			for _, name := range concerned[object.GetName()] {
				due[name] = true
			}
		}
	}
}

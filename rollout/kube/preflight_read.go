package kube

import (
	"context"
	"maps"
	"slices"

	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// read reads everything that the checks ask about.
func (c *Cluster) read(ctx context.Context, r rollout.Rollout) (*start, error) {
	s := &start{r: r}
	o := r.Spec.Objects
	err := together(
		func() (err error) {
			s.stable, err = absent(c.getDeployment(ctx, o.Namespace, o.Stable))
			return err
		},
		func() (err error) {
			s.canary, err = absent(c.getDeployment(ctx, o.Namespace, o.Canary))
			return err
		},
		func() (err error) {
			s.services, err = c.listServices(ctx, o.Namespace)
			return err
		},
		func() (err error) {
			s.scalers, err = c.listScalers(ctx, o.Namespace)
			return err
		},
		func() (err error) {
			s.budgets, err = c.listBudgets(ctx, o.Namespace)
			return err
		},
		func() (err error) {
			s.route, err = c.preflightRoute(ctx, r)
			return err
		},
	)
	if err != nil {
		return nil, err
	}
	s.stableService, s.canaryService = s.service(o.StableService), s.service(o.CanaryService)
	s.setAside()
	s.r.Original.Containers = toRecord(s.stable, r)
	if err := c.readMore(ctx, s); err != nil {
		return nil, err
	}
	c.readOwners(ctx, s)
	return s, nil
}

// service returns the Service of that name, or nil.
func (s *start) service(name string) *core.Service {
	for i := range s.services {
		if s.services[i].Name == name {
			return &s.services[i]
		}
	}
	return nil
}

// readMore reads what depends on the first reads: the pods behind the Services, and the volume claims.
func (c *Cluster) readMore(ctx context.Context, s *start) error {
	return together(
		func() (err error) {
			s.strangeStable, err = c.strangers(ctx, s.stableService, s.stable)
			return err
		},
		func() (err error) {
			s.strangeCanary, err = c.strangers(ctx, s.canaryService, s.canary)
			return err
		},
		func() (err error) {
			s.silentRuntime, err = c.silent(ctx, s)
			return err
		},
		func() (err error) {
			s.claims, err = c.readClaims(ctx, s)
			return err
		},
		func() error { return c.readScaler(ctx, s) },
		func() error {
			c.readVertical(ctx, s)
			return nil
		},
		func() error {
			services := map[string]bool{s.r.Spec.Objects.StableService: true}
			for _, name := range s.besides() {
				services[name] = true
			}
			s.ways = c.otherWays(ctx, s.r, services)
			return nil
		},
	)
}

// silent reports whether stable has ready pods, and none of them says what it resolved the image to.
func (c *Cluster) silent(ctx context.Context, s *start) (bool, error) {
	if s.stable == nil {
		return false, nil
	}
	sets, pods, err := c.own(ctx, s.stable)
	now := current(s.stable, sets)
	if err != nil || now == nil {
		return false, err
	}
	runs := slices.ContainsFunc(pods, func(p core.Pod) bool { return ready(p) && meta.IsControlledBy(&p, now) })
	return runs && len(imageIDs(pods, now, chosen(s.stable, s.r))) == 0, nil
}

// absent turns an object that does not exist into a fact: nil.
func absent[T any](o *T, err error) (*T, error) {
	switch {
	case rollout.CodeOf(err) == rollout.NotFound:
		return nil, nil
	case err != nil:
		return nil, err
	}
	return o, nil
}

func (c *Cluster) preflightRoute(ctx context.Context, r rollout.Rollout) (object.RouteStart, error) {
	router, err := c.router(r.Spec.Objects.Route.Kind)
	if err != nil {
		return object.RouteStart{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return router.Preflight(ctx, r)
}

func (c *Cluster) listServices(ctx context.Context, namespace string) ([]core.Service, error) {
	list, err := read(ctx, listing("Service", namespace), func(ctx context.Context) (*core.ServiceList, error) {
		return c.client.services(namespace).List(ctx, meta.ListOptions{})
	})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

func (c *Cluster) listScalers(ctx context.Context, namespace string) ([]autoscaling.HorizontalPodAutoscaler, error) {
	list, err := read(ctx, listing("HorizontalPodAutoscaler", namespace), func(ctx context.Context) (*autoscaling.HorizontalPodAutoscalerList, error) {
		return c.client.autoscalers(namespace).List(ctx, meta.ListOptions{})
	})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

func (c *Cluster) listBudgets(ctx context.Context, namespace string) ([]policy.PodDisruptionBudget, error) {
	list, err := read(ctx, listing("PodDisruptionBudget", namespace), func(ctx context.Context) (*policy.PodDisruptionBudgetList, error) {
		return c.client.budgets(namespace).List(ctx, meta.ListOptions{})
	})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// strangers returns the pods that the Service selects and that are not the Deployment's own, without those that are
// going away. Without a Deployment all of them are strangers.
func (c *Cluster) strangers(ctx context.Context, service *core.Service, d *apps.Deployment) ([]core.Pod, error) {
	if service == nil || len(service.Spec.Selector) == 0 {
		return nil, nil
	}
	// The pods come first: the ReplicaSets that are read after them have made all that are the Deployment's own.
	selector := labels.SelectorFromSet(service.Spec.Selector).String()
	pods, err := c.listPods(ctx, object.Ref("Service", service.Namespace, service.Name), selector)
	if err != nil {
		return nil, err
	}
	pods = slices.DeleteFunc(pods, func(p core.Pod) bool {
		return p.DeletionTimestamp != nil || p.Status.Phase == core.PodFailed || p.Status.Phase == core.PodSucceeded
	})
	if len(pods) == 0 || d == nil {
		return pods, nil
	}
	sets, _, err := c.own(ctx, d)
	return slices.DeleteFunc(pods, func(p core.Pod) bool { return ownedBy(p, sets) }), err
}

// readClaims reads the volume claims that stable's and the canary's pods would share. It leaves out one that does not
// exist: that is a problem of stable and older than the rollout.
func (c *Cluster) readClaims(ctx context.Context, s *start) ([]core.PersistentVolumeClaim, error) {
	shared := claimNames(s.stable)
	if s.canary != nil {
		mine := claimNames(s.canary)
		maps.DeleteFunc(shared, func(name string, _ bool) bool { return !mine[name] })
	}
	var claims []core.PersistentVolumeClaim
	for _, name := range slices.Sorted(maps.Keys(shared)) {
		claim, err := absent(read(ctx, reading("PersistentVolumeClaim", s.stable.Namespace, name),
			func(ctx context.Context) (*core.PersistentVolumeClaim, error) {
				return c.client.claims(s.stable.Namespace).Get(ctx, name, meta.GetOptions{})
			}))
		if err != nil {
			return nil, err
		}
		if claim != nil {
			claims = append(claims, *claim)
		}
	}
	return claims, nil
}

// claimNames returns the volume claims that the Deployment's pods mount.
func claimNames(d *apps.Deployment) map[string]bool {
	names := map[string]bool{}
	if d == nil {
		return names
	}
	for _, v := range d.Spec.Template.Spec.Volumes {
		if v.PersistentVolumeClaim != nil {
			names[v.PersistentVolumeClaim.ClaimName] = true
		}
	}
	return names
}

package traffic

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// Discovery says what a version of an API group serves. client-go's discovery client is one.
type Discovery interface {
	ServerResourcesForGroupVersionWithContext(ctx context.Context, groupVersion string) (*meta.APIResourceList, error)
}

// Kind names one kind of route and the versions of it that we can speak, the best first.
type Kind struct {
	Group    string
	Resource string
	Name     string
	Versions []string
}

// Client sends requests for the routes of one kind. Its errors are the product's own. It is safe for concurrent use.
type Client struct {
	kind      Kind
	dynamic   dynamic.Interface
	discovery Discovery

	mu     sync.Mutex
	served string // the version that was discovered; empty: not yet, or it went away
}

// NewClient returns a client for the kind. It sends nothing.
func NewClient(kind Kind, dyn dynamic.Interface, disc Discovery) *Client {
	return &Client{kind: kind, dynamic: dyn, discovery: disc}
}

// Ref names an object of the kind.
func (c *Client) Ref(namespace, name string) rollout.ObjectRef {
	return object.Ref(c.kind.Name, namespace, name)
}

// Version returns the best version that the cluster serves. The error is NotFound when it serves none of ours.
func (c *Client) Version(ctx context.Context) (string, error) {
	c.mu.Lock()
	served := c.served
	c.mu.Unlock()
	if served != "" {
		return served, nil
	}
	for _, version := range c.kind.Versions {
		groupVersion := schema.GroupVersion{Group: c.kind.Group, Version: version}.String()
		list, err := c.discovery.ServerResourcesForGroupVersionWithContext(ctx, groupVersion)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return "", object.Error(err, rollout.Problem{Call: rollout.CallVersions, Object: rollout.ObjectRef{Kind: c.kind.Name}})
		}
		if slices.ContainsFunc(list.APIResources, func(r meta.APIResource) bool { return r.Name == c.kind.Resource }) {
			c.remember(version)
			return version, nil
		}
	}
	return "", rollout.Refuse(rollout.NotFound, rollout.Problem{
		Code: rollout.ProblemKindNotServed, Object: rollout.ObjectRef{Kind: c.kind.Name}, Value: c.kind.Group, Names: c.kind.Versions,
	})
}

// Unserved returns a problem for the start of a rollout when the cluster serves no version of ours. The error says that
// nothing is known.
func (c *Client) Unserved(ctx context.Context, service rollout.ServiceName) ([]rollout.Problem, error) {
	_, err := c.Version(ctx)
	if rollout.CodeOf(err) == rollout.NotFound {
		p := rollout.ProblemOf(err)
		p.Service, p.Key = service, "route.kind"
		return []rollout.Problem{p}, nil
	}
	return nil, err
}

func (c *Client) remember(version string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.served = version
}

// Get reads one object live. A missing object is NotFound; a kind that is not served (any more) is Unavailable, because
// that says nothing about the object.
func (c *Client) Get(ctx context.Context, namespace, name string) (*unstructured.Unstructured, error) {
	var route *unstructured.Unstructured
	err := c.do(ctx, namespace, func(routes dynamic.ResourceInterface, _ string) (err error) {
		route, err = routes.Get(ctx, name, meta.GetOptions{})
		return err
	})
	return route, object.Error(err, c.asked(rollout.CallRead, namespace, name))
}

// Watch opens a watch of every object of the kind in the namespace. The client's configuration must not limit how long
// an answer may take.
func (c *Client) Watch(ctx context.Context, namespace string) (watch.Interface, error) {
	var seen watch.Interface
	err := c.do(ctx, namespace, func(routes dynamic.ResourceInterface, _ string) (err error) {
		seen, err = routes.Watch(ctx, meta.ListOptions{})
		return err
	})
	return seen, object.Error(err, c.asked(rollout.CallWatch, namespace, ""))
}

// Create makes the object. It is sent once.
func (c *Client) Create(ctx context.Context, namespace string, route *unstructured.Unstructured) error {
	err := c.do(ctx, namespace, func(routes dynamic.ResourceInterface, version string) error {
		route.SetGroupVersionKind(schema.GroupVersionKind{Group: c.kind.Group, Version: version, Kind: c.kind.Name})
		_, err := routes.Create(ctx, route, meta.CreateOptions{FieldManager: object.Manager})
		return err
	})
	return object.Error(err, c.asked(rollout.CallCreate, namespace, route.GetName()))
}

// Patch sends one JSON merge patch, whose metadata guards it. It is sent once.
func (c *Client) Patch(ctx context.Context, namespace, name string, patch map[string]any) error {
	return c.patch(ctx, namespace, name, types.MergePatchType, patch)
}

func (c *Client) patch(ctx context.Context, namespace, name string, kind types.PatchType, patch any) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return rollout.Refuse(rollout.Internal, rollout.Problem{Code: rollout.ProblemPatchEncoding, Object: c.Ref(namespace, name)}).Because(err)
	}
	err = c.do(ctx, namespace, func(routes dynamic.ResourceInterface, _ string) error {
		_, err := routes.Patch(ctx, name, kind, body, meta.PatchOptions{FieldManager: object.Manager})
		return err
	})
	return object.Error(err, c.asked(rollout.CallUpdate, namespace, name))
}

// PatchValues sends one JSON patch, which guards itself by what it tests. It is sent once. A test that fails is Invalid, as
// is a value that the API server does not take.
func (c *Client) PatchValues(ctx context.Context, namespace, name string, patch any) error {
	return c.patch(ctx, namespace, name, types.JSONPatchType, patch)
}

// Delete deletes the object that the write was decided on, and no other. It is sent once.
func (c *Client) Delete(ctx context.Context, namespace, name string, w rollout.Write) error {
	guard, err := object.Preconditions(w)
	if err != nil {
		return err
	}
	err = c.do(ctx, namespace, func(routes dynamic.ResourceInterface, _ string) error {
		return routes.Delete(ctx, name, meta.DeleteOptions{Preconditions: guard})
	})
	return object.Error(err, c.asked(rollout.CallDelete, namespace, name))
}

// asked is a request for one object of the kind, or without a name for all in the namespace.
func (c *Client) asked(call rollout.APICall, namespace, name string) rollout.Problem {
	return rollout.Problem{Call: call, Object: c.Ref(namespace, name)}
}

// do runs one request in the served version. When the cluster no longer serves the version, the next request discovers
// it anew: custom resource definitions come, go and change their versions.
func (c *Client) do(ctx context.Context, namespace string, request func(dynamic.ResourceInterface, string) error) error {
	version, err := c.Version(ctx)
	if rollout.CodeOf(err) == rollout.NotFound {
		return rollout.Refuse(rollout.Unavailable, rollout.ProblemOf(err)).Because(err)
	}
	if err != nil {
		return err
	}
	gvr := schema.GroupVersionResource{Group: c.kind.Group, Version: version, Resource: c.kind.Resource}
	err = request(c.dynamic.Resource(gvr).Namespace(namespace), version)
	if err != nil && object.Unserved(err) {
		c.remember("")
	}
	return err
}

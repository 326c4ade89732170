package split

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"

	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/cache"
)

// caches is what the proxy knows of the cluster.
type caches struct {
	services corelisters.ServiceLister
	slices   discoverylisters.EndpointSliceLister
	splits   cache.GenericLister
}

// backend is one backend of a split.
type backend struct {
	service string
	weight  int64 // in thousandths
}

func (c caches) service(namespace, name string) (*core.Service, error) {
	service, err := c.services.Services(namespace).Get(name)
	if err != nil {
		return nil, err
	}
	if len(service.Spec.Ports) == 0 {
		return nil, fmt.Errorf("service %s has no port", name)
	}
	return service, nil
}

// backends returns the backends of the split whose root a service is, or the service alone.
func (c caches) backends(root *core.Service) ([]backend, error) {
	objects, err := c.splits.ByNamespace(root.Namespace).List(labels.Everything())
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		split, ok := object.(*unstructured.Unstructured)
		if !ok {
			return nil, fmt.Errorf("a split is a %T", object)
		}
		if service, _, _ := unstructured.NestedString(split.Object, "spec", "service"); service == root.Name {
			return parse(split)
		}
	}
	return []backend{{service: root.Name, weight: 1000}}, nil
}

func parse(split *unstructured.Unstructured) ([]backend, error) {
	entries, _, err := unstructured.NestedSlice(split.Object, "spec", "backends")
	if err != nil {
		return nil, err
	}
	var backends []backend
	for _, each := range entries {
		entry, ok := each.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("a backend is a %T", each)
		}
		// Written as a number or, by clients of the first version, as a quantity such as "500m".
		weight, err := resource.ParseQuantity(fmt.Sprint(entry["weight"]))
		if err != nil {
			return nil, fmt.Errorf("weight %v: %w", entry["weight"], err)
		}
		backends = append(backends, backend{service: fmt.Sprint(entry["service"]), weight: weight.MilliValue()})
	}
	return backends, nil
}

// ready returns the addresses of a backend's ready pods, in a stable order. A backend that does not
// offer the root's port number has none: that is how the specification ties ports together.
func (c caches) ready(namespace, name string, root *core.Service) ([]string, error) {
	service, err := c.service(namespace, name)
	if err != nil {
		return nil, err
	}
	number := root.Spec.Ports[0].Port
	at := slices.IndexFunc(service.Spec.Ports, func(p core.ServicePort) bool { return p.Port == number })
	if at < 0 {
		return nil, fmt.Errorf("service %s has no port %d", name, number)
	}
	found, err := c.slices.EndpointSlices(namespace).
		List(labels.SelectorFromSet(labels.Set{discovery.LabelServiceName: name}))
	if err != nil {
		return nil, err
	}
	var addresses []string
	for _, slice := range found {
		for _, port := range slice.Ports {
			if port.Port == nil || port.Name == nil || *port.Name != service.Spec.Ports[at].Name {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				if endpoint.Conditions.Ready != nil && *endpoint.Conditions.Ready {
					addresses = append(addresses, net.JoinHostPort(endpoint.Addresses[0], strconv.Itoa(int(*port.Port))))
				}
			}
		}
	}
	slices.SortFunc(addresses, cmp.Compare)
	return addresses, nil
}

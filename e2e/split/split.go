// Package split is a small mesh: a proxy that does with SMI's TrafficSplits what a mesh's proxies do
// beside each client. A call to a Service that is the root of a split reaches the split's backends by
// their weights, and only the ready pods of each; a call to any other Service reaches that Service.
//
// It is not part of the product and deliberately simple: no retries, no affinity, nothing but HTTP.
package split

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"

	"canarybot.io/e2e/netns"
)

// Where requests enter. The Service is named by the Host header: NAME.NAMESPACE, as in a cluster.
const (
	Address = netns.Host + ":8001"
	URL     = "http://" + Address
)

const group = "split.smi-spec.io"

// Proxy is the mesh. It reads the cluster through caches that watches keep fresh.
type Proxy struct {
	cluster caches

	mu    sync.Mutex
	turns map[string]*turns // by NAME.NAMESPACE of the root
}

// Run serves until ctx ends. It calls ready when requests are answered. The kind TrafficSplit must be
// served when it starts.
func Run(ctx context.Context, kube kubernetes.Interface, objects dynamic.Interface, ready func()) error {
	version, err := servedVersion(kube)
	if err != nil {
		return err
	}
	typed := informers.NewSharedInformerFactory(kube, 0)
	untyped := dynamicinformer.NewDynamicSharedInformerFactory(objects, 0)
	splits := schema.GroupVersionResource{Group: group, Version: version, Resource: "trafficsplits"}
	p := &Proxy{
		cluster: caches{
			services: typed.Core().V1().Services().Lister(),
			slices:   typed.Discovery().V1().EndpointSlices().Lister(),
			splits:   untyped.ForResource(splits).Lister(),
		},
		turns: map[string]*turns{},
	}
	typed.Start(ctx.Done())
	untyped.Start(ctx.Done())
	defer untyped.Shutdown()
	defer typed.Shutdown()
	typed.WaitForCacheSync(ctx.Done())
	untyped.WaitForCacheSync(ctx.Done())
	return p.serve(ctx, ready)
}

// servedVersion returns the version of TrafficSplit that the API server prefers.
func servedVersion(kube kubernetes.Interface) (string, error) {
	groups, err := kube.Discovery().ServerGroups()
	if err != nil {
		return "", fmt.Errorf("ask for the API's groups: %w", err)
	}
	for _, served := range groups.Groups {
		if served.Name == group {
			return served.PreferredVersion.Version, nil
		}
	}
	return "", fmt.Errorf("the API server does not serve %s", group)
}

func (p *Proxy) serve(ctx context.Context, ready func()) error {
	socket, err := net.Listen("tcp", Address)
	if err != nil {
		return fmt.Errorf("listen for the mesh: %w", err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 32, ResponseHeaderTimeout: 30 * time.Second}
	defer transport.CloseIdleConnections()
	server := &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			target, err := p.pick(r.Host)
			if err != nil {
				http.Error(w, err.Error(), http.StatusServiceUnavailable)
				return
			}
			forward(target, transport).ServeHTTP(w, r)
		}),
	}
	var closing sync.WaitGroup
	defer closing.Wait()
	stop := context.AfterFunc(ctx, func() { closing.Go(func() { server.Close() }) })
	defer stop()
	ready()
	if err := server.Serve(socket); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the mesh: %w", err)
	}
	return nil
}

// forward passes a request on to the pod at an address.
func forward(address string, transport http.RoundTripper) http.Handler {
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: address}) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
}

// pick chooses the address of the pod that gets a request for NAME.NAMESPACE.
func (p *Proxy) pick(host string) (string, error) {
	name, namespace, ok := strings.Cut(strings.Split(host, ":")[0], ".")
	if !ok {
		return "", fmt.Errorf("host %q is not NAME.NAMESPACE", host)
	}
	root, err := p.cluster.service(namespace, name)
	if err != nil {
		return "", err
	}
	backends, err := p.cluster.backends(root)
	if err != nil {
		return "", err
	}

	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.turns[host]
	if t == nil {
		t = &turns{pods: map[string]int{}}
		p.turns[host] = t
	}
	backend, err := t.backend(backends)
	if err != nil {
		return "", fmt.Errorf("split of %s: %w", host, err)
	}
	pods, err := p.cluster.ready(namespace, backend, root)
	if err != nil {
		return "", err
	}
	return t.pod(backend, pods)
}

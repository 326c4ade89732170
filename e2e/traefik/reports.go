package traefik

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"canarybot.io/e2e/cluster"
)

// reportsAddress is where Traefik finds the API server: through reports.
const reportsAddress = "127.0.0.1:6444"

// reports stands between Traefik and the API server and passes everything on as it is, but for what Traefik reports
// about the routes of some namespaces: those conditions say what is so and not of which generation, as several
// implementations of the Gateway API do.
type reports struct {
	server  *http.Server
	serving sync.WaitGroup

	mu   sync.Mutex
	bare map[string]bool // namespaces whose routes get no generation
}

// statusPath is where a route's status is written; its group is the namespace.
var statusPath = regexp.MustCompile(`^/apis/gateway\.networking\.k8s\.io/[^/]+/namespaces/([^/]+)/httproutes/[^/]+/status$`)

// passReports starts to serve. The caller must call close.
func passReports(c *cluster.Cluster) (*reports, error) {
	target, err := url.Parse(cluster.URL)
	if err != nil {
		return nil, err
	}
	transport, err := rest.TransportFor(c.Config(c.AdminToken()))
	if err != nil {
		return nil, fmt.Errorf("make Traefik's way to the API server: %w", err)
	}
	socket, err := net.Listen("tcp", reportsAddress)
	if err != nil {
		return nil, fmt.Errorf("listen for Traefik: %w", err)
	}
	r := &reports{bare: map[string]bool{}}
	quiet := log.New(io.Discard, "", 0) // each scenario that stops the API server breaks every watch
	r.server = &http.Server{
		ReadHeaderTimeout: 5 * time.Second, ErrorLog: quiet,
		Handler: &httputil.ReverseProxy{
			Transport: transport, ErrorLog: quiet,
			Rewrite: func(request *httputil.ProxyRequest) {
				request.SetURL(target)
				r.rewrite(request.Out)
			},
		},
	}
	r.serving.Go(func() {
		if err := r.server.Serve(socket); !errors.Is(err, http.ErrServerClosed) {
			_ = socket.Close() // Traefik's log says the rest
		}
	})
	return r, nil
}

func (r *reports) close() {
	_ = r.server.Close()
	r.serving.Wait()
}

// withoutGeneration makes the conditions of a namespace's routes say no generation from now on.
func (r *reports) withoutGeneration(namespace string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bare[namespace] = true
}

// rewrite takes the generation out of a status about to be written. What cannot be read is passed on: the API server
// has words for it.
func (r *reports) rewrite(request *http.Request) {
	match := statusPath.FindStringSubmatch(request.URL.Path)
	if match == nil || request.Body == nil {
		return
	}
	r.mu.Lock()
	bare := r.bare[match[1]]
	r.mu.Unlock()
	if !bare {
		return
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		body = nil
	}
	if stripped, err := strip(body); err == nil {
		body = stripped
	}
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	request.Header.Del("Content-Length")
}

// strip removes the generations from a route's conditions. Their moments become the route's own: Traefik finds that its
// report is not what it wrote and writes it again with each look, and a write that changes nothing wakes nobody.
func strip(body []byte) ([]byte, error) {
	var route struct {
		Metadata struct{ CreationTimestamp string }
	}
	if err := json.Unmarshal(body, &route); err != nil {
		return nil, err
	}
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		return nil, err
	}
	status, _ := object["status"].(map[string]any)
	parents, _ := status["parents"].([]any)
	for _, parent := range parents {
		parent, _ := parent.(map[string]any)
		conditions, _ := parent["conditions"].([]any)
		for _, condition := range conditions {
			if condition, ok := condition.(map[string]any); ok {
				delete(condition, "observedGeneration")
				condition["lastTransitionTime"] = route.Metadata.CreationTimestamp
			}
		}
	}
	return json.Marshal(object)
}

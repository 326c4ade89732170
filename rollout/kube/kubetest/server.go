package kubetest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"sigs.k8s.io/yaml"
)

// Object is an object as decoded from JSON.
type Object = map[string]any

// Server is the API server. Its methods are safe for concurrent use.
type Server struct {
	t testing.TB

	mu      sync.Mutex
	last    int // resourceVersion
	uids    int
	objects map[key]*entry
	denied  map[string]bool     // "VERB RESOURCE"
	limits  map[string][]string // by "VERB RESOURCE"
	gone    map[string]bool     // group/version that is not served
	fault   func(*http.Request) int
	webhook Webhook
	writes  []string
	used    map[string]bool // "VERB RESOURCE.GROUP"
}

// key names an object: the resource without its version, because all versions are the same object.
type key struct{ group, resource, namespace, name string }

// kinds are the supported kinds: the resources of each group, and their kinds.
var kinds = map[string]map[string]string{
	"":                            {"services": "Service", "pods": "Pod", "events": "Event", "persistentvolumeclaims": "PersistentVolumeClaim", "secrets": "Secret"},
	"apps":                        {"deployments": "Deployment", "replicasets": "ReplicaSet"},
	"autoscaling":                 {"horizontalpodautoscalers": "HorizontalPodAutoscaler"},
	"autoscaling.k8s.io":          {"verticalpodautoscalers": "VerticalPodAutoscaler"},
	"keda.sh":                     {"scaledobjects": "ScaledObject"},
	"policy":                      {"poddisruptionbudgets": "PodDisruptionBudget"},
	"discovery.k8s.io":            {"endpointslices": "EndpointSlice"},
	"gateway.networking.k8s.io":   {"httproutes": "HTTPRoute", "grpcroutes": "GRPCRoute", "tlsroutes": "TLSRoute", "tcproutes": "TCPRoute"},
	"networking.k8s.io":           {"ingresses": "Ingress"},
	"networking.istio.io":         {"virtualservices": "VirtualService"},
	"split.smi-spec.io":           {"trafficsplits": "TrafficSplit"},
	"argoproj.io":                 {"applications": "Application"},
	"kustomize.toolkit.fluxcd.io": {"kustomizations": "Kustomization"},
	"helm.toolkit.fluxcd.io":      {"helmreleases": "HelmRelease"},
}

// reasons are the real API server's reasons for these codes.
var reasons = map[int]string{
	http.StatusBadRequest: "BadRequest", http.StatusUnauthorized: "Unauthorized", http.StatusForbidden: "Forbidden",
	http.StatusNotFound: "NotFound", http.StatusConflict: "Conflict", http.StatusUnprocessableEntity: "Invalid",
	http.StatusTooManyRequests: "TooManyRequests", http.StatusInternalServerError: "InternalError",
	http.StatusServiceUnavailable: "ServiceUnavailable", http.StatusGatewayTimeout: "Timeout",
}

// New returns an empty server.
func New(t testing.TB) *Server {
	return &Server{t: t, objects: map[key]*entry{}, denied: map[string]bool{}, limits: map[string][]string{}, gone: map[string]bool{}, used: map[string]bool{}}
}

// Test runs the test with a server of its own, beside others, in a bubble: no machine is so slow that a request to the
// server reaches its time limit, because time stands still while anything runs.
func Test(t *testing.T, test func(t *testing.T, s *Server)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(t, New(t)) })
}

// Run is Test as a subtest of the given name.
func Run(t *testing.T, name string, test func(t *testing.T, s *Server)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { Test(t, test) })
}

// Deny revokes a permission: access reviews and requests are denied.
func (s *Server) Deny(verb, resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied[verb+" "+resource] = true
}

// Limit narrows a permission to objects of these names: reviews and requests of all, or of others, are denied.
func (s *Server) Limit(verb, resource string, names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits[verb+" "+resource] = names
}

// forbidden returns whether a permission is missing, for one object or, without a name, for all.
func (s *Server) forbidden(verb, resource, name string) bool {
	names, limited := s.limits[verb+" "+resource]
	return s.denied[verb+" "+resource] || limited && !slices.Contains(names, name)
}

// Withdraw stops serving a version of a group, as if its custom resource definition were gone.
func (s *Server) Withdraw(groupVersion string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone[groupVersion] = true
}

// Fail answers requests with the status that the function returns, unless that is 0; -1 drops the connection.
func (s *Server) Fail(fault func(*http.Request) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// Webhook is what admission does with a create or a patch: it may change the object, and refuses the write where it
// returns a denial. It must not call the server.
type Webhook func(verb, resource string, o Object) *Denial

// Denial is how admission refuses a write, such as 403 and "admission webhook ... denied the request: ...".
type Denial struct {
	Code  int
	Words string
}

// Admit has writes pass the webhook, dry runs too; nil: none. What it changes is owned as the real server has it: by
// whoever owned the field in the request, for managers are noted before admission.
func (s *Server) Admit(webhook Webhook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhook = webhook
}

// Writes returns the writes that were tried, as "VERB resource/name", in order.
func (s *Server) Writes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes)
}

// Used returns the permissions that requests used, as "VERB RESOURCE.GROUP", sorted.
func (s *Server) Used() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.used))
}

// request is one parsed request for objects.
type request struct {
	verb, version string
	key
	manager  string
	selector string
	dryRun   bool
	json     bool // the body is a JSON patch
	body     []byte
}

// RoundTrip answers one request in place: no connection, so that a bubble can hold client and server.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	if dropped := s.handle(w, r); dropped {
		return nil, io.ErrUnexpectedEOF
	}
	response := w.Result()
	response.Request = r
	return response, nil
}

// handle writes the answer, unless the connection drops.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) (dropped bool) {
	if s.fault != nil {
		switch code := s.fault(r); code {
		case 0:
		case -1:
			return true
		default:
			w.Header().Set("Retry-After", "1")
			answer(w, code, status(code, reasons[code], "made to fail"))
			return false
		}
	}
	if strings.HasSuffix(r.URL.Path, "/selfsubjectaccessreviews") {
		s.review(w, r)
		return false
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	req, ok := parse(parts, r)
	switch {
	case len(parts) == 3 && parts[0] == "apis":
		s.discover(w, parts[1], parts[2])
	case len(parts) == 2 && parts[0] == "api":
		s.discover(w, "", parts[1])
	case !ok || kinds[req.group][req.resource] == "" || s.gone[req.group+"/"+req.version]:
		http.Error(w, "404 page not found", http.StatusNotFound)
	case s.forbidden(req.verb, req.resource, req.name):
		answer(w, http.StatusForbidden, status(http.StatusForbidden, "Forbidden",
			fmt.Sprintf("%s is forbidden: User \"bot\" cannot %s resource %q", req.resource, req.verb, req.resource)))
	default:
		s.serve(w, req)
	}
	return false
}

func parse(parts []string, r *http.Request) (request, bool) {
	q := r.URL.Query()
	req := request{
		manager: q.Get("fieldManager"), selector: q.Get("labelSelector"), dryRun: q.Get("dryRun") == "All",
		json: r.Header.Get("Content-Type") == "application/json-patch+json",
	}
	switch {
	case len(parts) >= 5 && parts[0] == "api" && parts[2] == "namespaces":
		req.version, parts = parts[1], parts[3:]
	case len(parts) >= 6 && parts[0] == "apis" && parts[3] == "namespaces":
		req.group, req.version, parts = parts[1], parts[2], parts[4:]
	default:
		return req, false
	}
	req.namespace, req.resource = parts[0], parts[1]
	if len(parts) > 2 {
		req.name = parts[2]
	}
	req.verb = map[string]string{"GET": "get", "POST": "create", "PATCH": "patch", "DELETE": "delete"}[r.Method]
	switch {
	case req.verb == "get" && r.URL.Query().Get("watch") == "true":
		req.verb = "watch"
	case req.verb == "get" && req.name == "":
		req.verb = "list"
	}
	var body json.RawMessage
	if r.Method != http.MethodGet && json.NewDecoder(r.Body).Decode(&body) == nil {
		req.body = body
	}
	return req, req.verb != ""
}

func (s *Server) serve(w http.ResponseWriter, req request) {
	s.used[req.verb+" "+strings.TrimSuffix(req.resource+"."+req.group, ".")] = true
	if req.verb != "get" && req.verb != "list" && req.verb != "watch" && !req.dryRun {
		s.writes = append(s.writes, req.verb+" "+req.resource+"/"+req.name)
	}
	var object any
	var err *failure
	switch req.verb {
	case "watch":
		s.watch(w, req)
		return
	case "list":
		object = s.list(req)
	case "get":
		object, err = s.get(req)
	case "create":
		object, err = s.create(req)
	case "patch":
		object, err = s.patch(req)
	case "delete":
		object, err = s.remove(req)
	}
	if err != nil {
		answer(w, err.code, status(err.code, err.reason, err.message))
		return
	}
	answer(w, http.StatusOK, object)
}

// watch reports all existing objects as added, and ends: the client has to watch again.
func (s *Server) watch(w http.ResponseWriter, req request) {
	w.Header().Set("Content-Type", "application/json")
	for _, item := range s.list(req)["items"].([]Object) {
		_ = json.NewEncoder(w).Encode(Object{"type": "ADDED", "object": item})
	}
}

func (s *Server) discover(w http.ResponseWriter, group, version string) {
	if kinds[group] == nil || s.gone[group+"/"+version] {
		http.Error(w, "404 page not found", http.StatusNotFound)
		return
	}
	var resources []Object
	for resource, kind := range kinds[group] {
		resources = append(resources, Object{"name": resource, "kind": kind, "namespaced": true, "verbs": []string{"get"}})
	}
	answer(w, http.StatusOK, Object{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": strings.TrimPrefix(group+"/"+version, "/"), "resources": resources})
}

// review answers an access review.
func (s *Server) review(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Spec struct {
			ResourceAttributes struct{ Verb, Resource, Name string }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		answer(w, http.StatusBadRequest, status(http.StatusBadRequest, "BadRequest", err.Error()))
		return
	}
	a := asked.Spec.ResourceAttributes
	answer(w, http.StatusCreated, Object{
		"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "spec": Object{},
		"status": Object{"allowed": !s.forbidden(a.Verb, a.Resource, a.Name)},
	})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // an error means that the client has left
}

func status(code int, reason, message string) Object {
	return Object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}
}

// Apply stores the objects of a YAML text as the given manager. An existing object is replaced, except for its
// identity.
func (s *Server) Apply(manager, manifests string) {
	s.t.Helper()
	for _, text := range strings.Split(manifests, "\n---\n") {
		object := Object{}
		if err := yaml.Unmarshal([]byte(text), &object); err != nil {
			s.t.Fatalf("manifest: %v\n%s", err, text)
		}
		if len(object) > 0 {
			s.put(manager, object)
		}
	}
}

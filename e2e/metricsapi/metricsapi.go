// Package metricsapi serves custom.metrics.k8s.io, from which autoscalers learn what the pods of a cluster serve, out of
// what Prometheus scraped of them: as the adapters do that most clusters have.
//
// It knows one metric, requests per second, and nothing of who asks or why.
package metricsapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Metric is the one that is served: the requests that each pod answers per second.
const Metric = "requests_per_second"

// Group and Version name the API that is served.
const (
	Group   = "custom.metrics.k8s.io"
	Version = "v1beta2"
)

// window is what a rate is taken over, in a world that is scraped each second.
const window = 4 * time.Second

// Query evaluates an expression of Prometheus and returns its values by pod.
type Query func(ctx context.Context, expression string) (map[string]float64, error)

// value is one pod's value, as the API describes it.
type value struct {
	Object    core.ObjectReference `json:"describedObject"`
	Metric    map[string]string    `json:"metric"`
	Timestamp meta.Time            `json:"timestamp"`
	Window    int64                `json:"windowSeconds"`
	Value     resource.Quantity    `json:"value"`
}

// list is an answer of the API.
type list struct {
	meta.TypeMeta `json:",inline"`
	meta.ListMeta `json:"metadata"`
	Items         []value `json:"items"`
}

// New returns the API as a handler.
func New(kube kubernetes.Interface, query Query) http.Handler {
	root := "/apis/" + Group + "/" + Version
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, meta.APIResourceList{
			TypeMeta: meta.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: Group + "/" + Version,
			APIResources: []meta.APIResource{{Name: "pods/" + Metric, Namespaced: true, Kind: "MetricValueList", Verbs: []string{"get"}}},
		}, nil)
	})
	mux.HandleFunc("GET "+root+"/namespaces/{namespace}/pods/{name}/"+Metric, func(w http.ResponseWriter, r *http.Request) {
		all, err := values(r.Context(), kube, query, r.PathValue("namespace"), r.URL.Query().Get("labelSelector"))
		answer(w, all, err)
	})
	return mux
}

// values returns the pods that the selector selects, as far as anything is known of them.
func values(ctx context.Context, kube kubernetes.Interface, query Query, namespace, selector string) (list, error) {
	all := list{TypeMeta: meta.TypeMeta{Kind: "MetricValueList", APIVersion: Group + "/" + Version}, Items: []value{}}
	pods, err := kube.CoreV1().Pods(namespace).List(ctx, meta.ListOptions{LabelSelector: selector})
	if err != nil {
		return all, err
	}
	rates, err := query(ctx, fmt.Sprintf("sum by (pod) (rate(http_requests_total{namespace=%q}[%s]))", namespace, window))
	if err != nil {
		return all, err
	}
	for _, pod := range pods.Items {
		rate, known := rates[pod.Name]
		if !known {
			continue
		}
		all.Items = append(all.Items, value{
			Object: core.ObjectReference{Kind: "Pod", Namespace: namespace, Name: pod.Name, APIVersion: "v1"},
			Metric: map[string]string{"name": Metric}, Timestamp: meta.Now(), Window: int64(window.Seconds()),
			Value: *resource.NewMilliQuantity(int64(1000*rate), resource.DecimalSI),
		})
	}
	return all, nil
}

func answer(w http.ResponseWriter, what any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// Who does not hear the answer asks again.
	_ = json.NewEncoder(w).Encode(what)
}

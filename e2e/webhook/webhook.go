// Package webhook answers the API server about objects on their way into the cluster: it changes the images of pods and
// of what makes them, as the webhooks do that pin digests, mirror registries or enforce a version.
//
// It refuses to know which images are right: a function says that.
package webhook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"

	admission "k8s.io/api/admission/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
)

// Handler answers admission reviews of Deployments and Pods. It is safe for concurrent use.
type Handler struct {
	Change func(image string) string

	asked atomic.Int64
}

// Asked returns how many reviews were answered so far.
func (h *Handler) Asked() int64 { return h.asked.Load() }

// operation is one operation of a JSON patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value string `json:"value"`
}

// ServeHTTP answers one review.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var review admission.AdmissionReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
		http.Error(w, "not a review", http.StatusBadRequest)
		return
	}
	response, err := h.review(review.Request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h.asked.Add(1)
	review.Request, review.Response = nil, response
	w.Header().Set("Content-Type", "application/json")
	// The API server that does not hear it asks again or refuses the object.
	_ = json.NewEncoder(w).Encode(review)
}

func (h *Handler) review(request *admission.AdmissionRequest) (*admission.AdmissionResponse, error) {
	containers, path, err := containersOf(request)
	if err != nil {
		return nil, err
	}
	var patch []operation
	for i, c := range containers {
		if image := h.Change(c.Image); image != c.Image {
			patch = append(patch, operation{Op: "replace", Path: fmt.Sprintf("%s/%d/image", path, i), Value: image})
		}
	}
	response := &admission.AdmissionResponse{UID: request.UID, Allowed: true}
	if len(patch) == 0 {
		return response, nil
	}
	kind := admission.PatchTypeJSONPatch
	response.PatchType = &kind
	response.Patch, err = json.Marshal(patch)
	return response, err
}

// containersOf returns the containers of the object and where in it they are.
func containersOf(request *admission.AdmissionRequest) ([]core.Container, string, error) {
	switch request.Kind.Kind {
	case "Deployment":
		var d apps.Deployment
		err := json.Unmarshal(request.Object.Raw, &d)
		return d.Spec.Template.Spec.Containers, "/spec/template/spec/containers", err
	case "Pod":
		var p core.Pod
		err := json.Unmarshal(request.Object.Raw, &p)
		return p.Spec.Containers, "/spec/containers", err
	}
	return nil, "", fmt.Errorf("a %s has no containers", request.Kind.Kind)
}

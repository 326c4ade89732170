package api

import (
	_ "embed"
	"net/http"
)

// documentPath is where the API is described.
const documentPath = "/v1/openapi.json"

// document is the API in OpenAPI 3.1. A test holds it against the handlers and the wire.
//
//go:embed openapi.json
var document []byte

func (a *API) document(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		a.refuseMethod(w, r, []string{http.MethodGet})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(document)
}

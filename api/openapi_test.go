package api_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"canarybot.io/api"
)

// described is the document, and the router that it makes.
var described = sync.OnceValues(func() (*openapi3.T, routers.Router) {
	raw, err := os.ReadFile("openapi.json")
	if err != nil {
		panic(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		panic(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		panic(err)
	}
	return doc, router
})

// conforms fails the test unless the answer is one that the document has for such a request: every test's answers are held
// against it.
func conforms(a answer, r *http.Request) {
	a.Helper()
	_, router := described()
	route, parameters, err := router.FindRoute(r)
	if err != nil || strings.HasSuffix(r.URL.Path, "/") { // no path of the API, or no method
		if a.status != http.StatusNotFound && a.status != http.StatusMethodNotAllowed {
			a.Errorf("%s %s is answered with %d and is not in the document: %v", r.Method, r.URL, a.status, err)
		}
		return
	}
	q := &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: q, Status: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		a.Errorf("%s %s: the answer is not as the document says: %v\n%s", r.Method, r.URL, err, a.body)
	}
}

func TestDocumentIsValid(t *testing.T) {
	doc, _ := described()
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	run(t, func(w *world) {
		served := w.as("", "GET", "/v1/openapi.json", nil).is(http.StatusOK, nil)
		if onDisk, err := os.ReadFile("openapi.json"); err != nil || !bytes.Equal(served.body, onDisk) {
			t.Errorf("what is served is not the document: %v", err)
		}
	})
}

// The document has each path and method that is served, and no other.
func TestDocumentHasWhatIsServed(t *testing.T) {
	doc, _ := described()
	run(t, func(w *world) {
		for path, item := range doc.Paths.Map() {
			a := w.as(leadToken, "OPTIONS", strings.ReplaceAll(path, "{id}", "checkout-1"), nil).is(http.StatusMethodNotAllowed, nil)
			methods := slices.Sorted(maps.Keys(item.Operations()))
			if got := a.header.Get("Allow"); got != strings.Join(methods, ", ") {
				t.Errorf("%s takes %s, and the document says %v", path, got, methods)
			}
		}
		served := append(w.api.Paths(), "/v1/openapi.json")
		slices.Sort(served)
		if got := slices.Sorted(maps.Keys(doc.Paths.Map())); !slices.Equal(got, served) {
			t.Errorf("the document has %v, and %v is served", got, served)
		}
	})
}

// Each type of the wire is in the document, with its fields and their types; what may be missing is what is left out when empty.
func TestDocumentHasTheWire(t *testing.T) {
	doc, _ := described()
	wire := map[string]any{
		"Start": api.Start{}, "Decision": api.Decision{}, "Rollout": api.Rollout{}, "Step": api.Step{}, "Check": api.Check{}, "Rollouts": api.Rollouts{},
		"Plan": api.Plan{}, "Service": api.Service{}, "Services": api.Services{}, "Problem": api.Problem{}, "FieldError": api.FieldError{},
	}
	if got, want := slices.Sorted(maps.Keys(doc.Components.Schemas)), slices.Sorted(maps.Keys(wire)); !slices.Equal(got, want) {
		t.Errorf("the document has the types %v, the wire %v", got, want)
	}
	for name, v := range wire {
		schema := doc.Components.Schemas[name].Value
		var fields []string
		for i := range reflect.TypeOf(v).NumField() {
			f := reflect.TypeOf(v).Field(i)
			field, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			fields = append(fields, field)
			property := schema.Properties[field]
			if property == nil {
				t.Errorf("%s.%s is not in the document", name, field)
				continue
			}
			if want := jsonType(f.Type); !property.Value.Type.Is(want) {
				t.Errorf("%s.%s is %s, and the document says %v", name, field, want, property.Value.Type)
			}
			if required := options == ""; required != slices.Contains(schema.Required, field) {
				t.Errorf("%s.%s: always there: %t; the document says otherwise", name, field, required)
			}
		}
		if got := slices.Sorted(maps.Keys(schema.Properties)); !slices.Equal(got, slices.Sorted(slices.Values(fields))) {
			t.Errorf("%s has %v, the wire %v", name, got, fields)
		}
		if any := schema.AdditionalProperties.Has; any == nil || *any {
			t.Errorf("%s takes fields that it does not name", name)
		}
	}
}

// jsonType is how JSON has a type of Go.
func jsonType(t reflect.Type) string {
	switch t.Kind() { //nolint:exhaustive // the wire has these alone
	case reflect.Bool:
		return "boolean"
	case reflect.Int:
		return "integer"
	case reflect.Slice:
		return "array"
	case reflect.Pointer:
		return "number"
	case reflect.Struct:
		if t.String() == "time.Time" {
			return "string"
		}
		return "object"
	}
	return "string"
}

// What the document says of bodies is what the handlers take: each body that a row of the document refuses is refused.
func TestDocumentRefusesWhatTheHandlersRefuse(t *testing.T) {
	doc, _ := described()
	for body, want := range map[string]bool{
		`{"service":"checkout","version":"v2","plan":"standard","auto":true,"replace":false,"reason":"x","link":"y"}`: true,
		`{"service":"checkout"}`: false, `{"service":"checkout","version":1}`: false, `{"service":"checkout","version":"v2","force":true}`: false,
		`{"service":"checkout","version":"v2","reason":"` + strings.Repeat("x", 1001) + `"}`: false,
	} {
		err := doc.Components.Schemas["Start"].Value.VisitJSON(parsed(t, body), openapi3.EnableJSONSchema2020())
		if (err == nil) != want {
			t.Errorf("%.80s: the document says %v", body, err)
		}
		run(t, func(w *world) {
			status := w.as(leadToken, "POST", "/v1/rollouts", body).status
			if (status == http.StatusCreated) != want {
				t.Errorf("%.80s: the handler says %d", body, status)
			}
		})
	}
}

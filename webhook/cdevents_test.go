package webhook_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"canarybot.io/rollout"
	"canarybot.io/webhook"
)

// schemas returns the schemas of CDEvents by the types that they are for.
func schemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	files, err := filepath.Glob("testdata/cdevents/*.json")
	links, errLinks := filepath.Glob("testdata/cdevents/links/*.json")
	if err != nil || errLinks != nil || len(files) == 0 {
		t.Fatal(err, errLinks, files)
	}
	ids := map[string]string{} // by type
	for _, file := range slices.Concat(files, links) {
		document := parsed(t, read(t, file)).(map[string]any)
		id := document["$id"].(string)
		if err := c.AddResource(id, document); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(file, "links") {
			continue
		}
		at := document
		for _, key := range []string{"properties", "context", "properties", "type"} {
			at = at[key].(map[string]any)
		}
		ids[at["enum"].([]any)[0].(string)] = id
	}
	all := map[string]*jsonschema.Schema{}
	for typ, id := range ids {
		if all[typ], err = c.Compile(id); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func parsed(t *testing.T, raw []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// lives are whole lives, with every outcome and every kind of event.
func lives(b *bed) {
	b.live("checkout", 1)
	r := b.step(b.begin("checkout", 2), 0)
	r.Phase = rollout.RollingBack
	r = b.commit(r, rollout.Entry{Kind: rollout.EntryPhase, Data: rollout.Data{To: rollout.RollingBack, Reason: rollout.Reason{Code: rollout.ReasonCheck}}},
		rollout.Entry{Kind: rollout.EntryStuck}, rollout.Entry{Kind: rollout.EntrySettled})
	b.end(r, rollout.RolledBack)
	b.end(b.begin("checkout", 3), rollout.Cancelled)
	b.end(b.begin("checkout", 4), rollout.Abandoned)
	for i, back := range []bool{false, true} {
		r = b.step(b.begin("cart", 1+i), 0)
		r.Phase, r.Request.Back, r.Image = rollout.Returning, back, r.Image+"@sha256:"+strings.Repeat("0a", 32)
		r = b.commit(r, rollout.Entry{Kind: rollout.EntryAsked}, rollout.Entry{Kind: rollout.EntryDecided, Data: rollout.Data{Action: rollout.Promote, To: rollout.Promoting, From: rollout.Awaiting}},
			rollout.Entry{Kind: rollout.EntryGit, Data: rollout.Data{Wish: rollout.WantPromotion, Commit: &rollout.GitCommit{Hash: "4f2c"}}},
			rollout.Entry{Kind: rollout.EntryPhase, Data: rollout.Data{To: rollout.Returning}})
		b.end(r, rollout.Succeeded)
	}
}

// Every event is what the specification's schemas say, in both of CloudEvents' modes.
func TestCDEventsAreWhatTheSchemasSay(t *testing.T) {
	for name, structured := range map[string]bool{"binary": false, "structured": true} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				v, all := &receiver{}, schemas(t)
				s := webhook.Settings{Name: "broker", URL: "https://broker.example.com", Structured: structured, Transport: v}
				b := newBed(t, s.Recipient(webhook.NewCDEvents(s, nil)))
				b.start()
				lives(b)
				synctest.Wait()
				seen, ids := map[string]int{}, map[string]bool{}
				for i, raw := range v.bodies {
					data := raw
					if structured {
						data = fromDocument(t, raw, v.heads[i].Get("Content-Type"))
					}
					seen[cdeventIn(t, data, all)]++
					if id := v.ids[i]; ids[id] || id == "" {
						t.Errorf("two events are called %q", id)
					} else {
						ids[id] = true
					}
					if !structured {
						sameHeaders(t, v, i)
					}
				}
				for _, typ := range slices.Sorted(maps.Keys(all)) {
					if seen[typ] == 0 {
						t.Errorf("no event is a %s: %v", typ, seen)
					}
				}
			})
		})
	}
}

// fromDocument returns the event in a CloudEvent that is one document.
func fromDocument(t *testing.T, raw []byte, content string) []byte {
	t.Helper()
	var document struct {
		Version string `json:"specversion"`
		ID      string
		Source  string
		Type    string
		Subject string
		Time    time.Time
		Content string `json:"datacontenttype"`
		Data    json.RawMessage
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	if content != "application/cloudevents+json" || document.Version != "1.0" || document.ID == "" || document.Source == "" ||
		document.Type == "" || document.Subject == "" || document.Time.IsZero() || document.Content != "application/json" {
		t.Errorf("got %s as %s", raw, content)
	}
	return document.Data
}

// cdeventIn holds an event against the schema of its type, and returns the type.
func cdeventIn(t *testing.T, data []byte, all map[string]*jsonschema.Schema) string {
	t.Helper()
	var event struct{ Context struct{ Type string } }
	if err := json.Unmarshal(data, &event); err != nil {
		t.Fatal(err)
	}
	schema := all[event.Context.Type]
	if schema == nil {
		t.Fatalf("no schema for %s", data)
	}
	if err := schema.Validate(parsed(t, data)); err != nil {
		t.Errorf("%v\n%s", err, data)
	}
	return event.Context.Type
}

// sameHeaders checks that the headers say what the event's context says.
func sameHeaders(t *testing.T, v *receiver, i int) {
	t.Helper()
	var event struct {
		Context struct {
			ID, Source, Type string
			Timestamp        time.Time
		}
		Subject struct{ ID string }
	}
	if err := json.Unmarshal(v.bodies[i], &event); err != nil {
		t.Fatal(err)
	}
	h := v.heads[i]
	at, err := time.Parse(time.RFC3339Nano, h.Get("Ce-Time"))
	if h.Get("Ce-Id") != event.Context.ID || h.Get("Ce-Source") != event.Context.Source || h.Get("Ce-Type") != event.Context.Type ||
		h.Get("Ce-Subject") != event.Subject.ID || h.Get("Ce-Specversion") != "1.0" || err != nil || !at.Equal(event.Context.Timestamp) ||
		h.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v of %s", h, v.bodies[i])
	}
}

// What an image is called as a package.
func TestPackageURLs(t *testing.T) {
	t.Parallel()
	sum := "sha256:" + strings.Repeat("0a", 32)
	escaped := "@sha256%3A" + strings.Repeat("0a", 32)
	for image, want := range map[string]string{
		"registry.example.com/shop/checkout:v1":             "pkg:oci/checkout?repository_url=registry.example.com%2Fshop%2Fcheckout&tag=v1",
		"registry.example.com:5000/shop/checkout":           "pkg:oci/checkout?repository_url=registry.example.com%3A5000%2Fshop%2Fcheckout",
		"registry.example.com:5000/shop/checkout:v1@" + sum: "pkg:oci/checkout" + escaped + "?repository_url=registry.example.com%3A5000%2Fshop%2Fcheckout&tag=v1",
		"checkout:v1":     "pkg:oci/checkout?tag=v1",
		"checkout@" + sum: "pkg:oci/checkout" + escaped,
		"checkout":        "pkg:oci/checkout",
	} {
		if got := webhook.PackageURL(image); got != want {
			t.Errorf("%s: got %s, want %s", image, got, want)
		}
	}
}

package registry_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/registry"
)

func (s *shop) service() rollout.Service {
	return rollout.Service{Name: "checkout", Spec: rollout.Spec{Repository: s.repository()}}
}

func TestNewestTagsComeFirst(t *testing.T) {
	s := newShop(t)
	for _, tag := range []string{
		"v1.9.0", "v1.10.0", "v1.10.0-rc.1", "v1.2", "2026.11.28", "latest", "main-3f2a1c9e", "20261128123456789012345",
		"sha256-" + strings.Repeat("0a", 32) + ".sig",
	} {
		s.put(tag, manifestType, []byte(`{"schemaVersion":2,"mediaType":"`+manifestType+`"}`))
	}
	p := newPinner(t, registry.Options{})
	want := []string{"20261128123456789012345", "2026.11.28", "v1.10.0", "v1.10.0-rc.1", "v1.9.0", "v1.2", "main-3f2a1c9e", "latest"}
	if got := p.Newest(t.Context(), s.service()); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	s.answer(nil)
	if got := p.Newest(t.Context(), s.service()); len(got) != len(want) || len(s.requests()) != 0 {
		t.Errorf("asked again within a minute it asks %q", s.requests())
	}
}

func TestTagsThatCannotBeListedAreNone(t *testing.T) {
	s := newShop(t)
	s.put("v1.2.4", manifestType, []byte(`{"schemaVersion":2,"mediaType":"`+manifestType+`"}`))
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"refused":     func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusForbidden); return true },
		"not JSON":    func(w http.ResponseWriter, _ *http.Request) bool { _, _ = w.Write([]byte("<html>")); return true },
		"out of time": func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true },
	} {
		t.Run(name, func(t *testing.T) {
			s.answer(answer)
			began := time.Now()
			if got := newPinner(t, registry.Options{}).Newest(t.Context(), s.service()); len(got) != 0 || time.Since(began) > 10*time.Second {
				t.Errorf("got %q after %s", got, time.Since(began))
			}
		})
	}
	s.answer(nil)
	if got := newPinner(t, registry.Options{Off: true}).Newest(t.Context(), s.service()); len(got) != 0 || len(s.requests()) != 0 {
		t.Errorf("where registries are left alone it asks %q", s.requests())
	}
	if got := newPinner(t, registry.Options{}).Newest(t.Context(), rollout.Service{}); len(got) != 0 {
		t.Errorf("of no repository there is %q", got)
	}
}

package main

import (
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestServeRefuses(t *testing.T) {
	for _, tt := range []struct{ name, args, in, want string }{
		{"nothing", "", "", "no service is named"},
		{"a service without a trace", "shop/checkout", "", "is not NAMESPACE/SERVICE=SCENARIO@RPS"},
		{"no namespace", "checkout=fine@100", "", "is not NAMESPACE/SERVICE=SCENARIO@RPS"},
		{"a rate that is not a number", "shop/checkout=fine@many", "", "is not NAMESPACE/SERVICE=SCENARIO@RPS"},
		{"an unknown scenario", "shop/checkout=magic@100", "", `there is no scenario "magic" at 100 requests a second`},
		{"an unknown rate", "shop/checkout=fine@7", "", `there is no scenario "fine" at 7 requests a second`},
		{"a port that is none", "--listen 127.0.0.1:x shop/checkout=fine@100", "", "unknown port"},
		{"a weight of nobody", "--listen 127.0.0.1:0 shop/checkout=fine@100", "shop/cart 5\n", "is not NAMESPACE/SERVICE PERCENT"},
		{"a weight beyond everything", "--listen 127.0.0.1:0 shop/checkout=fine@100", "shop/checkout 101\n", "is not NAMESPACE/SERVICE PERCENT"},
		{"a weight that is not a number", "--listen 127.0.0.1:0 shop/checkout=fine@100", "shop/checkout NaN\n", "is not NAMESPACE/SERVICE PERCENT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := serve(strings.Fields(tt.args), strings.NewReader(tt.in), io.Discard)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	var said strings.Builder
	err := serve([]string{"--listen", "127.0.0.1:0", "shop/checkout=fine@100"}, strings.NewReader("shop/checkout 5\n"), &said)
	if err != nil || !strings.HasPrefix(said.String(), "http://127.0.0.1:") {
		t.Errorf("got %q and %v, want an address", said.String(), err)
	}
}

// The canary's series begin with its traffic, and each service has its own.
func TestServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, err := parseServices([]string{"shop/checkout=errors 5 %@100", "shop/cart=fine@100"}, 1)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		defer close(done)
		for _, s := range all {
			go s.run(done)
		}
		ask := func(query string) string {
			r := httptest.NewRequest("POST", "/api/v1/query", strings.NewReader(url.Values{"query": {query}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			all.ServeHTTP(w, r)
			return w.Body.String()
		}
		checks := func(when string, canaries map[string]bool) {
			t.Helper()
			for service, want := range canaries {
				if answer := ask(`http_requests_total{namespace="shop",pod=~"` + service + `-stable-[a-z]+"}[60s]`); !strings.Contains(answer, service+"-stable-7d9f8b6c5") {
					t.Errorf("%s: stable of %s: %s", when, service, answer)
				}
				answer := ask(`http_requests_total{namespace="shop",pod=~"` + service + `-canary-[a-z]+"}[60s]`)
				if got := strings.Contains(answer, service+"-canary-6d5f7c9b8"); got != want || !strings.Contains(answer, `"status":"success"`) {
					t.Errorf("%s: canary of %s is %t, want %t: %s", when, service, got, want, answer)
				}
			}
		}
		time.Sleep(time.Minute)
		checks("before", map[string]bool{"checkout": false, "cart": false})
		if err := all.readWeights(strings.NewReader("shop/checkout 5\n")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		checks("after", map[string]bool{"checkout": true, "cart": false})
		if answer := ask("up"); answer != `{"status":"success","data":{"resultType":"vector","result":[]}}` {
			t.Errorf("a query about nobody: %s", answer)
		}
	})
}

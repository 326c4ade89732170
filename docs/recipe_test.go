package docs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
	"canarybot.io/rollout/prom"
)

// orders is the check of the recipe.
const orders = `
checks:
  orders:
    query: sum(rate(orders_placed_total{ {{.Select}} }[{{.Window}}]))
    comparison: greater_than
    threshold: 0.5
    unit: number
`

// answering is a Prometheus that gives one number to every query, fresh for both arms.
func answering(value string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		now := time.Now().Unix()
		sample := fmt.Sprintf(`{"metric":{},"value":[%d,%q]}`, now, value)
		if strings.Contains(r.FormValue("query"), "canarybot_arm") { // how old the samples are, by arm
			sample = fmt.Sprintf(`{"metric":{"canarybot_arm":"canary"},"value":[%d,"%d"]},{"metric":{"canarybot_arm":"stable"},"value":[%d,"%d"]}`, now, now, now, now)
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[%s]}}`, sample)
	}
}

func find(t *testing.T, v rollout.Verdict, check string) rollout.Evidence {
	t.Helper()
	i := slices.IndexFunc(v.Evidence, func(e rollout.Evidence) bool { return e.Check == check })
	if i < 0 {
		t.Fatalf("nothing is said about %s", check)
	}
	return v.Evidence[i]
}

func TestACheckOfYourOwn(t *testing.T) {
	c, err := config.Parse(complete(t, orders))
	if err != nil {
		t.Fatal(err)
	}
	prometheus := httptest.NewServer(answering("0.7"))
	t.Cleanup(prometheus.Close)
	source, err := prom.New(prom.Default(prometheus.URL))
	if err != nil {
		t.Fatal(err)
	}
	since := time.Now().Add(-time.Hour)
	r := rollout.Rollout{Service: "checkout", Spec: c.Services["checkout"].Spec, WeightAckedAt: since}
	answer := source.Ask(t.Context(), r.Question(time.Now()))
	verdict, _ := judge.Compare(r.Spec.Checks, answer.Samples, nil, since, time.Now())
	if e := find(t, verdict, "orders"); e.Result != rollout.Pass {
		t.Errorf("0.7 orders a second: got %s (%s %s), want a pass", e.Result, e.Why, e.Detail)
	}
}

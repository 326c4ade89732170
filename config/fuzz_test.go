package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"unicode/utf8"

	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// Whatever is written, Parse returns sentences or a configuration that holds together.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/bad/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse(data)
		if err == nil {
			holdsTogether(t, c)
			return
		}
		var e *config.Error
		if !errors.As(err, &e) || len(e.Problems) == 0 || !utf8.ValidString(err.Error()) {
			t.Errorf("got error %v, want problems", err)
		}
	})
}

func holdsTogether(t *testing.T, c config.Config) {
	t.Helper()
	if c.Environment == "" || c.Slack.Command == "" || c.Listen == "" || c.Store.Path == "" || len(c.Services) == 0 {
		t.Errorf("something required is empty: %+v", c)
	}
	if err := prom.CheckURL(c.Prometheus.URL); err != nil {
		t.Errorf("prometheus: %v", err)
	}
	deployments := map[string]rollout.ServiceName{}
	for name, s := range c.Services {
		o := s.Spec.Objects
		for _, label := range []string{string(name), string(s.Name), o.Namespace, o.Stable, o.Canary, o.StableService, o.CanaryService, o.Route.Name} {
			if !rollout.IsDNSLabel(label) {
				t.Errorf("%s: %q is not a label", name, label)
			}
		}
		for _, d := range []string{o.Stable, o.Canary} {
			if holder, taken := deployments[o.Namespace+"/"+d]; taken {
				t.Errorf("%s shares %s with %s", name, d, holder)
			}
			deployments[o.Namespace+"/"+d] = name
		}
		if !rollout.IsRepository(s.Spec.Repository) || s.Channel == "" || !slices.Contains(config.RouteKinds(), o.Route.Kind) {
			t.Errorf("%s: %+v", name, s)
		}
		demands := false
		for _, p := range append([]rollout.Plan{s.Spec.Plan}, s.Plans...) {
			if problems := p.Problems(); len(problems) > 0 {
				t.Errorf("%s: plan %s: %s", name, p.Name, problems)
			}
			demands = demands || p.DemandsEvidence()
		}
		if demands && len(s.Spec.Checks) == 0 {
			t.Errorf("%s has bakes without checks", name)
		}
		checksHold(t, s)
		peopleHold(t, s.Policy)
	}
}

func checksHold(t *testing.T, s rollout.Service) {
	t.Helper()
	names := prom.Names{Namespace: s.Spec.Objects.Namespace, Service: s.Name, Stable: s.Spec.Objects.Stable, Canary: s.Spec.Objects.Canary}
	canary, err := prom.Selector(s.Spec.Select, names, prom.CanaryArm)
	stable, odd := prom.Selector(s.Spec.Select, names, prom.StableArm)
	if err != nil || odd != nil || canary == stable {
		t.Errorf("%s selects %s and %s (%v, %v)", s.Name, canary, stable, err, odd)
	}
	for _, c := range s.Spec.Checks {
		_, err := prom.ParseQuery(c.Query)
		switch {
		case err != nil:
			t.Errorf("%s: %v", c.Name, err)
		case c.Window < 2*c.Interval, c.Interval <= 0, c.Failures < 1, c.MinRequests < 0, c.Traffic == "" && c.MinRequests != 0:
			t.Errorf("%+v", c)
		case c.Ceiling != nil && c.Comparison.Holds(*c.Ceiling, c.Threshold):
			t.Errorf("%s: ceiling %g passes %g", c.Name, *c.Ceiling, c.Threshold)
		case s.Spec.Limits.Interval > c.Interval:
			t.Errorf("%s is asked every %s, %s every %s", s.Name, s.Spec.Limits.Interval, c.Name, c.Interval)
		}
	}
}

func peopleHold(t *testing.T, p rollout.Policy) {
	t.Helper()
	id := regexp.MustCompile(`^[UW][A-Z0-9]+$`)
	for _, person := range slices.Concat(p.Deployers, p.Approvers, p.Rollback) {
		if !id.MatchString(person) && person != rollout.Everyone {
			t.Errorf("%q is nobody", person)
		}
	}
	if slices.Contains(slices.Concat(p.Deployers, p.Approvers), rollout.Everyone) {
		t.Errorf("everyone may do more than roll back: %+v", p)
	}
}

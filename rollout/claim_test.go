package rollout_test

import (
	"strings"
	"testing"
	"time"

	"canarybot.io/rollout"
)

const (
	shopImage = "registry.example.com/shop/checkout"
	digestA   = "@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

// leftBehind is a cluster in which a lost store's rollout of v2 over v1 was promoting, as its stamps say.
func leftBehind() rollout.Observed {
	stamp := func() *rollout.Stamp {
		return &rollout.Stamp{Store: "lost", Rollout: "checkout-7", Revision: 9, Image: shopImage + ":v2", Original: &rollout.Original{
			Stable: rollout.OriginalWorkload{UID: "s", Image: shopImage + ":v1", Replicas: 4}, Route: rollout.OriginalRoute{UID: "r"}, Surges: true,
		}}
	}
	on := func(uid string) rollout.Meta { return rollout.Meta{Exists: true, UID: uid, Stamp: stamp()} }
	return rollout.Observed{
		Stable: rollout.Workload{
			Meta: on("s"), Image: shopImage + ":v2", Replicas: 4,
			Ran: []string{shopImage + ":v1", shopImage + ":v2", shopImage + ":v0" + digestA, "mirror.example.com/shop/checkout:v5", "docker.io/evil/other:v1"},
		},
		Canary: rollout.Workload{Meta: on("c"), Image: shopImage + ":v2", Replicas: 1, Ran: []string{shopImage + ":v2"}},
		Route:  rollout.Route{Meta: on("r"), HasCanary: true, Weight: 50},
	}
}

// Whoever may edit one object can write any stamp on it. What becomes stable's image by "Roll back" is one that the cluster
// itself shows it ran, from the service's repository; else stable stays as it is and people see both values.
func TestForgedStampsAreNotBelieved(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		said   string
		image  string // that rolling back sets; empty: none
		claims bool
	}{
		"what it ran":                            {shopImage + ":v1", shopImage + ":v1", false},
		"by the tag beside a digest that it ran": {shopImage + ":v0", shopImage + ":v0", false},
		"with the digest that it ran":            {shopImage + ":v0" + digestA, shopImage + ":v0" + digestA, false},
		"what it ran from a mirror":              {"mirror.example.com/shop/checkout:v5", "mirror.example.com/shop/checkout:v5", false},
		"another repository":                     {"evil.example.com/miner:v1", "", true},
		"another repository that it ran":         {"docker.io/evil/other:v1", "", true},
		"an image that it never ran":             {shopImage + ":v9", "", true},
		"another digest under a tag that it ran": {shopImage + ":v1" + digestA, "", true},
		"only a digest":                          {shopImage + digestA, "", true},
		"a longer path":                          {shopImage + "/evil:v1", "", true},
		"a repository that begins alike":         {shopImage + "-evil:v1", "", true},
		"no image":                               {"", "", true},
		"something that is no image":             {"v1; rm -rf /", "", true},
		"an enormous one":                        {shopImage + ":" + strings.Repeat("v", 100_000), "", true},
	} {
		w := leftBehind()
		for _, m := range []rollout.Meta{w.Route.Meta, w.Stable.Meta, w.Canary.Meta} {
			m.Stamp.Original.Stable.Image = tt.said
		}
		r := adopted(t, w)
		r.Phase = rollout.RollingBack
		image := ""
		for _, write := range rollout.Writes(r, rollout.Facts{Observed: w}) {
			if write.Object == rollout.StableDeployment {
				image = write.Image
			}
		}
		if image != tt.image {
			t.Errorf("%s: rolling back sets %q, want %q", name, image, tt.image)
		}
		if told := len(r.Orphan.Claims) == 1 && r.Orphan.Claims[0] == (rollout.Claim{Field: rollout.FieldStableImage, Said: tt.said, Kept: shopImage + ":v2"}); told != tt.claims {
			t.Errorf("%s: told %+v", name, r.Orphan.Claims)
		}
	}
}

func adopted(t *testing.T, w rollout.Observed) rollout.Rollout {
	t.Helper()
	orphan, ok := rollout.FindOrphan(w, func(rollout.Stamp) bool { return false })
	if !ok {
		t.Fatal("there is no orphan")
	}
	r, _ := rollout.Adopt(rollout.Rollout{
		ID: "checkout-1", Service: "checkout", Store: "new", Spec: rollout.Spec{Repository: shopImage, Objects: rollout.Objects{Route: rollout.RouteRef{Kind: "HTTPRoute"}}},
	}, orphan, w, time.Unix(1, 0))
	return r
}

// What else a stamp may claim, and what is taken for so.
func TestWhatElseAStampMayClaim(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		forge func(s *rollout.Stamp)
		holds func(r rollout.Rollout) bool
	}{
		"nothing odd": {func(*rollout.Stamp) {}, func(r rollout.Rollout) bool {
			return r.StableWritten && r.Original.Stable.Image == shopImage+":v1" && r.Original.Stable.Replicas == 4 && len(r.Orphan.Claims) == 0
		}},
		"huge replicas":                                {func(s *rollout.Stamp) { s.Original.Stable.Replicas = 1 << 40 }, func(r rollout.Rollout) bool { return r.Original.Stable.Replicas == 4 }},
		"negative replicas":                            {func(s *rollout.Stamp) { s.Original.Stable.Replicas = -1 }, func(r rollout.Rollout) bool { return r.Original.Stable.Replicas == 4 }},
		"a weight that the route cannot have had":      {func(s *rollout.Stamp) { s.Original.Route.Weight = 300 }, func(r rollout.Rollout) bool { return r.Original.Route.Weight == 0 }},
		"a route that it made, which is not made here": {func(s *rollout.Stamp) { s.Original.Route.UID = "" }, func(r rollout.Rollout) bool { return r.Original.Route.UID == "r" }},
		"a scaler in another place": {func(s *rollout.Stamp) {
			s.Original.Scaler = rollout.OriginalScaler{Kind: "HorizontalPodAutoscaler", UID: "h", Name: "../../../api/v1/namespaces/shop/secrets/db"}
		}, func(r rollout.Rollout) bool { return r.Original.Scaler == rollout.OriginalScaler{} }},
		"another container":    {func(s *rollout.Stamp) { s.Original.Containers = []string{"istio-proxy"} }, func(r rollout.Rollout) bool { return r.Original.Containers == nil }},
		"words for people":     {func(s *rollout.Stamp) { s.Original.TemplateDiffers = []string{"<!channel>"} }, func(r rollout.Rollout) bool { return r.Original.TemplateDiffers == nil }},
		"a deadline of a year": {func(s *rollout.Stamp) { s.Original.Progress = 365 * 24 * time.Hour }, func(r rollout.Rollout) bool { return r.Original.Progress == 0 }},
		"another canary's past": {func(s *rollout.Stamp) {
			s.Original.Canary = rollout.OriginalWorkload{UID: "c", Image: "evil.example.com/x:1", Replicas: 900}
		}, func(r rollout.Rollout) bool {
			return r.Original.Canary == rollout.OriginalWorkload{UID: "c", Image: shopImage + ":v2"} && r.Orphan.Claims[0].Field == rollout.FieldCanaryImage
		}},
		"another service's": {func(s *rollout.Stamp) { s.Rollout = "payments-7" }, func(r rollout.Rollout) bool {
			return r.Original.Stable.Image == shopImage+":v2" && r.Original.Canary.UID == "c" && r.Original.Route.HasCanary
		}},
	} {
		w := leftBehind()
		for _, m := range []rollout.Meta{w.Route.Meta, w.Stable.Meta, w.Canary.Meta} {
			tt.forge(m.Stamp)
		}
		if r := adopted(t, w); !tt.holds(r) {
			t.Errorf("%s: %+v (claims %+v)", name, r.Original, r.Orphan.Claims)
		}
	}
}

// Numbers that no write has make a stamp none of ours.
func TestImpossibleStamps(t *testing.T) {
	t.Parallel()
	weight, replicas := rollout.Weight(101), -1
	below := rollout.Weight(-1)
	for name, tt := range map[string]struct {
		stamp    rollout.Stamp
		possible bool
	}{
		"one of ours":             {rollout.Stamp{Store: "s", Rollout: "checkout-1"}, true},
		"no store":                {rollout.Stamp{Rollout: "checkout-1"}, false},
		"no rollout":              {rollout.Stamp{Store: "s"}, false},
		"no rollout's id":         {rollout.Stamp{Store: "s", Rollout: "<!channel>"}, false},
		"a weight above 100":      {rollout.Stamp{Store: "s", Rollout: "checkout-1", Weight: &weight}, false},
		"a weight below 0":        {rollout.Stamp{Store: "s", Rollout: "checkout-1", Weight: &below}, false},
		"replicas below 0":        {rollout.Stamp{Store: "s", Rollout: "checkout-1", Replicas: &replicas}, false},
		"a revision of no commit": {rollout.Stamp{Store: "s", Rollout: "checkout-1", Revision: -1}, false},
	} {
		if got := tt.stamp.Possible(); got != tt.possible {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// Whoever may edit routes only overrules no stamp of a Deployment.
func TestARoutesStampCountsLast(t *testing.T) {
	t.Parallel()
	w := leftBehind()
	w.Route.Stamp.Original.Stable.Image = shopImage + ":v0"
	if r := adopted(t, w); r.Original.Stable.Image != shopImage+":v1" {
		t.Errorf("got %s", r.Original.Stable.Image)
	}
}

// What a running rollout does is decided by its store. A stamp that somebody forged in its name hides no change from people,
// and is never taken for what it found.
func TestAForgedStampOfARunningRollout(t *testing.T) {
	t.Parallel()
	ninety, many := rollout.Weight(90), 900
	for name, tt := range map[string]struct {
		forge func(w *rollout.Observed, s *rollout.Stamp)
		asks  rollout.Field // which change people are asked about; empty: none
	}{
		"more traffic": {func(w *rollout.Observed, s *rollout.Stamp) {
			w.Route.Weight, s.Weight, w.Route.Stamp = 90, &ninety, s
		}, rollout.FieldWeight},
		"another image of the canary": {func(w *rollout.Observed, s *rollout.Stamp) {
			w.Canary.Image, s.Image, s.Replicas, w.Canary.Stamp = "evil.example.com/miner:v1", "evil.example.com/miner:v1", &many, s
		}, rollout.FieldCanaryImage},
		"another image of stable": {func(w *rollout.Observed, s *rollout.Stamp) {
			w.Stable.Image, s.Image, w.Stable.Stamp = "evil.example.com/miner:v1", "evil.example.com/miner:v1", s
		}, rollout.FieldStableImage},
		"another past": {func(w *rollout.Observed, s *rollout.Stamp) {
			s.Original = &rollout.Original{Stable: rollout.OriginalWorkload{UID: "s", Image: "evil.example.com/miner:v1"}}
			w.Stable.Stamp, w.Route.Stamp = s, s
		}, ""},
	} {
		five := rollout.Weight(5)
		r := rollout.Rollout{
			ID: "checkout-7", Service: "checkout", Store: "s", Phase: rollout.Baking, Image: shopImage + ":v2", Size: 1,
			Spec:        rollout.Spec{Repository: shopImage, Plan: rollout.Plan{Steps: []rollout.Step{{Weight: 5, Bake: time.Hour, Gate: rollout.Manual}}}},
			Original:    rollout.Original{Stable: rollout.OriginalWorkload{UID: "s", Image: shopImage + ":v1", Replicas: 4}, Route: rollout.OriginalRoute{UID: "r"}, Surges: true},
			LastApplied: rollout.LastApplied{Weight: &five, RouteUID: "r", CanaryUID: "c", CanaryImage: shopImage + ":v2", CanaryReplicas: 1},
		}
		own := func() *rollout.Stamp { return &rollout.Stamp{Store: "s", Rollout: "checkout-7", Revision: 1 << 40} }
		on := func(uid string) rollout.Meta { return rollout.Meta{Exists: true, UID: uid, Version: "1"} }
		w := rollout.Observed{
			Stable:  rollout.Workload{Meta: on("s"), Image: shopImage + ":v1", Replicas: 4, Endpoints: 4},
			Canary:  rollout.Workload{Meta: on("c"), Image: shopImage + ":v2", Replicas: 1, Endpoints: 1, GenerationObserved: true, Total: 1, Updated: 1, Available: 1},
			Service: on("v"), Route: rollout.Route{Meta: on("r"), HasCanary: true, Weight: 5, Acknowledged: true},
		}
		w.Service.Stamp = &rollout.Stamp{Store: "s", Rollout: "checkout-7"}
		tt.forge(&w, own())
		f := rollout.Facts{Now: time.Unix(100, 0), Observed: w}
		after, _, _ := rollout.Next(r, f)
		asks := rollout.Field("")
		if after.Drift != nil {
			asks = after.Drift.Field
		}
		if after.Phase != rollout.Baking || after.Original.Stable.Image != shopImage+":v1" || asks != tt.asks || len(rollout.Writes(after, f)) > 0 {
			t.Errorf("%s: it is %s over %s and asks about %q, want %q", name, after.Phase, after.Original.Stable.Image, asks, tt.asks)
		}
	}
}

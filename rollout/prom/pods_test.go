package prom_test

import (
	"fmt"
	mrand "math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/rand"

	"canarybot.io/rollout/prom"
)

// podPattern returns the pattern of an arm's pods, as the store is asked with it: anchored.
func podPattern(t testing.TB, deployment string) *regexp.Regexp {
	t.Helper()
	n := prom.Names{Namespace: "shop", Service: "s", Stable: deployment, Canary: "c"}
	sel, err := prom.Selector("", n, prom.StableArm)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range matchers(t, "up{"+sel+"}")[0] {
		if m.Name == "pod" {
			return regexp.MustCompile("^(?:" + m.Value + ")$")
		}
	}
	t.Fatalf("no pattern in %s", sel)
	return nil
}

// podName names a pod as Kubernetes does: the ReplicaSet's name is the Deployment's and the encoded hash; the API
// server's generator cuts what it begins with.
func podName(deployment string, hash uint32) string {
	base := deployment + "-" + rand.SafeEncodeString(strconv.FormatUint(uint64(hash), 10)) + "-"
	return base[:min(len(base), 58)] + rand.String(5)
}

// Whatever its Deployment is called, a pod is recognized.
func TestPodsAreRecognized(t *testing.T) {
	t.Parallel()
	random := seeded(7)
	for length := 1; length <= 63; length++ {
		deployment := strings.Repeat("a", length)
		pattern := podPattern(t, deployment)
		for range 200 {
			hash := random.Uint32() >> random.IntN(32) // short ones too
			if name := podName(deployment, hash); !pattern.MatchString(name) {
				t.Fatalf("%s is not recognized by %s", name, pattern)
			}
		}
		if other := podName("b"+deployment, 1234567890); pattern.MatchString(other) {
			t.Errorf("%s is recognized by %s", other, pattern)
		}
	}
}

func seeded(seed uint64) *mrand.Rand { return mrand.New(mrand.NewPCG(seed, seed)) }

// What else bears the same prefix is nobody's.
func TestOtherPodsAreNotRecognized(t *testing.T) {
	t.Parallel()
	pattern := podPattern(t, "checkout")
	for what, name := range map[string]string{
		"another Deployment":                       podName("checkout-worker", 3456789012),
		"the canary":                               podName("checkout-canary", 3456789012),
		"another Deployment with a digit":          podName("checkout-2", 3456789012),
		"another Deployment without vowels":        podName("checkout-db", 3456789012),
		"a prefix of the name":                     podName("check", 3456789012),
		"the name as a suffix":                     podName("my-checkout", 3456789012),
		"a CronJob":                                "checkout-28473920-x2k4p",
		"a CronJob of characters that hashes have": "checkout-29485976-x2k4p",
		"a CronJob's Job with an index":            "checkout-29485976-0-x2k4p",
		"a Job":                                    "checkout-migrate-x2k4p",
		"a Job of the same name":                   "checkout-x2k4p",
		"a DaemonSet":                              "checkout-x2k4p",
		"another DaemonSet":                        "checkout-agent-x2k4p",
		"a StatefulSet":                            "checkout-0",
		"a StatefulSet of many":                    "checkout-456",
		"another StatefulSet":                      "checkout-db-0",
		"a pod of its own":                         "checkout",
		"one that ends in more":                    "checkout-6d5f7c9b8-x2k4p-debug",
		"vowels":                                   "checkout-6d5f7c9b8-aeiou",
		"a long hash":                              "checkout-6d5f7c9b845-x2k4p",
		"a dot for a letter":                       "checkoutx6d5f7c9b8-x2k4p",
	} {
		if pattern.MatchString(name) {
			t.Errorf("%s: %s is recognized by %s", what, name, pattern)
		}
	}
	for i := range 3_000_000 / 1440 * 3 { // every day's Job until 2038 and some
		if name := fmt.Sprintf("checkout-%d-x2k4p", 28_000_000+i*1440); pattern.MatchString(name) {
			t.Fatalf("%s is recognized", name)
		}
	}
}

// Names that are cut alike are found, and only those.
func TestPodsThatCannotBeToldApart(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		length int // of stable's name
		suffix string
		alike  bool
	}{
		{8, "-canary", false}, {46, "-canary", false}, {50, "-canary", false}, {55, "-canary", false},
		{56, "-canary", true}, // cut to -c, and c may be a hash
		{57, "-c", true}, {57, "-new", true}, {58, "-new", true}, {61, "-x", true},
		{54, "-new", false}, {56, "-new", false}, {8, "-b", false}, {8, "-456", false},
	} {
		stable := strings.Repeat("a", tt.length)
		canary := stable + tt.suffix
		if got := prom.PodsAlike(stable, canary); got != tt.alike || prom.PodsAlike(canary, stable) != got {
			t.Errorf("%d letters and %s: got %t, want %t", tt.length, tt.suffix, got, tt.alike)
		}
		pattern := podPattern(t, stable)
		met := false
		random := seeded(uint64(tt.length))
		for range 5000 {
			met = met || pattern.MatchString(podName(canary, random.Uint32()>>random.IntN(32)))
		}
		if met && !tt.alike {
			t.Errorf("%d letters and %s: a canary's pod is recognized as stable's", tt.length, tt.suffix)
		}
	}
}

package prom

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"canarybot.io/rollout"
)

// Names are the names that a query may use. All are DNS labels.
type Names struct {
	Namespace string
	Service   rollout.ServiceName
	Stable    string // Deployment
	Canary    string // Deployment
	// StableService and CanaryService are the arms' Services; empty: named as the Deployments are.
	StableService, CanaryService string
}

// NamesOf returns the names in a question.
func NamesOf(q rollout.Question) Names {
	return Names{
		Namespace: q.Namespace, Service: q.Service, Stable: q.Stable, Canary: q.Canary,
		StableService: q.StableService, CanaryService: q.CanaryService,
	}
}

// Side is one of the two arms of a rollout.
type Side string

// The arms.
const (
	CanaryArm Side = "canary"
	StableArm Side = "stable"
)

// How Kubernetes names the pods of a Deployment: NAME-HASH- cut to 58 bytes, and five characters more (the name generator
// of its API server). The hash is a decimal number of up to ten digits, each written as another character; both
// alphabets have no vowels (k8s.io/apimachinery/pkg/util/rand). So no pod of a Job, CronJob (whose Jobs are named by eight
// digits, the first of which is no such character before 2046), DaemonSet or StatefulSet with the same prefix is mistaken
// for one of the Deployment's, unless the rest of its name looks like a hash.
const (
	longestBase = 58
	longestHash = 10
	hashLetter  = "[4-9bcdf]"
	podLetter   = "[bcdfghjklmnpqrstvwxz2456789]"
	podLetters  = podLetter + "{5}"
)

// byPod matches the names of the Deployment's pods. No part has a dash, and PromQL anchors at both ends, so that no pod of
// checkout-canary is one of checkout.
func byPod(deployment string) string {
	base := deployment + "-"
	room := longestBase - len(base) // for the hash
	switch {
	case room <= 0:
		return regexp.QuoteMeta(base[:longestBase]) + podLetters
	case room == 1:
		return regexp.QuoteMeta(base) + hashLetter + podLetters
	case room <= longestHash: // a long hash is cut, and the dash behind it with it
		return fmt.Sprintf("%s(%s{1,%d}-|%s{%d})%s", regexp.QuoteMeta(base), hashLetter, room-1, hashLetter, room, podLetters)
	}
	return fmt.Sprintf("%s%s{1,%d}-%s", regexp.QuoteMeta(base), hashLetter, longestHash, podLetters)
}

// PodsAlike reports whether a pod of one Deployment may be named like one of the other's, because Kubernetes cuts the names
// of both.
func PodsAlike(a, b string) bool {
	for _, one := range podForms(a) {
		for _, other := range podForms(b) {
			if len(one) == len(other) && formsMeet(one, other) {
				return true
			}
		}
	}
	return false
}

// podForms are the forms of the Deployment's pod names, one for each length of the hash, with # for a character of the hash
// and ? for one of the last five.
func podForms(deployment string) []string {
	var all []string
	for n := 1; n <= longestHash; n++ {
		base := deployment + "-" + strings.Repeat("#", n) + "-"
		all = append(all, base[:min(len(base), longestBase)]+"?????")
	}
	return all
}

// formsMeet reports whether a name has both forms.
func formsMeet(a, b string) bool {
	letters := map[byte]string{'#': "456789bcdf", '?': "bcdfghjklmnpqrstvwxz2456789"}
	for i := range len(a) {
		one, other := cmp.Or(letters[a[i]], a[i:i+1]), cmp.Or(letters[b[i]], b[i:i+1])
		if !strings.ContainsAny(one, other) {
			return false
		}
	}
	return true
}

// Selector returns the label matchers of one arm's series: the select expanded or, when it is empty, the namespace
// and the names of the arm's pods.
func Selector(sel string, n Names, arm Side) (string, error) {
	if err := n.check(); err != nil {
		return "", err
	}
	if sel == "" {
		return n.pods(arm), nil
	}
	t, err := ParseSelect(sel)
	if err != nil {
		return "", err
	}
	return t.Expand(n.words(arm)), nil
}

// pods matches the series of the arm's pods.
func (n Names) pods(arm Side) string {
	return fmt.Sprintf("namespace=%s,pod=~%s", strconv.Quote(n.Namespace), strconv.Quote(byPod(n.of(arm))))
}

// backend is the arm's Service.
func (n Names) backend(arm Side) string {
	if arm == StableArm {
		return cmp.Or(n.StableService, n.Stable)
	}
	return cmp.Or(n.CanaryService, n.Canary)
}

func (n Names) of(arm Side) string {
	if arm == StableArm {
		return n.Stable
	}
	return n.Canary
}

func (n Names) words(arm Side) map[Word]string {
	return map[Word]string{
		Namespace: n.Namespace, Service: string(n.Service), Stable: n.Stable, Canary: n.Canary, Arm: string(arm),
		Deployment: n.of(arm), Backend: n.backend(arm), Pods: n.pods(arm),
	}
}

// check rejects names that could have a meaning in a query.
func (n Names) check() error {
	for _, name := range []string{n.Namespace, string(n.Service), n.Stable, n.Canary, n.backend(StableArm), n.backend(CanaryArm)} {
		if !rollout.IsDNSLabel(name) {
			return fmt.Errorf("%q is not a DNS label", cut(name, 63))
		}
	}
	return nil
}

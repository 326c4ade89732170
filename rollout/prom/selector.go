package prom

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"

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

// LongestDeployment is the longest name of a Deployment whose pods can be recognized by name. A pod is named
// NAME-HASH-XXXXX, at most 63 bytes with a hash of up to 10; Kubernetes cuts longer names short before the last five.
const LongestDeployment = 63 - 5 - len("-") - 10 - len("-")

// alphabet has the characters that Kubernetes uses for the last two parts of a pod's name
// (k8s.io/apimachinery/pkg/util/rand): no vowels, so that the pods of checkout's Job checkout-migrate, or of its
// DaemonSet, are never mistaken for checkout's.
const alphabet = "[bcdfghjklmnpqrstvwxz2456789]"

// byPod matches the names of the Deployment's pods. Neither part has a dash, and PromQL anchors at both ends, so that
// no pod of checkout-canary is one of checkout.
func byPod(deployment string) string {
	return regexp.QuoteMeta(deployment) + "-" + alphabet + "{1,10}-" + alphabet + "{5}"
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

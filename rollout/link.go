package rollout

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// MaxLink is how long a link's template may be, in bytes.
const MaxLink = 400

// Link is a page about a service, to be opened from its rollouts: a dashboard, its logs, what changed in its repository.
type Link struct {
	Name     string
	Template string // an http or https address; what stands in braces is one of LinkWords
}

// LinkWords returns what a template may have in braces.
func LinkWords() []string {
	return []string{"service", "environment", "namespace", "stable", "canary", "rollout", "from", "to", "since", "until"}
}

// Compares reports whether the link is about what changed between two versions.
func (l Link) Compares() bool {
	return strings.Contains(l.Template, "{from}") && strings.Contains(l.Template, "{to}")
}

// Address returns the link for a rollout; ok is false where it would lead nowhere: a version in it is not known, or has
// no tag. Until is "now" for a rollout that goes on; times are in milliseconds since 1970. What comes from outside stays
// within its place in the address.
func (l Link) Address(r Rollout) (address string, ok bool) {
	until := "now"
	if r.Terminal() && !r.Ending.At.IsZero() {
		until = milliseconds(r.Ending.At)
	}
	values := map[string]string{
		"service": string(r.Service), "environment": r.Spec.Environment, "namespace": r.Spec.Objects.Namespace,
		"stable": r.Spec.Objects.Stable, "canary": r.Spec.Objects.Canary, "rollout": string(r.ID),
		"from": tagOf(r.From()), "to": tagOf(r.Image), "since": milliseconds(r.Request.At), "until": until,
	}
	address = l.Template
	for _, word := range LinkWords() {
		place := "{" + word + "}"
		if !strings.Contains(l.Template, place) {
			continue
		}
		if values[word] == "" {
			return "", false
		}
		address = strings.ReplaceAll(address, place, strings.ReplaceAll(url.QueryEscape(values[word]), "+", "%20"))
	}
	return address, true
}

func milliseconds(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// tagOf returns the tag that is written in an image's reference; empty: it has none.
func tagOf(image string) string { return parseImage(image).tag }

package prom

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"canarybot.io/rollout"
)

// What people should know about the store of the metrics before a rollout begins.
const (
	// ProblemNoRaw is that the store does not answer a question for raw samples with such; Words say what it says.
	ProblemNoRaw rollout.ProblemCode = "metrics_no_raw"
	// ProblemResampled is that what it answers is not what was stored: other times, or another number of samples.
	ProblemResampled rollout.ProblemCode = "metrics_resampled"
	// ProblemReportedTwice is that several servers report the same counters, and a label tells them apart that may mean
	// something else: Value is the label, Count how many there are.
	ProblemReportedTwice rollout.ProblemCode = "metrics_reported_twice"
	// ProblemReplicas is the same with a label that can mean nothing else. Each counter is counted once.
	ProblemReplicas rollout.ProblemCode = "metrics_replicas"
	// ProblemPodsNotCounted is that pods' names begin like the service's and that they are nobody's; Names are some.
	ProblemPodsNotCounted rollout.ProblemCode = "metrics_pods_not_counted"
	// ProblemPodsDoubtful is that pods are counted as the service's whose names may be somebody else's; Names are some.
	ProblemPodsDoubtful rollout.ProblemCode = "metrics_pods_doubtful"
)

// inspection holds the queries that show what a store is like, about one signal of stable.
type inspection struct {
	names  Names
	scrape time.Duration
	raw    string // the samples of a window
	ages   string // the time of the newest sample of each series
	counts string // how many samples each series has in the window
	pods   string // pods whose names begin alike; empty where pods are not told apart by names
	groups groupQueries
}

// looks is how often a store is looked at that seems to resample: one that merges replicas may answer two questions from two
// of them.
const looks = 3

// Inspect looks at what the store returns of stable. Where it returns nothing, or does not answer, there is nothing to say.
// It blocks as long as Ask does, for each of two questions that it asks three times at most.
func (s *Source) Inspect(ctx context.Context, q rollout.Question) rollout.Inspection {
	in, ok := inspect(q)
	if !ok {
		return rollout.Inspection{}
	}
	var (
		out     rollout.Inspection
		answers map[string]answer
		raw     answer
	)
	asks := slices.DeleteFunc(append([]string{in.ages, in.counts, in.pods}, in.groups.all()...), func(q string) bool { return q == "" })
	for range looks {
		answers = s.fetch(ctx, asks) // before the samples: what they tell of must be among those
		raw = s.fetch(ctx, []string{in.raw})[in.raw]
		if out.Limits, out.Raw = in.proof(raw, answers[in.ages], answers[in.counts]); out.Limits.Code != ProblemResampled {
			break
		}
	}
	if matrix, ok := raw.value.(model.Matrix); ok && raw.err == nil {
		twice, limits := in.twice(matrix)
		if out.Limits.IsZero() && limits {
			out.Limits = twice
		} else if !twice.IsZero() {
			out.Notices = append(out.Notices, twice)
		}
	}
	if vector, ok := answers[in.pods].value.(model.Vector); ok && in.pods != "" {
		out.Notices = append(out.Notices, in.strangers(vector)...)
	}
	out.Notices = append(out.Notices, in.groups.notices(in.names.Service, answers)...)
	return out
}

func inspect(q rollout.Question) (inspection, bool) {
	template := cmp.Or(q.Signals.Requests, q.Signals.Memory)
	if template == "" {
		return inspection{}, false
	}
	q.StableOnly = true
	_, words, err := wordsOf(q, 0)
	if err != nil {
		return inspection{}, false
	}
	t, err := ParseSignal(template)
	if err != nil {
		return inspection{}, false
	}
	in := inspection{names: NamesOf(q), scrape: max(q.Signals.Scrape, time.Second)}
	selector := strings.TrimSpace(t.Expand(words))
	window := int(max(8*in.scrape, 5*time.Minute).Seconds())
	in.raw = fmt.Sprintf("%s[%ds]", selector, window)
	in.counts = fmt.Sprintf("count_over_time(%s[%ds])", selector, window)
	in.ages = fmt.Sprintf("timestamp(%s)", selector)
	in.groups = inquireGroups(q.Signals, words)
	byName := slices.ContainsFunc(t.parts, func(p part) bool { return p.word == Pods || p.word == Select && q.Select == "" })
	if byName {
		words[Pods] = in.names.loosely()
		if q.Select == "" {
			words[Select] = words[Pods]
		}
		in.pods = fmt.Sprintf("count by (pod) (%s)", strings.TrimSpace(t.Expand(words)))
	}
	return in, true
}

// loosely matches the series of all pods whose names begin with a Deployment's.
func (n Names) loosely() string {
	forms := make([]string, 0, 2)
	for _, name := range []string{n.Stable, n.Canary} {
		form := regexp.QuoteMeta(name) + "(-.*)?"
		if len(name) >= longestBase {
			form = regexp.QuoteMeta(name[:longestBase]) + ".*"
		}
		forms = append(forms, form)
	}
	return fmt.Sprintf("namespace=%s,pod=~%s", strconv.Quote(n.Namespace), strconv.Quote(strings.Join(forms, "|")))
}

// proof returns why what the store answers is not what was stored, or that it is; neither where nothing can be said.
func (in inspection) proof(raw, ages, counts answer) (rollout.Problem, bool) {
	odd := raw.rejection()
	matrix, ok := raw.value.(model.Matrix)
	switch {
	case odd.why == rollout.WhyQueryError:
		return rollout.Problem{Code: ProblemNoRaw, Service: in.names.Service, Words: odd.detail}, false
	case odd.why != rollout.WhyNone && odd.why != rollout.WhyWarnings: // whoever asks next says so
		return rollout.Problem{}, false
	case !ok:
		return rollout.Problem{Code: ProblemNoRaw, Service: in.names.Service, Words: kind(raw.value)}, false
	}
	stored, _ := counts.value.(model.Vector)
	newest, _ := ages.value.(model.Vector)
	known, other := 0, 0 // series
	for _, s := range matrix {
		if s == nil {
			continue
		}
		times := timesOf(s)
		many, counted := valueOf(stored, s.Metric)
		newestAt, timed := valueOf(newest, s.Metric)
		if !counted || !timed {
			continue
		}
		known++
		at := model.Time(math.Round(newestAt * 1000))
		there := slices.ContainsFunc(times, func(t model.Time) bool { return t-at <= 1 && at-t <= 1 })
		// A sample may come between the questions, and a store lag behind with one of them.
		if !there || math.Abs(float64(len(times))-many) > 1+many/4 {
			other++
		}
	}
	if 2*other > known {
		return rollout.Problem{Code: ProblemResampled, Service: in.names.Service}, false
	}
	return rollout.Problem{}, known > 0
}

// valueOf returns the value of the series with the labels, whatever its name is now.
func valueOf(v model.Vector, m model.Metric) (float64, bool) {
	unnamed := func(m model.Metric) model.Fingerprint {
		m = m.Clone()
		delete(m, model.MetricNameLabel)
		return m.Fingerprint()
	}
	want := unnamed(m)
	for _, s := range v {
		if s != nil && s.Histogram == nil && unnamed(s.Metric) == want {
			return float64(s.Value), true
		}
	}
	return 0, false
}

// twice looks for counters that several servers report: series of one target that differ in one label and have no time in
// common. Limits says that the label may mean something else, so that they cannot be counted once.
func (in inspection) twice(m model.Matrix) (p rollout.Problem, limits bool) {
	const most = 64 // series of one target
	byTarget := map[string]model.Matrix{}
	for _, s := range m {
		if s != nil && len(byTarget[target(s.Metric)]) < most {
			byTarget[target(s.Metric)] = append(byTarget[target(s.Metric)], s)
		}
	}
	found := reported{}
	for _, all := range byTarget {
		found.lookIn(all)
	}
	for label, values := range found {
		one := rollout.Problem{Code: ProblemReplicas, Service: in.names.Service, Value: plain(string(label)), Count: len(values)}
		if !tellsReporters(label) {
			one.Code = ProblemReportedTwice
		}
		if p.IsZero() || one.Code == ProblemReportedTwice && p.Code == ProblemReplicas || one.Code == p.Code && one.Value < p.Value {
			p = one
		}
	}
	return p, p.Code == ProblemReportedTwice
}

// reported are labels whose values tell apart who reports one and the same counter.
type reported map[model.LabelName]map[model.LabelValue]bool

// lookIn adds the labels in which series of one target differ that are the same counter.
func (r reported) lookIn(all model.Matrix) {
	for i, a := range all {
		for _, b := range all[i+1:] {
			label, ok := difference(a.Metric, b.Metric)
			if !ok || !sameCounter(a, b, tellsReporters(label)) {
				continue
			}
			if r[label] == nil {
				r[label] = map[model.LabelValue]bool{}
			}
			r[label][a.Metric[label]], r[label][b.Metric[label]] = true, true
		}
	}
}

// difference returns the only label in which two series differ.
func difference(a, b model.Metric) (name model.LabelName, ok bool) {
	count := 0
	for l, v := range a {
		if b[l] != v {
			name = l
			count++
		}
	}
	for l := range b {
		if _, both := a[l]; !both {
			name = l
			count++
		}
	}
	return name, count == 1
}

// sameCounter reports whether two series are the same counter, seen at other times: none is common, their spans overlap,
// and put in order the values never fall. Where the label says as much, the times suffice; else it has to have grown.
func sameCounter(a, b *model.SampleStream, labelled bool) bool {
	type point struct {
		at    model.Time
		value model.SampleValue
		first bool
	}
	var all []point
	for _, p := range a.Values {
		all = append(all, point{p.Timestamp, p.Value, true})
	}
	for _, p := range b.Values {
		all = append(all, point{p.Timestamp, p.Value, false})
	}
	slices.SortFunc(all, func(a, b point) int { return cmp.Compare(a.at, b.at) })
	turns, grown := 0, 0
	for i := 1; i < len(all); i++ {
		if all[i].at == all[i-1].at {
			return false
		}
		if !labelled && all[i].value < all[i-1].value {
			return false
		}
		if all[i].first != all[i-1].first {
			turns++
			if all[i].value > all[i-1].value {
				grown++
			}
		}
	}
	return turns >= 2 && (labelled || turns >= 6 && grown >= 3)
}

// strangers names pods that are nobody's although their names begin alike, and those whose names could be somebody else's:
// a real hash is hardly ever so short.
func (in inspection) strangers(v model.Vector) []rollout.Problem {
	type side struct {
		name    string
		pattern *regexp.Regexp
	}
	var sides []side
	for _, name := range []string{in.names.Stable, in.names.Canary} {
		pattern, err := regexp.Compile("^(?:" + byPod(name) + ")$")
		if err != nil {
			return nil
		}
		sides = append(sides, side{name, pattern})
	}
	var nobodys, doubtful []string
	for _, s := range v {
		if s == nil || s.Metric["pod"] == "" {
			continue
		}
		pod := string(s.Metric["pod"])
		owner, hash := "", ""
		for _, one := range sides {
			if one.pattern.MatchString(pod) {
				owner = one.name
				hash, _, _ = strings.Cut(strings.TrimPrefix(pod, owner+"-"), "-")
			}
		}
		switch {
		case owner == "":
			nobodys = append(nobodys, pod)
		case len(hash) < shortestHash && len(owner) < longestBase-1-longestHash: // whose names are not cut
			doubtful = append(doubtful, pod)
		}
	}
	var all []rollout.Problem
	for _, one := range []struct {
		code rollout.ProblemCode
		pods []string
	}{{ProblemPodsNotCounted, nobodys}, {ProblemPodsDoubtful, doubtful}} {
		if names := some(one.pods); len(names) > 0 {
			all = append(all, rollout.Problem{Code: one.code, Service: in.names.Service, Names: names, Count: len(one.pods)})
		}
	}
	return all
}

// shortestHash is the least length that hashes of ReplicaSets have, but for one in 40,000.
const shortestHash = 6

// some returns a few of the names, in order. What is no name of a pod is left out: it came from outside.
func some(names []string) []string {
	const most = 3
	names = slices.DeleteFunc(slices.Sorted(slices.Values(names)), func(name string) bool { return !rollout.IsDNSLabel(name) })
	return names[:min(len(names), most)]
}

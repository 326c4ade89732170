package prom

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// reporterLabels are those by which servers that scrape the same targets are told apart, beside every *_replica.
var reporterLabels = []model.LabelName{"replica", "__replica__", "prometheus", "prometheus_server", "monitor"}

func tellsReporters(name model.LabelName) bool {
	return slices.Contains(reporterLabels, name) || strings.HasSuffix(string(name), "_replica")
}

// split divides a series' labels into those that say who reported it and the others.
func split(m model.Metric) (who, what model.Metric) {
	who, what = model.Metric{}, model.Metric{}
	for name, value := range m {
		if tellsReporters(name) {
			who[name] = value
		} else {
			what[name] = value
		}
	}
	return who, what
}

// whoReported returns the labels that name a series' reporter.
func whoReported(s *model.SampleStream) model.Metric {
	if s == nil {
		return nil
	}
	who, _ := split(s.Metric)
	return who
}

// report is what one reporter tells of one target.
type report struct {
	who            string
	times          map[model.Time]bool
	oldest, newest model.Time
}

func (r *report) add(s *model.SampleStream) {
	for _, at := range timesOf(s) {
		if len(r.times) == 0 || at < r.oldest {
			r.oldest = at
		}
		r.newest = max(r.newest, at)
		r.times[at] = true
	}
}

func timesOf(s *model.SampleStream) []model.Time {
	all := make([]model.Time, 0, len(s.Values)+len(s.Histograms))
	for _, p := range s.Values {
		all = append(all, p.Timestamp)
	}
	for _, p := range s.Histograms {
		all = append(all, p.Timestamp)
	}
	return all
}

// reporters says whose report of each target counts, where several servers scrape it.
type reporters map[string]string

// chosen chooses a reporter for each target: the first by name of those who report now and reported all the time, so that
// it changes only when one is lost. Series of one scrape have their times in common: what differs between them is the
// application's, not a reporter. In samples at even steps they all have.
func chosen(all []model.Matrix, scrape time.Duration, even bool) reporters {
	known := map[string]map[string]*report{}
	for _, m := range all {
		for _, s := range m {
			who := whoReported(s)
			if len(who) == 0 {
				continue
			}
			t, name := target(s.Metric), who.String()
			if known[t] == nil {
				known[t] = map[string]*report{}
			}
			if known[t][name] == nil {
				known[t][name] = &report{who: name, times: map[model.Time]bool{}}
			}
			known[t][name].add(s)
		}
	}
	out := reporters{}
	for t, byName := range known {
		candidates := slices.SortedFunc(maps.Values(byName), func(a, b *report) int { return cmp.Compare(a.who, b.who) })
		if len(candidates) > 1 && (even || apart(candidates)) {
			out[t] = best(candidates, scrape)
		}
	}
	return out
}

// apart reports whether no two of them have a time in common.
func apart(all []*report) bool {
	seen := map[model.Time]bool{}
	for _, r := range all {
		for at := range r.times {
			if seen[at] {
				return false
			}
			seen[at] = true
		}
	}
	return true
}

// best returns who reports now, and did so from the start if anybody did.
func best(all []*report, scrape time.Duration) string {
	const patience = 3 // scrapes
	newest := slices.MaxFunc(all, func(a, b *report) int { return cmp.Compare(a.newest, b.newest) }).newest
	now := slices.DeleteFunc(slices.Clone(all), func(r *report) bool { return newest.Sub(r.newest) > patience*scrape })
	oldest := slices.MinFunc(now, func(a, b *report) int { return cmp.Compare(a.oldest, b.oldest) }).oldest
	i := slices.IndexFunc(now, func(r *report) bool { return r.oldest.Sub(oldest) <= patience*scrape })
	return now[i].who
}

// only returns the series of the chosen reporters, without the labels that name them: whoever is chosen later continues
// the same series. What the application tells apart by such a label is summed.
func (r reporters) only(m model.Matrix) model.Matrix {
	out := make(model.Matrix, 0, len(m))
	at := map[string]int{}
	for _, s := range m {
		if s == nil {
			continue
		}
		who, what := split(s.Metric)
		if one, ok := r[target(s.Metric)]; ok && len(who) > 0 && one != who.String() {
			continue
		}
		i, known := at[what.String()]
		if known {
			out[i] = sum(out[i], s)
			continue
		}
		at[what.String()] = len(out)
		out = append(out, &model.SampleStream{Metric: what, Values: s.Values, Histograms: s.Histograms})
	}
	return out
}

// sum adds the samples of two series.
func sum(a, b *model.SampleStream) *model.SampleStream {
	values := map[model.Time]model.SampleValue{}
	for _, p := range slices.Concat(a.Values, b.Values) {
		values[p.Timestamp] += p.Value
	}
	out := &model.SampleStream{Metric: a.Metric, Histograms: a.Histograms}
	for _, at := range slices.Sorted(maps.Keys(values)) {
		out.Values = append(out.Values, model.SamplePair{Timestamp: at, Value: values[at]})
	}
	return out
}

package prom

import (
	"errors"
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

// historyScrapes is how many scrapes of stable's past are read: a quarter of an hour at the usual interval.
const historyScrapes = 60

// metric is one metric of a service's signals.
type metric int

const (
	requests metric = iota
	failures
	successes
	latency
	memory
	inFlight
	restarts
	clientErrors
	metrics
)

// rawInquiry holds the queries for a service's signals: one for each arm and metric, empty where none is sent.
type rawInquiry struct {
	canary, stable [metrics]string
	history        [metrics]string
	buckets        string
	groups         string
	by             model.LabelName
	native         bool
	bounds         []string
	unit, scrape   time.Duration
}

// queries returns the queries to send.
func (i rawInquiry) queries() []string {
	all := slices.Concat(i.canary[:], i.stable[:], i.history[:], []string{i.buckets, i.groups})
	return slices.DeleteFunc(all, func(q string) bool { return q == "" })
}

// inquireRaw returns the queries for the signals. The error says why there are none.
func inquireRaw(q rollout.Question) (rawInquiry, error) {
	s := q.Signals
	in := rawInquiry{native: s.Native, bounds: q.Want.Bounds, by: model.LabelName(s.By), unit: s.Unit, scrape: s.Scrape}
	if s.Requests == "" && s.Memory == "" || q.Want.Since.IsZero() && !q.Want.Buckets && !q.Want.Groups && !q.Want.History {
		return in, nil
	}
	canary, stable, err := wordsOf(q, 0)
	if err != nil {
		return in, err
	}
	window := func(text string) string {
		reach := q.Now.Sub(q.Want.Since)
		return fmt.Sprintf("%s[%ds]", text, int(math.Ceil(reach.Seconds())))
	}
	history := func(text string) string {
		return fmt.Sprintf("sum without (%s) (%s)[%ds:%ds]", strings.Join(perRequestOf(text, s.By), ", "), text,
			int((historyScrapes * s.Scrape).Seconds()), max(1, int(s.Scrape.Seconds())))
	}
	templates := [metrics]string{s.Requests, s.Errors, s.Success, s.Latency, s.Memory, s.InFlight, s.Restarts, s.ClientErrors}
	if s.Errors != "" {
		templates[successes] = "" // failures are counted; the rest succeeded
	}
	for m, template := range templates {
		if template == "" || metric(m) == latency && len(q.Want.Bounds) == 0 {
			continue
		}
		ours, theirs, err := selectorsOf(template, canary, stable)
		if err != nil {
			return rawInquiry{}, err
		}
		if metric(m) == latency && !s.Native {
			ours, theirs = within(ours, q.Want.Bounds), within(theirs, q.Want.Bounds)
		}
		if !q.Want.Since.IsZero() {
			in.stable[m] = window(theirs)
			if !q.StableOnly {
				in.canary[m] = window(ours)
			}
		}
		// Of the others only what both arms do at once counts.
		if q.Want.History && (metric(m) <= memory || metric(m) == restarts) {
			in.history[m] = history(theirs)
		}
	}
	if err := in.ofStable(q, stable); err != nil {
		return rawInquiry{}, err
	}
	return in, nil
}

// ofStable adds what is asked of stable alone, once in a rollout: which bounds and which groups there are.
func (i *rawInquiry) ofStable(q rollout.Question, stable map[Word]string) error {
	s, lately := q.Signals, int((2 * historyScrapes * q.Signals.Scrape).Seconds())
	if q.Want.Buckets && s.Latency != "" {
		_, theirs, err := selectorsOf(s.Latency, stable, stable)
		if err != nil {
			return err
		}
		i.buckets = fmt.Sprintf("sum by (le) (increase(%s[%ds]))", theirs, lately)
	}
	if q.Want.Groups && s.By != "" && s.Requests != "" {
		_, theirs, err := selectorsOf(s.Requests, stable, stable)
		if err != nil {
			return err
		}
		i.groups = fmt.Sprintf("topk(%d, sum by (%s) (increase(%s[%ds])))", rollout.Groups, s.By, theirs, lately)
	}
	return nil
}

// perRequest are the labels that distinguish requests of one target, except those of buckets. History sums over them:
// differences between pods are measured on pods.
var perRequest = []string{
	"code", "status", "status_code", "response_code", "http_status_code", "http_response_status_code", "error_type",
	"method", "verb", "http_method", "http_request_method", "handler", "route", "http_route", "path", "uri",
}

// perRequestOf returns the labels to sum over. Names that need quotes are only for a store that is asked with such names
// anyway: an older one cannot read them.
func perRequestOf(text, by string) []string {
	labels := perRequest
	if by != "" && !slices.Contains(labels, by) {
		labels = append(slices.Clone(labels), by)
	}
	if all := selectorsIn(text); len(all) != 1 || !all[0].utf8 {
		return labels
	}
	return append(slices.Clone(labels),
		`"http.status_code"`, `"http.response.status_code"`, `"error.type"`, `"http.method"`, `"http.request.method"`, `"http.route"`)
}

// ParseSignal parses the template of a signal: one vector selector with braces, and nothing around it.
func ParseSignal(text string) (Template, error) {
	t, err := ParseQuery(text)
	if err != nil {
		return Template{}, err
	}
	if slices.ContainsFunc(t.parts, func(p part) bool { return p.word == Window }) {
		return Template{}, errors.New("{{.Window}} is not allowed in a selector; raw samples are read")
	}
	if !t.Twin() {
		return Template{}, errors.New(`it selects the same series for canary and stable; use {{.Select}}, for example http_requests_total{{{.Select}}}`)
	}
	whole := strings.TrimSpace(t.Expand(sample))
	switch all := selectorsIn(whole); {
	case len(all) != 1 || all[0].text != whole || !all[0].named:
		return Template{}, errors.New("it is not a single selector; write a metric's name and its matchers in braces, for example http_requests_total{{{.Select}}}")
	case !all[0].plain:
		return Template{}, errors.New("it needs one name, and matchers with commas between them")
	}
	return t, nil
}

// sample are arbitrary valid words, to see what a template expands to.
var sample = map[Word]string{
	Namespace: "n", Service: "s", Stable: "s", Canary: "s-canary", Arm: "canary", Deployment: "s", Backend: "s",
	Select: `a="b"`, Pods: `a="b"`, Window: "60s",
}

// selectorsOf expands a signal for both arms.
func selectorsOf(template string, canary, stable map[Word]string) (ours, theirs string, err error) {
	t, err := ParseSignal(template)
	if err != nil {
		return "", "", err
	}
	return strings.TrimSpace(t.Expand(canary)), strings.TrimSpace(t.Expand(stable)), nil
}

// within narrows a selector of buckets to some of them and the +Inf bucket.
func within(selector string, bounds []string) string {
	forms := []string{`\+Inf`}
	for _, b := range bounds {
		if _, err := strconv.ParseFloat(b, 64); err == nil { // no histogram has other bounds
			forms = append(forms, written(b)...)
		}
	}
	matcher := "le=~" + strconv.Quote(strings.Join(forms, "|"))
	return selectorsIn(selector)[0].narrowed(matcher)
}

// written are the forms in which client libraries write a bound.
func written(bound string) []string {
	v, err := strconv.ParseFloat(bound, 64)
	if err != nil {
		return nil
	}
	plain := strconv.FormatFloat(v, 'f', -1, 64)
	all := []string{bound, plain, strconv.FormatFloat(v, 'g', -1, 64)}
	if !strings.Contains(plain, ".") {
		all = append(all, plain+".0")
	}
	slices.Sort(all)
	all = slices.Compact(all)
	for i := range all {
		all[i] = regexp.QuoteMeta(all[i])
	}
	return all
}

// read returns the contents of the answers.
func (i rawInquiry) read(answers map[string]answer, err error) rollout.Raw {
	if err != nil {
		failed := rollout.Reading{Why: rollout.WhyQueryError, Detail: "signals: " + err.Error()}
		read := rollout.Read{Requests: failed}
		return rollout.Raw{Canary: read, Stable: read}
	}
	edges := coarsest(answers[i.canary[latency]].value, answers[i.stable[latency]].value)
	arm := func(queries [metrics]string, even bool) rollout.Read {
		var matrices []model.Matrix
		for _, query := range queries {
			if m, ok := answers[query].value.(model.Matrix); ok {
				matrices = append(matrices, m)
			}
		}
		who := chosen(matrices, i.scrape, even)
		var all [metrics]rollout.Reading
		for m, query := range queries {
			if query != "" {
				all[m] = i.series(answers[query], who, metric(m) == latency, edges)
			}
		}
		return rollout.Read{Requests: all[requests], Errors: all[failures], Success: all[successes], Latency: all[latency], Memory: all[memory],
			InFlight: all[inFlight], Restarts: all[restarts], ClientErrors: all[clientErrors]}
	}
	raw := rollout.Raw{Canary: arm(i.canary, false), Stable: arm(i.stable, false), History: arm(i.history, true)}
	if i.buckets != "" {
		raw.Buckets = i.bucketsOf(answers[i.buckets])
	}
	if i.groups != "" {
		raw.Groups = i.groupsOf(answers[i.groups])
	}
	return raw
}

// series reads raw samples. Samples that belong to no bound of a histogram are left out. Edges is the resolution that a
// native one is read in.
func (i rawInquiry) series(a answer, who reporters, histogram bool, edges float64) rollout.Reading {
	odd := a.rejection()
	out := rollout.Reading{Why: odd.why, Detail: odd.detail}
	if odd.why != rollout.WhyNone && odd.why != rollout.WhyWarnings {
		return out
	}
	matrix, ok := a.value.(model.Matrix)
	if !ok {
		return rollout.Reading{Why: rollout.WhyQueryError, Detail: fmt.Sprintf("raw samples were asked for, and a %v came", kind(a.value))}
	}
	for _, stream := range who.only(matrix) {
		switch {
		case len(stream.Histograms) > 0 && histogram && i.native:
			out.Series = append(out.Series, i.nativeSeries(stream, edges)...)
		case histogram && !i.native:
			if bound, err := strconv.ParseFloat(string(stream.Metric[model.BucketLabel]), 64); err == nil {
				out.Series = append(out.Series, seriesOf(stream, bound*i.scale()))
			}
		case !histogram:
			one := seriesOf(stream, 0)
			one.Group = i.groupOf(stream.Metric)
			out.Series = append(out.Series, one)
		}
	}
	return out
}

func kind(v model.Value) string {
	if v == nil {
		return "nothing"
	}
	return v.Type().String()
}

// scale is the unit of latencies in seconds.
func (i rawInquiry) scale() float64 {
	if i.unit <= 0 {
		return 1
	}
	return i.unit.Seconds()
}

func seriesOf(s *model.SampleStream, bound float64) rollout.Series {
	out := rollout.Series{Target: target(s.Metric), Labels: s.Metric.String(), Bound: bound, Points: make([]rollout.Point, 0, len(s.Values))}
	for _, v := range s.Values {
		out.Points = append(out.Points, rollout.Point{At: v.Timestamp.Time(), Value: float64(v.Value)})
	}
	return out
}

// targetLabels are the labels that Prometheus puts on every series of one target.
var targetLabels = []model.LabelName{"job", "instance", "namespace", "pod"}

// pushedLabels tell targets apart that push their series, as OpenTelemetry's do, under both ways to write their names.
var pushedLabels = []model.LabelName{
	"k8s.namespace.name", "k8s_namespace_name", "k8s.pod.name", "k8s_pod_name", "service.instance.id", "service_instance_id",
}

// target identifies the target that exposes a series: it is the same for every series of one scrape.
func target(m model.Metric) string {
	parts := make([]string, len(targetLabels))
	for i, name := range targetLabels {
		parts[i] = string(m[name])
	}
	for _, name := range pushedLabels {
		if v, ok := m[name]; ok {
			parts = append(parts, string(v))
		}
	}
	return strings.Join(parts, "/")
}

// bucketsOf reads which bounds a histogram has, as one series for each with a single point: what stayed within it.
func (i rawInquiry) bucketsOf(a answer) rollout.Reading {
	odd := a.rejection()
	out := rollout.Reading{Why: odd.why, Detail: odd.detail}
	vector, ok := a.value.(model.Vector)
	if odd.why != rollout.WhyNone && odd.why != rollout.WhyWarnings || !ok {
		return out
	}
	add := func(text string, bound float64, at model.Time, count float64) {
		out.Series = append(out.Series, rollout.Series{Labels: text, Bound: bound * i.scale(), Points: []rollout.Point{{At: at.Time(), Value: count}}})
	}
	for _, s := range vector {
		if s == nil {
			continue
		}
		if s.Histogram == nil {
			text := string(s.Metric[model.BucketLabel])
			if bound, err := strconv.ParseFloat(text, 64); err == nil {
				add(text, bound, s.Timestamp, float64(s.Value))
			}
			continue
		}
		for _, b := range boundsOf(s.Histogram, maxBound/i.scale()) {
			add(strconv.FormatFloat(b.bound, 'g', -1, 64), b.bound, s.Timestamp, b.within)
		}
		add("+Inf", math.Inf(1), s.Timestamp, float64(s.Histogram.Count))
	}
	return out
}

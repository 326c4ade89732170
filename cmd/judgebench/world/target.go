package world

import (
	"math"
	"strconv"

	"canarybot.io/rollout"
)

// bounds are Prometheus's default buckets, in seconds, and the one that counts everything.
var bounds = [...]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, math.Inf(1)}

// scraped is a target: a pod, or a proxy for all of a version's pods.
type scraped struct {
	Pod
	name    string
	chance  Chance
	next    float64  // its next scrape
	due     counters // what is expected since its counters were drawn last; within is what is slower than each bound
	counted counters
	under   float64    // requests that are under way, on average, beside those that hang
	hung    float64    // requests that hang
	down    bool       // it restarts
	again   float64    // restarts
	passed  counters   // what the proxy has counted of it
	ended   []counters // counters of the latest ticks, where successes are counted later
	series  [bucketSeries + len(bounds)]rollout.Series
	before  [bucketSeries + len(bounds)]float64 // what its newest scrape showed, whoever answered
	moments []float64                           // of the samples
	groups  []group                             // by endpoint
	read    []float64                           // when each sample can be read
	summed  told
	shape   struct { // shares beyond each bound
		slower, extra float64
		shares        [len(bounds)]float64
	}
}

// counters are what a target counts.
type counters struct {
	requests, errors float64
	within           [len(bounds)]float64
	memory           float64
	broken           float64 // expected failures of the first endpoint
}

// group is what a target counts of one endpoint.
type group struct{ requests, errors counter }

// counter is a count and its series.
type counter struct {
	value  float64
	series rollout.Series
}

// add adds what was counted between two moments. Counters that began again count from zero.
func (c *counters) add(now, before counters) {
	if now.requests < before.requests {
		before = counters{}
	}
	c.requests += now.requests - before.requests
	c.errors += now.errors - before.errors
	for i := range c.within {
		c.within[i] += now.within[i] - before.within[i]
	}
}

const (
	requestSeries = iota
	errorSeries
	memorySeries
	inFlightSeries
	restartSeries
	bucketSeries
)

// target returns a new target.
func (f *fleet) target(p Pod) *scraped {
	words, name := uint64(1), "stable-"
	if p.Canary {
		words, name = 2, "canary-"
	}
	t := &scraped{Pod: p, name: name + strconv.Itoa(p.Index), chance: NewChance(f.Seed, words, uint64(p.Index))}
	t.next = max(p.Born, f.now) + f.Interval*t.chance.Float64()
	samples := int(max(0, f.planned-f.now)/f.Interval) + 8
	t.moments, t.read = make([]float64, 0, samples), make([]float64, 0, samples)
	for i := range t.series {
		t.series[i].Points = make([]rollout.Point, 0, samples)
		t.series[i].Target, t.series[i].Labels = t.name, t.name+"/"+strconv.Itoa(i)
		if i >= bucketSeries {
			t.series[i].Bound = bounds[i-bucketSeries]
		}
	}
	for i := range f.Endpoints {
		one := func(kind string) counter {
			return counter{series: rollout.Series{Target: t.name, Labels: t.name + "/" + kind + strconv.Itoa(i), Group: endpoint(i)}}
		}
		t.groups = append(t.groups, group{one("requests"), one("errors")})
	}
	if !p.Canary && p.Born < -past { // it has been running for long
		t.counted.requests, t.counted.errors = 1e6, 1e6*f.Errors
		for i := range bounds {
			t.counted.within[i] = 1e6 * (1 - beyond(bounds[i], f.Median, f.Sigma))
		}
	}
	return t
}

// beyond is the share of log-normal latencies that are slower than the bound.
func beyond(bound, median, sigma float64) float64 {
	switch {
	case bound <= 0:
		return 1
	case math.IsInf(bound, 1):
		return 0
	}
	return 0.5 * math.Erfc(math.Log(bound/median)/(sigma*math.Sqrt2))
}

// serve adds what is expected of a tick. Counts are drawn when somebody looks: a sum of Poisson counts is one.
func (f *fleet) serve(p *scraped, requests, length float64, b Behaviour) {
	if b.Restart {
		p.counted, p.due, p.hung = counters{}, counters{}, 0
		for i := range p.groups {
			p.groups[i].requests.value, p.groups[i].errors.value = 0, 0
		}
		if !p.down {
			p.again++
		}
	}
	p.down = b.Restart
	p.counted.memory = b.Memory
	n := max(0, requests*(1-min(b.Hang, 1)))
	p.hung += max(0, requests-n)
	p.under = n / length * (f.Median*b.Slower*math.Exp(f.Sigma*f.Sigma/2) + 2*b.Extra)
	p.due.requests += n
	p.due.broken += n * b.Broken
	p.due.errors += n * min(max(b.Errors, 0), 1)
	f.shape(p, b)
	for i, share := range p.shape.shares {
		p.due.within[i] += n * share
	}
	if f.Successes {
		f.settle(p)
		p.ended = f.late(p)
	}
}

// shape computes which share of a pod's requests is slower than each bound, unless it is as before.
func (f *fleet) shape(p *scraped, b Behaviour) {
	s := &p.shape
	if s.slower == b.Slower && s.extra == b.Extra {
		return
	}
	s.slower, s.extra = b.Slower, b.Extra
	for i, bound := range bounds {
		s.shares[i] = (1 - b.Extra) * beyond(bound, f.Median*b.Slower, f.Sigma)
		if b.Extra > 0 {
			s.shares[i] += b.Extra * beyond(bound-2, f.Median*b.Slower, f.Sigma)
		}
	}
}

// settle draws what was expected.
func (f *fleet) settle(p *scraped) {
	due, c := p.due, &p.counted
	p.due = counters{}
	if due.requests == 0 {
		return
	}
	n := p.chance.Poisson(due.requests)
	c.requests += n
	if !f.labelled() {
		broken := 0.0
		if len(f.Endpoints) > 0 {
			broken = due.broken * f.Endpoints[0]
		}
		c.errors += p.chance.Binomial(n, min(1, (due.errors+broken)/due.requests))
	} else {
		c.errors += f.split(p, due, n)
	}
	left, before := n, due.requests
	for i := range bounds { // how many are slower, from the lowest bound to the highest
		left = p.chance.Binomial(left, min(1, due.within[i]/before))
		c.within[i] += n - left
		before = max(due.within[i], 1e-12*due.requests)
	}
}

// split draws which endpoints the requests went to, and which of them failed. It returns how many did.
func (f *fleet) split(p *scraped, due counters, n float64) (failed float64) {
	left, rest := n, 1.0
	for i, share := range f.Endpoints {
		part := p.chance.Binomial(left, min(1, share/rest))
		left, rest = left-part, max(rest-share, 1e-9)
		fails := due.errors / due.requests
		if i == 0 {
			fails += due.broken / due.requests
		}
		bad := p.chance.Binomial(part, min(1, fails))
		p.groups[i].requests.value += part
		p.groups[i].errors.value += bad
		failed += bad
	}
	return failed
}

// late returns the counters of the latest ticks, of which the first is that of the requests whose end is counted now.
func (f *fleet) late(p *scraped) []counters {
	ended := append(p.ended, p.counted)
	return ended[max(0, len(ended)-1-int(math.Round(f.Takes*ticks/f.Interval))):]
}

// scrape stores a sample of the pod where its moment lies in the tick.
func (f *fleet) scrape(p *scraped, length float64, b Behaviour) {
	end := f.now + length
	for p.next < f.now { // nobody scraped it until now
		p.next += f.Interval
	}
	if p.next >= end {
		return
	}
	moment := p.next + f.Jitter*p.chance.Float64()
	p.next += f.Interval
	f.settle(p)
	if b.Silent || p.chance.Float64() < f.Loss {
		return
	}
	f.store(p, moment)
}

// store keeps a sample of each of the target's series.
func (f *fleet) store(p *scraped, moment float64) {
	values := [len(p.series)]float64{p.counted.requests, p.counted.errors, p.counted.memory + 0.01*f.World.Memory*p.chance.NormFloat64(), 0, p.again}
	if f.InFlight {
		values[inFlightSeries] = math.Floor(p.hung) + p.chance.Poisson(p.under)
	}
	copy(values[bucketSeries:], p.counted.within[:])
	if f.Successes {
		late := p.ended[0]
		values[errorSeries] = max(0, late.requests-late.errors) // the counter of successes
	}
	n := len(p.moments)
	behind := f.Behind > 0 && p.chance.Float64() < f.Behind
	dips := f.Dips > 0 && p.chance.Float64() < f.Dips
	stamp := at(moment)
	for i := range p.series {
		s := &p.series[i]
		v := values[i]
		if behind && n > 0 {
			v = p.before[i]
		}
		if all := i == requestSeries || i == len(p.series)-1; dips && all && n > 0 {
			v = max(0, s.Points[n-1].Value-1)
		}
		s.Points = append(s.Points, rollout.Point{At: stamp, Value: v})
	}
	p.before = values
	for i := range p.groups {
		for _, c := range []*counter{&p.groups[i].requests, &p.groups[i].errors} {
			v := c.value
			if behind && n > 0 {
				v = c.series.Points[n-1].Value
			}
			c.series.Points = append(c.series.Points, rollout.Point{At: stamp, Value: v})
		}
	}
	p.moments = append(p.moments, seconds(stamp))
	p.read = append(p.read, moment+f.Lag)
}

// between are the indices of the samples after one moment that can be read at another.
func (p *scraped) between(from, to float64) (low, high int) {
	low = len(p.moments)
	for low > 0 && p.moments[low-1] > from {
		low--
	}
	high = len(p.moments)
	for high > low && p.read[high-1] > to {
		high--
	}
	return low, high
}

package node

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Fate is how a container fares.
type Fate int

// The fates of containers.
const (
	Serves      Fate = iota // runs and is ready
	NeverReady              // runs, answers, but is not ready
	Crashes                 // ends soon after each start
	OutOfMemory             // serves for a while, then is killed for its use of memory
	Restarts                // serves for a while, then ends and is started again at once, as if it had always lived for long
	Missing                 // its image cannot be pulled
)

// Behaviour is what an image does. The zero value serves well.
//
// A tag is a version with words behind it, each after a hyphen; a number behind a word replaces its
// default. Words that are not listed here belong to the version:
//
//	v1.2.4             healthy
//	v1.2.4-errors      answers 5 % of requests with 500; -errors30: 30 %
//	v1.2.4-slow        takes 700 ms to answer; -slow300: 300 ms
//	v1.2.4-hangs       never answers a request; -hangs90: 90 % of them
//	v1.2.4-cold        is slow in a quarter of each container's first 40 requests, as while caches fill; -cold80: of 80
//	v1.2.4-leak        uses 20 MiB more memory each second; -leak100: 100 MiB
//	v1.2.4-silent      serves, and answers no scrape
//	v1.2.4-client      serves, measured by Prometheus's client library instead of by hand
//	v1.2.4-dips        answers each fifth scrape with counters 1 below those of the scrape before
//	v1.2.4-platforms   has an image id of its own on each architecture
//	v1.2.4-throttled   is pulled at the third try of each container: 429 before; -throttled5: at the sixth
//	v1.2.4-notready    runs but never gets ready
//	v1.2.4-crash       ends soon after each start: CrashLoopBackOff
//	v1.2.4-oom         is killed 2 s after each start: OOMKilled; -oom10: after 10 s
//	v1.2.4-restarts    ends and is started again each 4 s, without any back-off; -restarts10: each 10 s
//	v1.2.4-missing     cannot be pulled: ImagePullBackOff
//
// Words combine: v1.2.4-errors30-slow.
type Behaviour struct {
	Fate    Fate
	Errors  float64       // the share of requests answered with 500, 0 to 1
	Latency time.Duration // added to each answer
	Hangs   float64       // the share of requests that are never answered, 0 to 1
	Cold    int64         // so many first requests of each container are answered cold: a quarter of them takes 700 ms more
	Leak    int64         // bytes of memory more, each second
	Life    time.Duration // with OutOfMemory and Restarts: from start to end
	Silent  bool          // no scrape is answered
	Client  bool          // measured by Prometheus's client library, from its start on

	Dips      bool  // counters fall by 1 at times, as deduplicating stores show them
	Platforms bool  // the runtime reports an id of the platform's manifest, not of the list of all
	Throttled int64 // so many pulls of each container are answered with 429
}

var word = regexp.MustCompile(`^([a-z]+)([0-9]*)$`)

// ParseTag returns the behaviour that a tag names.
func ParseTag(tag string) (Behaviour, error) {
	var b Behaviour
	for _, part := range strings.Split(tag, "-")[1:] {
		match := word.FindStringSubmatch(part)
		if match == nil {
			continue
		}
		if err := b.add(match[1], match[2]); err != nil {
			return Behaviour{}, fmt.Errorf("tag %q: %s: %w", tag, part, err)
		}
	}
	return b, nil
}

// add adds the behaviour of one word of a tag.
func (b *Behaviour) add(name, digits string) error {
	number := func(otherwise int64) (int64, error) {
		if digits == "" {
			return otherwise, nil
		}
		return strconv.ParseInt(digits, 10, 32)
	}
	var n int64
	var err error
	switch name {
	case "errors":
		n, err = number(5)
		b.Errors = float64(n) / 100
	case "slow":
		n, err = number(700)
		b.Latency = time.Duration(n) * time.Millisecond
	case "hangs":
		n, err = number(100)
		b.Hangs = float64(n) / 100
	case "cold":
		b.Cold, err = number(40)
	case "leak":
		n, err = number(20)
		b.Leak = n << 20
	case "oom":
		n, err = number(2)
		b.Fate, b.Life = OutOfMemory, time.Duration(n)*time.Second
	case "restarts":
		n, err = number(4)
		b.Fate, b.Life = Restarts, time.Duration(n)*time.Second
	case "silent":
		b.Silent = true
	case "client":
		b.Client = true
	case "dips":
		b.Dips = true
	case "platforms":
		b.Platforms = true
	case "throttled":
		b.Throttled, err = number(2)
	case "crash":
		b.Fate = Crashes
	case "missing":
		b.Fate = Missing
	case "notready":
		b.Fate = NeverReady
	}
	return err
}

package registry

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"canarybot.io/rollout"
)

const (
	// newestTimeout bounds the question which tags there are: somebody is typing.
	newestTimeout = 1200 * time.Millisecond
	// newestKept is for how long the answer holds, and newestAnswers for how many repositories it is kept.
	newestKept, newestAnswers = time.Minute, 200
	// mostTags bounds what is read of a repository: registries list tags by their names, not by when they were made.
	mostTags = 5000
	// newestTags is how many are returned.
	newestTags = 50
)

// tags are those of a repository, newest first.
type tags struct {
	names []string
	at    time.Time
}

// errEnough ends the reading of tags.
var errEnough = errors.New("enough")

// attached are tags of signatures and the like, which name no version.
var attached = regexp.MustCompile(`^sha256-[0-9a-f]{64}`)

// Newest returns the newest tags of the service's repository, as far as their names tell: version numbers first, the
// highest of them first. It returns none where the registry does not list them to us in about a second. Asked again within
// a minute, it answers from memory.
func (p *Pinner) Newest(ctx context.Context, s rollout.Service) []string {
	repository := s.Spec.Repository
	if p.options.Off || repository == "" {
		return nil
	}
	if known, ok := p.tags.Get(repository); ok && time.Since(known.at) < newestKept {
		return known.names
	}
	names, err := p.list(ctx, s)
	if err != nil {
		p.options.Log.Info("tags not listed", "service", s.Name, "error", err)
	}
	p.tags.Add(repository, tags{names: names, at: time.Now()})
	return names
}

// list asks the registry for the repository's tags.
func (p *Pinner) list(ctx context.Context, s rollout.Service) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, newestTimeout)
	defer cancel()
	repo, why := p.open(ctx, rollout.Rollout{Service: s.Name, Spec: s.Spec}, s.Spec.Repository)
	if !why.IsZero() {
		return nil, errors.New(string(why.Code))
	}
	var all []string
	err := repo.Tags(ctx, "", func(page []string) error {
		for _, tag := range page {
			if !attached.MatchString(tag) {
				all = append(all, tag)
			}
		}
		if len(all) >= mostTags {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	slices.SortFunc(all, newer)
	return all[:min(len(all), newestTags)], err
}

// numbers are what version numbers consist of; a suffix after a dash is of a version before the one without.
var numbers = regexp.MustCompile(`^v?(\d+(?:\.\d+)*)(-.+)?$`)

// newer orders tags: version numbers before other names, higher ones before lower ones.
func newer(a, b string) int {
	x, y := numbers.FindStringSubmatch(a), numbers.FindStringSubmatch(b)
	switch {
	case x == nil && y == nil:
		return strings.Compare(b, a)
	case x == nil:
		return 1
	case y == nil:
		return -1
	}
	if order := slices.CompareFunc(strings.Split(y[1], "."), strings.Split(x[1], "."), compareNumbers); order != 0 {
		return order
	}
	if (x[2] == "") != (y[2] == "") {
		return strings.Compare(x[2], y[2])
	}
	return cmp.Or(strings.Compare(y[2], x[2]), strings.Compare(a, b))
}

// compareNumbers compares whole numbers; those of dates and builds may be longer than an int.
func compareNumbers(a, b string) int {
	x, errX := strconv.ParseUint(a, 10, 64)
	y, errY := strconv.ParseUint(b, 10, 64)
	if errX != nil || errY != nil {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	}
	return cmp.Compare(x, y)
}

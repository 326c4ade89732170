package bot

import "sync"

// crew runs functions, so many at once and never more.
type crew struct {
	seats chan struct{}
	group sync.WaitGroup
}

func newCrew(size int) *crew { return &crew{seats: make(chan struct{}, size)} }

// try runs f in the background unless every seat is taken, which it reports. It never blocks.
func (c *crew) try(f func()) bool {
	select {
	case c.seats <- struct{}{}:
	default:
		return false
	}
	c.group.Go(func() {
		defer func() { <-c.seats }()
		f()
	})
	return true
}

// wait returns when everything has ended. Nobody may call try any more.
func (c *crew) wait() { c.group.Wait() }

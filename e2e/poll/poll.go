// Package poll waits for a fact of the outside world that nothing announces.
package poll

import (
	"context"
	"fmt"
	"time"
)

// interval is short because whole scenarios wait on such facts.
const interval = 25 * time.Millisecond

// Until calls fact until it returns nil. When ctx ends first, it returns what fact said last.
func Until(ctx context.Context, fact func(context.Context) error) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		err := fact(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; last seen: %w", context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}

// Command build compiles the programs of the real world from source: a Kubernetes control plane,
// Prometheus and Traefik. It takes about half an hour on two cores the first time; afterwards it
// finds the binaries in the user's cache folder and ends at once.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"canarybot.io/e2e/program"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	unlock, err := lock(out)
	if err != nil {
		return err
	}
	defer unlock()
	for _, p := range program.All() {
		binary, err := p.Locate(ctx)
		if err != nil {
			return err
		}
		if binary.Built() {
			fmt.Fprintf(out, "%s %s: built already\n", p.Name, binary.Version)
			continue
		}
		fmt.Fprintf(out, "%s %s: building from source (about %s, once) ...\n", p.Name, binary.Version, p.Guess)
		start := time.Now()
		if err := binary.Build(ctx); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s %s: built in %s\n", p.Name, binary.Version, time.Since(start).Round(time.Second))
	}
	return nil
}

// lock keeps two builds from doing the same work at the same time. The lock ends with the process
// at the latest.
func lock(out io.Writer) (unlock func(), err error) {
	cache, err := program.Cache()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, fmt.Errorf("make the cache folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(cache, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	descriptor := int(file.Fd())
	if syscall.Flock(descriptor, syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		fmt.Fprintln(out, "waiting for another build to end ...")
		if err := syscall.Flock(descriptor, syscall.LOCK_EX); err != nil {
			return nil, fmt.Errorf("wait for the other build: %w", err)
		}
	}
	return func() { file.Close() }, nil
}

package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"

	"canarybot.io/rollout"
)

// dialer opens connections: over the network, or in memory in tests.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// errCut is what a killed bot gets from the world.
var errCut = rollout.Wrap(rollout.Unavailable, errors.New("killed"), "The bot was killed.")

// cord is everything that connects one life of the bot to the world. Cutting it is what makes a kill hard: whatever
// the goroutines of that life still try on their way out, no farewell and no last write reaches anybody.
type cord struct {
	dial    dialer
	cluster cluster

	mu    sync.Mutex // guards what follows
	conns map[*tiedConn]bool
	ended bool
}

// cluster is what a bot does to Kubernetes.
type cluster interface {
	rollout.Cluster
	rollout.Preflighter
}

var _ cluster = (*cord)(nil)

func newCord(d dialer, c cluster) *cord {
	return &cord{dial: d, cluster: c, conns: map[*tiedConn]bool{}}
}

// cut ends every connection and refuses new ones.
func (c *cord) cut() {
	c.mu.Lock()
	conns := c.conns
	c.conns, c.ended = map[*tiedConn]bool{}, true
	c.mu.Unlock()
	for conn := range conns {
		_ = conn.Conn.Close() // closing twice is harmless
	}
}

func (c *cord) isCut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// Dial opens a connection that ends with the cord.
func (c *cord) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if c.isCut() {
		return nil, errCut
	}
	conn, err := c.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	tied := &tiedConn{Conn: conn, cord: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		_ = conn.Close() // nobody has it yet
		return nil, errCut
	}
	c.conns[tied] = true
	return tied, nil
}

// Observe reads the cluster.
func (c *cord) Observe(ctx context.Context, r rollout.Rollout) rollout.World {
	if c.isCut() {
		return rollout.World{Unreadable: errCut.Message}
	}
	return c.cluster.Observe(ctx, r)
}

// Do writes to the cluster.
func (c *cord) Do(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	if c.isCut() {
		return errCut
	}
	return c.cluster.Do(ctx, r, w)
}

// Preflight asks the cluster.
func (c *cord) Preflight(ctx context.Context, r rollout.Rollout) rollout.Preflight {
	if c.isCut() {
		return rollout.Preflight{Unreadable: errCut.Message}
	}
	return c.cluster.Preflight(ctx, r)
}

// tiedConn leaves its cord when it is closed.
type tiedConn struct {
	net.Conn
	cord *cord
}

// Close closes the connection.
func (t *tiedConn) Close() error {
	t.cord.mu.Lock()
	delete(t.cord.conns, t)
	t.cord.mu.Unlock()
	return t.Conn.Close()
}

// clientOf returns an HTTP client over the dialer that keeps no connection.
func clientOf(d dialer) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: d, DisableKeepAlives: true}}
}

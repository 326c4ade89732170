package main

import (
	"context"
	"net"
	"net/http"
	"sync"

	"canarybot.io/rollout"
)

// dialer opens connections: over the network, or in memory in tests.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// errCut is what a killed bot gets from the world.
var errKilled = rollout.Refuse(rollout.Unavailable, rollout.Text("The bot was killed."))

// killSwitch holds every connection of one life of the bot to the world. A kill is hard: whatever the
// goroutines of that life still try on their way out, no last message and no last write arrives.
type killSwitch struct {
	dial    dialer
	cluster cluster

	mu    sync.Mutex // guards what follows
	conns map[*switchedConn]bool
	ended bool
}

// cluster is what a bot needs of Kubernetes.
type cluster interface {
	rollout.Cluster
	rollout.Preflighter
}

var _ cluster = (*killSwitch)(nil)

func newKillSwitch(d dialer, c cluster) *killSwitch {
	return &killSwitch{dial: d, cluster: c, conns: map[*switchedConn]bool{}}
}

// cut ends every connection and refuses new ones.
func (c *killSwitch) kill() {
	c.mu.Lock()
	conns := c.conns
	c.conns, c.ended = map[*switchedConn]bool{}, true
	c.mu.Unlock()
	for conn := range conns {
		_ = conn.Conn.Close() // closing twice is harmless
	}
}

func (c *killSwitch) killed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// Dial opens a connection that ends with the kill switch.
func (c *killSwitch) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if c.killed() {
		return nil, errKilled
	}
	conn, err := c.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	tied := &switchedConn{Conn: conn, killSwitch: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		_ = conn.Close() // nobody has it yet
		return nil, errKilled
	}
	c.conns[tied] = true
	return tied, nil
}

// Observe reads the cluster.
func (c *killSwitch) Observe(ctx context.Context, r rollout.Rollout) rollout.Observed {
	if c.killed() {
		return rollout.Observed{Unreadable: rollout.ProblemOf(errKilled)}
	}
	return c.cluster.Observe(ctx, r)
}

// Do writes to the cluster.
func (c *killSwitch) Do(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	if c.killed() {
		return errKilled
	}
	return c.cluster.Do(ctx, r, w)
}

// Preflight asks the cluster.
func (c *killSwitch) Preflight(ctx context.Context, r rollout.Rollout) rollout.Preflight {
	if c.killed() {
		return rollout.Preflight{Unreadable: rollout.ProblemOf(errKilled)}
	}
	return c.cluster.Preflight(ctx, r)
}

// tiedConn removes itself from its kill switch when closed.
type switchedConn struct {
	net.Conn
	killSwitch *killSwitch
}

// Close closes the connection.
func (t *switchedConn) Close() error {
	t.killSwitch.mu.Lock()
	delete(t.killSwitch.conns, t)
	t.killSwitch.mu.Unlock()
	return t.Conn.Close()
}

// clientOf returns an HTTP client over the dialer that keeps no connection.
func clientOf(d dialer) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: d, DisableKeepAlives: true}}
}

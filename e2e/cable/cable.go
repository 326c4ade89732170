// Package cable is a line to a server that a test cuts and mends. It passes bytes on and knows nothing about them.
package cable

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// Cable is a line between callers and a server. Lay makes one. It is safe for concurrent use.
type Cable struct {
	Address string // where callers connect

	to      string
	passing sync.WaitGroup

	mu     sync.Mutex
	cut    Cut
	open   map[net.Conn]bool
	closed bool
}

// Cut is what is wrong with a line.
type Cut int

// How lines are cut.
const (
	Whole   Cut = iota
	Silent      // nothing comes through and nobody is told, as where a router forgets connections
	Refused     // connections end, and new ones too
)

// Lay lays a cable to the address, until the test ends.
func Lay(t testing.TB, to string) *Cable {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &Cable{Address: listener.Addr().String(), to: to, open: map[net.Conn]bool{}}
	c.passing.Go(func() { c.accept(listener) })
	t.Cleanup(func() {
		_ = listener.Close() // which ends accept
		c.end()
		c.passing.Wait()
	})
	return c
}

// Set cuts the line or mends it. Connections that were open when it was cut do not come back.
func (c *Cable) Set(cut Cut) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	if cut != Refused {
		return
	}
	for connection := range c.open {
		reset(connection)
	}
	clear(c.open)
}

// end closes every connection.
func (c *Cable) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for connection := range c.open {
		reset(connection)
	}
}

func (c *Cable) accept(listener net.Listener) {
	for {
		caller, err := listener.Accept()
		if err != nil {
			return
		}
		c.passing.Go(func() { c.connect(caller) })
	}
}

// connect passes a caller's bytes on. What begins while the line is silent stays so.
func (c *Cable) connect(caller net.Conn) {
	if !c.keep(caller) {
		return
	}
	if c.is(Silent) {
		return // open until the line is cut otherwise, or the test ends
	}
	server, err := net.Dial("tcp", c.to)
	if err != nil || !c.keep(server) {
		reset(caller)
		return
	}
	var both sync.WaitGroup
	both.Go(func() { c.pass(server, caller) })
	both.Go(func() { c.pass(caller, server) })
	both.Wait()
}

// keep remembers a connection, to be ended with the line. It reports whether the line takes it.
func (c *Cable) keep(connection net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.cut == Refused {
		reset(connection)
		return false
	}
	c.open[connection] = true
	return true
}

func (c *Cable) is(cut Cut) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cut == cut
}

// pass copies until an end, or until the line goes silent: then both sides are left in the dark.
func (c *Cable) pass(to, from net.Conn) {
	_, err := io.Copy(to, reader(func(p []byte) (int, error) {
		n, err := from.Read(p)
		if c.is(Silent) {
			return 0, errSilent
		}
		return n, err
	}))
	if !errors.Is(err, errSilent) {
		_ = to.Close() // it ended, one way or the other
	}
}

var errSilent = errors.New("the line is silent")

type reader func([]byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }

// reset ends a connection as a firewall does.
func reset(connection net.Conn) {
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // or it ends politely
	}
	_ = connection.Close() // there is nothing else to do with it
}

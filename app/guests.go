package app

import (
	"net"
	"sync"
)

// mostGuests is how many connections are open at a time: the kubelet's, two of each Prometheus, and people's.
const mostGuests = 64

// mostCallers is how many connections pipelines may have open at a time: each that waits holds one, and those that come through
// the API server's proxy share a few addresses.
const mostCallers = 1024

// guests is a listener with a bounded number of connections. One more than that closes the oldest of whoever has the most:
// to have new ones wait, as they do where listeners are bounded, would keep the kubelet from its answer, and the kubelet
// then ends the process.
type guests struct {
	net.Listener
	most int

	mu   sync.Mutex // guards open
	open []*guest   // oldest first
}

// Accept returns the next connection. It blocks until there is one.
func (g *guests) Accept() (net.Conn, error) {
	conn, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	one := &guest{Conn: conn, of: g, from: source(conn)}
	if over := g.enter(one); over != nil {
		_ = over.Close()
	}
	return one, nil
}

// enter notes a connection, and returns the one to close for it; nil: none.
func (g *guests) enter(one *guest) *guest {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = append(g.open, one)
	if len(g.open) <= g.most {
		return nil
	}
	held := map[string]int{}
	most := 0
	for _, o := range g.open {
		held[o.from]++
		most = max(most, held[o.from])
	}
	for _, o := range g.open {
		if held[o.from] == most {
			return o
		}
	}
	return nil
}

func (g *guests) leave(one *guest) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, o := range g.open {
		if o == one {
			g.open = append(g.open[:i], g.open[i+1:]...)
			return
		}
	}
}

// guest is one connection.
type guest struct {
	net.Conn
	of   *guests
	from string
}

// Close closes the connection. Closing it twice does no harm.
func (g *guest) Close() error {
	g.of.leave(g)
	return g.Conn.Close()
}

// source is where a connection comes from, without its port.
func source(c net.Conn) string {
	host, _, err := net.SplitHostPort(c.RemoteAddr().String())
	if err != nil {
		return c.RemoteAddr().String()
	}
	return host
}

package memnet

import (
	"context"
	"net"
	"sync"
	"syscall"
)

// Listener accepts the connections that Dial makes. Inside a synctest bubble it
// must be created in that bubble.
type Listener struct {
	incoming chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

var _ net.Listener = (*Listener)(nil)

// Listen returns an open listener. Close it to refuse further dials.
func Listen() *Listener {
	return &Listener{incoming: make(chan net.Conn), closed: make(chan struct{})}
}

// Dial connects to the listener. It blocks until the connection is accepted and
// fails like a refused connection once the listener is closed.
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	near, far := Pipe()
	select {
	case l.incoming <- far:
		return near, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: addr{}.Network(), Addr: addr{}, Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: addr{}.Network(), Addr: addr{}, Err: context.Cause(ctx)}
	}
}

// Accept returns the next dialled connection; it blocks until there is one and
// returns net.ErrClosed after Close.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.incoming:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close stops the listener; connections already made live on. It is idempotent.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr returns a placeholder: there is one listener behind each dialer.
func (l *Listener) Addr() net.Addr { return addr{} }

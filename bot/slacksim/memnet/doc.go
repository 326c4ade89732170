// Package memnet is a network inside one process: a listener, a dialer and the
// connections between them, made of memory, a condition variable and timers.
//
// It exists because real sockets cannot be used inside a testing/synctest
// bubble (a goroutine in a read is not durably blocked, so the bubble's clock
// never moves) and because net.Pipe has no buffer: two peers that write to each
// other at the same moment, as WebSocket peers do, would wait for ever. Here
// every wait is on a sync.Cond, which bubbles understand, and every direction
// holds a socket's worth of bytes.
//
// It knows nothing about the protocols on its connections.
package memnet

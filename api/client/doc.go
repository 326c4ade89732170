// Package client talks to Canarybot's API. It waits a lost connection and a restarted bot out: what it asks for may be
// asked for twice, since a start and a decision carry a key. It follows no redirect, reads no
// endless answer, and sends its token nowhere else.
//
// It knows no exit codes and prints nothing; commands do. Test it in a bubble, with a transport in memory.
package client

package memnet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"

	"canarybot.io/bot/slacksim/memnet"
)

func TestConnBehavesLikeANetConn(t *testing.T) {
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		a, b := memnet.Pipe()
		return a, b, func() { _ = a.Close(); _ = b.Close() }, nil
	})
}

func TestBothEndsMayWriteFirst(t *testing.T) {
	a, b := memnet.Pipe()
	for _, c := range []net.Conn{a, b} {
		if _, err := c.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []net.Conn{a, b} {
		got := make([]byte, 5)
		if _, err := io.ReadFull(c, got); err != nil || string(got) != "hello" {
			t.Errorf("read %q, %v", got, err)
		}
	}
}

func TestWhatWasWrittenIsReadAfterClose(t *testing.T) {
	a, b := memnet.Pipe()
	_, _ = a.Write([]byte("last words"))
	_ = a.Close()
	if got, err := io.ReadAll(b); err != nil || string(got) != "last words" {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := b.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("write to a closed peer: %v, want EPIPE", err)
	}
}

func TestWaitingReaderLetsTheBubblesClockMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := memnet.Pipe()
		_ = a.SetReadDeadline(time.Now().Add(time.Hour))
		began := time.Now()
		_, err := a.Read(make([]byte, 1))
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Hour {
			t.Errorf("read = %v after %s, want the deadline after an hour", err, time.Since(began))
		}
	})
}

func TestDialIsRefusedAfterClose(t *testing.T) {
	l := memnet.Listen()
	_ = l.Close()
	if _, err := l.Dial(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial = %v, want connection refused", err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept = %v, want net.ErrClosed", err)
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := memnet.Listen().Dial(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("dial = %v, want context.Canceled", err)
	}
}

package app_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/app"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/slacksim"
	"canarybot.io/bot/slacksim/memnet"
	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
	"canarybot.io/store/mem"
)

// door is a listener in memory whose guests say where they come from.
type door struct {
	come chan net.Conn
	shut chan struct{}
}

func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.come:
		return c, nil
	case <-d.shut:
		return nil, net.ErrClosed
	}
}

func (d *door) Close() error   { close(d.shut); return nil }
func (d *door) Addr() net.Addr { return &net.TCPAddr{} }

// from is a connection that came from an address.
type from struct {
	net.Conn
	address string
}

func (f from) RemoteAddr() net.Addr { return from{address: f.address} }
func (f from) Network() string      { return "tcp" }
func (f from) String() string       { return f.address }

// connect opens a connection from the host.
func (d *door) connect(t *testing.T, host string) net.Conn {
	here, there := memnet.Pipe()
	t.Cleanup(func() { here.Close() })
	d.come <- from{Conn: there, address: net.JoinHostPort(host, "40000")}
	return here
}

// behind runs an app in a bubble behind a door.
func behind(t *testing.T, test func(*testing.T, *door)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := &door{come: make(chan net.Conn), shut: make(chan struct{})}
		workspace, cluster := slacksim.Start(t, slacksim.Options{}), sim.New(sim.Options{})
		a := app.New(app.Parts{
			Environment: "test", Channel: "C0DEPLOYS1", Listener: d, Store: mem.New(mem.Options{}),
			Slack:   slack.Config{Tokens: workspace.Bot().Tokens, APIURL: workspace.APIURL(), HTTP: workspace.HTTPClient(), Dial: workspace.Dial},
			Cluster: cluster, Metrics: sim.NewMetrics(cluster), Preflights: []rollout.Preflighter{cluster},
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		test(t, d)
		stop()
		if err := <-done; err != nil {
			t.Errorf("the app ended with %v", err)
		}
	})
}

// ask sends a request as it is and returns the status of the answer, 0 where there is none.
func ask(t *testing.T, c net.Conn, request string) int {
	t.Helper()
	go func() { _, _ = io.WriteString(c, request) }() // whoever refuses it need not read it all
	_ = c.SetReadDeadline(time.Now().Add(time.Second))
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

const probe = "GET /healthz HTTP/1.1\r\nHost: canarybot:8080\r\nConnection: close\r\n\r\n"

// closed reports whether the other side has closed the connection.
func closed(c net.Conn) bool {
	_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := io.Copy(io.Discard, c)
	return err == nil
}

// However many connections stand idle, the kubelet and Prometheus are answered at once, and few stay open.
func TestIdleConnectionsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	for name, host := range map[string]func(i int) string{
		"of one pod":   func(int) string { return "10.0.0.9" },
		"of many pods": func(i int) string { return fmt.Sprintf("10.1.%d.%d", i/250, i%250) },
	} {
		t.Run(name, func(t *testing.T) {
			behind(t, func(t *testing.T, d *door) {
				var idle []net.Conn
				for i := range 8000 {
					idle = append(idle, d.connect(t, host(i)))
				}
				synctest.Wait()
				if code := ask(t, d.connect(t, "10.0.0.1"), probe); code != http.StatusOK {
					t.Errorf("the kubelet's probe: %d", code)
				}
				open := 0
				for _, c := range idle {
					if !closed(c) {
						open++
					}
				}
				if open > 64 {
					t.Errorf("%d connections stay open", open)
				}
				time.Sleep(6 * time.Second)
				synctest.Wait()
				for _, c := range idle {
					if !closed(c) {
						t.Fatal("a connection that asks nothing stays open")
					}
				}
			})
		})
	}
}

// A pod that opens connections without end closes its own, and not the one that Prometheus keeps.
func TestACrowdClosesItsOwn(t *testing.T) {
	t.Parallel()
	behind(t, func(t *testing.T, d *door) {
		prometheus := d.connect(t, "10.0.0.2")
		keep := strings.Replace(probe, "Connection: close\r\n", "", 1)
		if code := ask(t, prometheus, keep); code != http.StatusOK {
			t.Errorf("the first scrape: %d", code)
		}
		for range 1000 {
			d.connect(t, "10.0.0.9")
		}
		if code := ask(t, prometheus, keep); code != http.StatusOK {
			t.Errorf("the next scrape: %d", code)
		}
		time.Sleep(2*time.Minute + time.Second)
		synctest.Wait()
		if !closed(prometheus) {
			t.Error("it stays open for ever")
		}
	})
}

// What nobody who looks at health or metrics sends.
func TestRequestsThatAreTooMuch(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 900<<10)
	get := func(more string) string { return "GET /metrics HTTP/1.1\r\nHost: c\r\n" + more + "\r\n" }
	for name, tt := range map[string]struct {
		request string
		want    int
	}{
		"a header of 900 KiB":   {get("X-Long: " + long + "\r\n"), http.StatusRequestHeaderFieldsTooLarge},
		"900 KiB of headers":    {get(strings.Repeat("X-Long: 1234567\r\n", 54_000)), http.StatusRequestHeaderFieldsTooLarge},
		"an address of 900 KiB": {"GET /" + long + " HTTP/1.1\r\nHost: c\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
		"a body":                {get("Content-Length: 5\r\n") + "hello", http.StatusRequestEntityTooLarge},
		"an endless body":       {get("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n", http.StatusRequestEntityTooLarge},
		"a body that is promised": {
			get("Content-Length: 1000000000\r\nExpect: 100-continue\r\n"), http.StatusRequestEntityTooLarge,
		},
		"a header of a token": {get("Authorization: Bearer " + long[:4<<10] + "\r\nConnection: close\r\n"), http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			behind(t, func(t *testing.T, d *door) {
				c := d.connect(t, "10.0.0.9")
				if code := ask(t, c, tt.request); code != tt.want {
					t.Errorf("got %d, want %d", code, tt.want)
				}
				time.Sleep(6 * time.Second)
				synctest.Wait()
				if !closed(c) {
					t.Error("it stays open")
				}
			})
		})
	}
}

// Whoever sends a byte now and then is not waited for.
func TestASlowRequestIsClosed(t *testing.T) {
	t.Parallel()
	behind(t, func(t *testing.T, d *door) {
		c := d.connect(t, "10.0.0.9")
		for i := range 6 {
			_, _ = c.Write([]byte(probe[i : i+1]))
			time.Sleep(time.Second)
		}
		if _, err := c.Write([]byte("h")); err == nil {
			t.Error("it is still listened to")
		}
	})
}

package main

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"canarybot.io/api/client"
)

// twoPorts returns an address where nobody listens, nor on the port for pipelines beside it.
func twoPorts(t *testing.T) string {
	t.Helper()
	for {
		page, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, taken := beside(page.Addr().String(), page.Addr().String())
		if err := page.Close(); err != nil {
			t.Fatal(err)
		}
		if taken == nil {
			return page.Addr().String()
		}
	}
}

// The line that the demo prints for pipelines is true: that token may deploy there.
func TestPipelinesMayTryTheDemo(t *testing.T) {
	t.Parallel()
	address := twoPorts(t)
	ctx, stop := context.WithCancel(t.Context())
	out, said := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, nil, func(string) string { return address }, said)
		said.Close()
	}()
	var text strings.Builder
	for buf := make([]byte, 1<<12); !strings.Contains(text.String(), "Ctrl-C"); {
		n, err := out.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			t.Fatalf("%v: %s", <-ended, text.String())
		}
	}
	_, line, _ := strings.Cut(text.String(), "CANARYBOT_SERVER=")
	server, line, _ := strings.Cut(line, " CANARYBOT_TOKEN=")
	token, _, _ := strings.Cut(line, " ")
	c, err := client.New(client.Options{
		Server: server, Patience: time.Minute, Token: func(context.Context, bool) (string, error) { return token, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	services, err := c.Services(t.Context())
	if err != nil || len(services) != 2 || len(services[0].May) != 5 {
		t.Errorf("a pipeline in the demo may %+v, %v", services, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Package traefik runs a real proxy that splits requests as the HTTPRoutes of a cluster say.
package traefik

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os/exec"

	"canarybot.io/e2e/cluster"
	"canarybot.io/e2e/netns"
	"canarybot.io/e2e/poll"
	"canarybot.io/e2e/process"
	"canarybot.io/e2e/program"
)

// Where requests enter. The route is chosen by the Host header.
const (
	Address = netns.Host + ":8000"
	URL     = "http://" + Address
)

// MetricsAddress is where Traefik's own metrics are.
const MetricsAddress = "127.0.0.1:8001"

// The Gateway that routes name as their parent, in any namespace.
const (
	GatewayNamespace = "edge"
	GatewayName      = "edge"
)

//go:embed gateway.yaml
var gateway []byte

// Proxy is a running Traefik.
type Proxy struct {
	process *process.Process
	reports *reports
}

// Start creates the Gateway, starts Traefik with its log in dir, and returns when it answers. The
// kinds of the Gateway API must be installed. The caller must call Stop.
func Start(ctx context.Context, dir string, c *cluster.Cluster) (*Proxy, error) {
	objects, err := cluster.Parse(gateway)
	if err != nil {
		return nil, err
	}
	if err := c.Apply(ctx, objects); err != nil {
		return nil, err
	}
	path, err := program.Path(ctx, program.Traefik)
	if err != nil {
		return nil, err
	}
	reports, err := passReports(c)
	if err != nil {
		return nil, err
	}
	running, err := process.Start(dir, string(program.Traefik), exec.Command(path,
		"--entrypoints.web.address="+Address,
		"--providers.kubernetesgateway=true",
		"--providers.kubernetesgateway.endpoint=http://"+reportsAddress,
		"--providers.kubernetesgateway.token="+c.AdminToken(),
		"--providers.providersthrottleduration=100ms",
		"--entrypoints.metrics.address="+MetricsAddress,
		"--metrics.prometheus.entrypoint=metrics",
		"--metrics.prometheus.addserviceslabels=true",
		"--metrics.prometheus.buckets=0.1,0.25,0.5,1,2.5",
		"--global.checknewversion=false",
		"--global.sendanonymoususage=false",
	))
	if err != nil {
		reports.close()
		return nil, err
	}
	p := &Proxy{process: running, reports: reports}
	if err := poll.Until(ctx, p.answers); err != nil {
		p.Stop()
		return nil, fmt.Errorf("wait for Traefik: %w", err)
	}
	return p, nil
}

// Err says why Traefik does not run, and is nil while it does.
func (p *Proxy) Err() error { return p.process.Err() }

// Stop ends Traefik.
func (p *Proxy) Stop() {
	p.process.Stop()
	p.reports.close()
}

// ForgetGenerations makes Traefik's reports about the routes of a namespace say no generation from now on. The namespace
// need not exist yet.
func (p *Proxy) ForgetGenerations(namespace string) { p.reports.withoutGeneration(namespace) }

// answers is nil when Traefik answers anything: without a route that is 404.
func (p *Proxy) answers(ctx context.Context) error {
	if err := p.Err(); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, URL, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

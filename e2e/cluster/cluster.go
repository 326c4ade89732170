// Package cluster runs a real Kubernetes control plane: etcd, kube-apiserver with RBAC and the real
// controllers. It has no scheduler and no kubelet; package node replaces both.
//
// It refuses to know what runs in the cluster. All of it listens on fixed addresses, so one network
// namespace (package netns) holds one cluster at a time.
package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"canarybot.io/e2e/netns"
	"canarybot.io/e2e/poll"
	"canarybot.io/e2e/process"
	"canarybot.io/e2e/program"
)

// Where the parts of the control plane listen.
const (
	etcdAddress = "http://127.0.0.1:2379"
	etcdPeer    = "http://127.0.0.1:2380"
	apiPort     = "6443"
	URL         = "https://" + netns.Host + ":" + apiPort

	// services is the part of the world's range that Services get addresses from.
	services = "198.18.255.0/24"
)

// startup bounds the time from the first process to a ready API server; it takes four seconds on an
// idle machine.
const startup = 90 * time.Second

// Cluster is a running control plane, and the clients of its administrator.
type Cluster struct {
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface

	dir   string
	token string

	// Nil until started.
	etcd, server, controllers *process.Process
}

// Start starts a control plane that keeps its files in dir and returns when it is ready. The
// caller must call Stop.
func Start(ctx context.Context, dir string) (*Cluster, error) {
	c := &Cluster{dir: dir, token: rand.Text()}
	ctx, cancel := context.WithTimeout(ctx, startup)
	defer cancel()
	if err := c.start(ctx); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if err := c.writeSecrets(); err != nil {
		return err
	}
	var err error
	if c.etcd, err = c.launch(ctx, program.Etcd, c.etcdArguments()); err != nil {
		return err
	}
	if err := c.StartServer(ctx); err != nil {
		return err
	}
	if err := c.connect(); err != nil {
		return err
	}
	if _, err := c.WriteKubeconfig("admin", c.token); err != nil {
		return err
	}
	c.controllers, err = c.launch(ctx, program.ControllerManager, c.controllerArguments())
	return err
}

// StartServer starts the API server, first or after StopServer, and returns when it is ready.
func (c *Cluster) StartServer(ctx context.Context) error {
	var err error
	if c.server, err = c.launch(ctx, program.APIServer, c.serverArguments()); err != nil {
		return err
	}
	if err := poll.Until(ctx, c.ready); err != nil {
		return fmt.Errorf("wait for the API server: %w", err)
	}
	return nil
}

// StopServer ends the API server without warning. Pods go on serving, and proxies route as they did.
func (c *Cluster) StopServer() { c.server.Kill() }

func (c *Cluster) launch(ctx context.Context, name program.Name, arguments []string) (*process.Process, error) {
	path, err := program.Path(ctx, name)
	if err != nil {
		return nil, err
	}
	return process.Start(c.dir, string(name), exec.Command(path, arguments...))
}

// running returns the parts that were started, in their order.
func (c *Cluster) running() []*process.Process {
	return slices.DeleteFunc([]*process.Process{c.etcd, c.server, c.controllers}, func(p *process.Process) bool {
		return p == nil
	})
}

// Err says which part of the control plane has ended, and is nil while all of it runs.
func (c *Cluster) Err() error {
	var errs []error
	for _, p := range c.running() {
		errs = append(errs, p.Err())
	}
	return errors.Join(errs...)
}

// Stop ends the control plane without warning, the last part first, and returns when all of it has ended.
func (c *Cluster) Stop() {
	for _, p := range slices.Backward(c.running()) {
		p.Kill()
	}
}

func (c *Cluster) etcdArguments() []string {
	return []string{
		"--name=e2e",
		"--data-dir=" + filepath.Join(c.dir, "etcd"),
		"--listen-client-urls=" + etcdAddress,
		"--advertise-client-urls=" + etcdAddress,
		"--listen-peer-urls=" + etcdPeer,
		"--initial-advertise-peer-urls=" + etcdPeer,
		"--initial-cluster=e2e=" + etcdPeer,
		"--unsafe-no-fsync", // nothing in it outlives the run
		"--log-level=warn",
	}
}

func (c *Cluster) serverArguments() []string {
	return []string{
		"--etcd-servers=" + etcdAddress,
		"--secure-port=" + apiPort,
		"--bind-address=" + netns.Host,
		"--advertise-address=" + netns.Host,
		"--cert-dir=" + c.dir,
		"--service-cluster-ip-range=" + services,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.file(publicKey),
		"--service-account-signing-key-file=" + c.file(privateKey),
		"--token-auth-file=" + c.file(tokens),
		"--authorization-mode=RBAC",
		// It would refuse pods until their service account exists and mount its token.
		"--disable-admission-plugins=ServiceAccount",
	}
}

func (c *Cluster) controllerArguments() []string {
	return []string{
		"--kubeconfig=" + c.file("admin.kubeconfig"),
		"--service-account-private-key-file=" + c.file(privateKey),
		// There is no kubelet to report that the node is alive.
		"--controllers=*,-node-lifecycle-controller",
		"--leader-elect=false",
		// Autoscalers look each second, not four times a minute.
		"--horizontal-pod-autoscaler-sync-period=1s",
		"--horizontal-pod-autoscaler-initial-readiness-delay=1s",
		"--bind-address=127.0.0.1",
		"--cert-dir=" + c.file("controller-manager"),
		"--kube-api-qps=200",
		"--kube-api-burst=400",
	}
}

func (c *Cluster) connect() error {
	config := c.Config(c.token)
	var err error
	if c.Kube, err = kubernetes.NewForConfig(config); err != nil {
		return fmt.Errorf("make the administrator's client: %w", err)
	}
	if c.Dynamic, err = dynamic.NewForConfig(config); err != nil {
		return fmt.Errorf("make the administrator's client: %w", err)
	}
	return nil
}

// ready returns nil when the API server reports ready. Until it has written its certificate, there is no client.
func (c *Cluster) ready(ctx context.Context) error {
	if err := c.Err(); err != nil {
		return err
	}
	client, err := rest.HTTPClientFor(c.Config(c.token))
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, URL+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz answers %s", response.Status)
	}
	return nil
}

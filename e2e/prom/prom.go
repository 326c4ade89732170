// Package prom runs a real Prometheus that scrapes every pod of a cluster, the way most clusters
// have it: it finds pods by the API and adds the labels namespace and pod to their series.
package prom

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"text/template"
	"time"

	"canarybot.io/e2e/cluster"
	"canarybot.io/e2e/poll"
	"canarybot.io/e2e/process"
	"canarybot.io/e2e/program"
	"canarybot.io/e2e/traefik"
)

// URL is where Prometheus answers inside the namespace.
const URL = "http://" + address

const (
	address           = "127.0.0.1:9090"
	configurationFile = "prometheus.yaml"
)

//go:embed prometheus.yaml
var configuration string

// Server is a running Prometheus.
type Server struct {
	dir     string
	path    string // of the binary
	process *process.Process
}

// Start starts a Prometheus that scrapes each interval and keeps its files in dir; it returns when
// queries are answered. The caller must call Stop.
func Start(ctx context.Context, dir string, c *cluster.Cluster, interval time.Duration) (*Server, error) {
	if err := writeConfiguration(filepath.Join(dir, configurationFile), c, interval); err != nil {
		return nil, err
	}
	path, err := program.Path(ctx, program.Prometheus)
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, path: path}
	return s, s.Restart(ctx)
}

// Restart starts a Prometheus that was stopped, with what it had stored, and returns when queries are
// answered.
func (s *Server) Restart(ctx context.Context) error {
	p, err := process.Start(s.dir, string(program.Prometheus), exec.Command(s.path,
		"--config.file="+filepath.Join(s.dir, configurationFile),
		"--storage.tsdb.path="+filepath.Join(s.dir, "prometheus"),
		"--web.listen-address="+address,
		"--log.level=warn",
	))
	if err != nil {
		return err
	}
	s.process = p
	if err := poll.Until(ctx, s.ready); err != nil {
		p.Stop()
		return fmt.Errorf("wait for Prometheus: %w", err)
	}
	return nil
}

func writeConfiguration(path string, c *cluster.Cluster, interval time.Duration) error {
	parsed, err := template.New(configurationFile).Parse(configuration)
	if err != nil {
		return fmt.Errorf("read the template of Prometheus's configuration: %w", err)
	}
	var text bytes.Buffer
	err = parsed.Execute(&text, map[string]string{
		"URL":         cluster.URL,
		"Certificate": c.CertificateFile(),
		"Token":       c.AdminToken(),
		"Interval":    interval.String(),
		"Traefik":     traefik.MetricsAddress,
	})
	if err != nil {
		return fmt.Errorf("write Prometheus's configuration: %w", err)
	}
	return os.WriteFile(path, text.Bytes(), 0o600)
}

// Err says why Prometheus does not run, and is nil while it does.
func (s *Server) Err() error { return s.process.Err() }

// Stop ends Prometheus: for good, or for as long as a scenario needs it down.
func (s *Server) Stop() { s.process.Stop() }

func (s *Server) ready(ctx context.Context) error {
	if err := s.Err(); err != nil {
		return err
	}
	_, err := s.Query(ctx, "1")
	return err
}

// Series is one element of the answer to a query.
type Series struct {
	Labels map[string]string
	Value  float64
}

// Query evaluates an expression now and returns its series. An expression without an answer returns
// none; a scalar is returned as a series without labels.
func (s *Server) Query(ctx context.Context, expression string) ([]Series, error) {
	address := URL + "/api/v1/query?" + url.Values{"query": {expression}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", expression, err)
	}
	defer response.Body.Close()
	var answer struct {
		Error string
		Data  struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("query %s: answer %s: %w", expression, response.Status, err)
	}
	if answer.Error != "" {
		return nil, fmt.Errorf("query %s: %s", expression, answer.Error)
	}
	return decode(answer.Data.ResultType, answer.Data.Result)
}

func decode(kind string, result json.RawMessage) ([]Series, error) {
	type point [2]any // seconds since the epoch, the value as text
	value := func(p point) (float64, error) {
		text, ok := p[1].(string)
		if !ok {
			return 0, fmt.Errorf("%v is not a value", p[1])
		}
		return strconv.ParseFloat(text, 64)
	}
	switch kind {
	case "scalar":
		var scalar point
		if err := json.Unmarshal(result, &scalar); err != nil {
			return nil, err
		}
		number, err := value(scalar)
		return []Series{{Value: number}}, err
	case "vector":
		var vector []struct {
			Metric map[string]string
			Value  point
		}
		if err := json.Unmarshal(result, &vector); err != nil {
			return nil, err
		}
		var series []Series
		for _, each := range vector {
			number, err := value(each.Value)
			if err != nil {
				return nil, err
			}
			series = append(series, Series{Labels: each.Metric, Value: number})
		}
		return series, nil
	default:
		return nil, errors.New("a query returns a scalar or a vector here, not a " + kind)
	}
}

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const serveUsage = `usage: judgebench serve [--listen HOST:PORT] [--seed N] NAMESPACE/SERVICE=SCENARIO@RPS ...

Serves a Prometheus for a canarybot: in real time it has the samples of each service's pods as if the next rollout
followed the scenario. The Deployments are SERVICE-stable and SERVICE-canary. Write each change of the traffic to
standard input, a line each: NAMESPACE/SERVICE PERCENT. It ends with standard input.
`

// served is a service whose rollout is a trace.
type served struct {
	*fake
	mu    sync.Mutex
	share float64 // of the canary
}

func (s *served) weight() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.share
}

// services are those that are played, by NAMESPACE/SERVICE.
type services map[string]*served

// parseServices parses the arguments. The error names the one that is wrong.
func parseServices(args []string, seed uint64) (services, error) {
	all := services{}
	for _, arg := range args {
		key, what, _ := strings.Cut(arg, "=")
		namespace, service, _ := strings.Cut(key, "/")
		name, rate, _ := strings.Cut(what, "@")
		rps, err := strconv.ParseFloat(rate, 64)
		if namespace == "" || service == "" || err != nil {
			return nil, fmt.Errorf("%q is not NAMESPACE/SERVICE=SCENARIO@RPS", arg)
		}
		known := scenarios()
		i := slices.IndexFunc(known, func(s scenario) bool { return s.name == name && s.rps == rps })
		if i < 0 {
			return nil, fmt.Errorf("%q: there is no scenario %q at %g requests a second; scenario.go lists them", arg, name, rps)
		}
		s := &served{}
		s.fake = newFake(service+"-stable", service+"-canary", []trace{{known[i], seed}}, s.weight, true)
		all[key] = s
	}
	if len(all) == 0 {
		return nil, errors.New("no service is named")
	}
	return all, nil
}

// serve serves until the input ends. It prints the address once it is reachable.
func serve(args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() { fmt.Fprint(out, serveUsage) }
	address := flags.String("listen", "127.0.0.1:9090", "")
	seed := flags.Uint64("seed", 4242, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	all, err := parseServices(flags.Args(), *seed)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	var scraping sync.WaitGroup
	for _, s := range all {
		scraping.Go(func() { s.run(done) })
	}
	server := &http.Server{Handler: all, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	fmt.Fprintf(out, "http://%s\n", l.Addr())
	readErr := all.readWeights(in)
	close(done)
	scraping.Wait()
	if err := errors.Join(readErr, server.Shutdown(context.Background())); err != nil {
		return err
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// readWeights reads weights until the input ends.
func (t services) readWeights(in io.Reader) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		key, percent, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		weight, err := strconv.ParseFloat(percent, 64)
		s := t[key]
		if s == nil || err != nil || !(weight >= 0 && weight <= 100) {
			return fmt.Errorf("%q is not NAMESPACE/SERVICE PERCENT of a service that is played", lines.Text())
		}
		s.mu.Lock()
		s.share = weight / 100
		s.mu.Unlock()
	}
	return lines.Err()
}

// The forms that tell whose series a query selects.
var (
	namespaceForm = regexp.MustCompile(`namespace="([^"]*)"`)
	podForm       = regexp.MustCompile(`pod=~"(.*?)-(?:stable|canary)-`)
)

// ServeHTTP answers instant queries.
func (t services) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	query := r.FormValue("query")
	namespace, pod := namespaceForm.FindStringSubmatch(query), podForm.FindStringSubmatch(query)
	if namespace == nil || pod == nil || t[namespace[1]+"/"+pod[1]] == nil {
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
		return
	}
	answer, err := t[namespace[1]+"/"+pod[1]].reply(query)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(answer) // the client may have gone
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"canarybot.io/api"
	"canarybot.io/api/client"
	"canarybot.io/api/report"
	"canarybot.io/rollout"
)

const (
	// patience is how long a command that waits goes on while Canarybot cannot be reached.
	patience = 5 * time.Minute
	// shortPatience is how long a question does.
	shortPatience = 10 * time.Second
)

// process is what a command meets outside.
type process struct {
	env func(name string) string
	// transport reaches the server; nil: the network does.
	transport http.RoundTripper
	// width returns how many columns the terminal has; 0: there is none.
	width func() int
}

// here returns the process as it is.
func here() process {
	return process{env: os.Getenv, width: func() int {
		columns, _, err := term.GetSize(int(os.Stdout.Fd()))
		if err != nil {
			return 0
		}
		return columns
	}}
}

// caller says where Canarybot is, and how a command answers.
type caller struct {
	process
	server, via, tokenFile, audience string
	output                           string
}

func (p process) caller(cmd *cobra.Command) *caller {
	c := &caller{process: p}
	flags := cmd.Flags()
	flags.StringVar(&c.server, "server", "", "Canarybot's address, as https://canarybot.example.com (default CANARYBOT_SERVER)")
	flags.StringVar(&c.via, "via", "", "instead of --server: kubernetes[:NAMESPACE/SERVICE:PORT], through the API server with your own kubeconfig (default CANARYBOT_VIA)")
	flags.StringVar(&c.tokenFile, "token-file", "", "the file that has the token (default CANARYBOT_TOKEN_FILE, CANARYBOT_TOKEN, or GitHub's own)")
	flags.StringVar(&c.audience, "audience", client.Audience, "what GitHub's token is made out to")
	flags.StringVar(&c.output, "output", "text", "text, or json: one object on standard output at the end, lines on standard error")
	completeFlags(cmd, map[string]cobra.CompletionFunc{"output": oneOf("text", "json"), "via": oneOf("kubernetes")})
	return c
}

// dial returns the client. It sends nothing to Canarybot. Errors are ended.
func (c *caller) dial(trouble func(error), patience time.Duration) (*client.Client, error) {
	if c.output != "text" && c.output != "json" {
		return nil, ended{exitRefused, "--output is text or json."}
	}
	o := client.Options{Transport: c.transport, Agent: "canarybot/" + version, Patience: patience, Trouble: trouble}
	server, via := c.address()
	switch {
	case server == "" && via == "":
		return nil, ended{exitRefused, "Say where Canarybot is: --server, CANARYBOT_SERVER, or --via kubernetes."}
	case server != "" && via != "":
		return nil, ended{exitRefused, "Say where Canarybot is once: --server or --via."}
	case via != "":
		route, err := throughKubernetes(via)
		if err != nil {
			return nil, err
		}
		o.Server, o.Header = route.address, client.OwnHeader
		if o.Transport == nil {
			o.Transport = route.transport
		}
	default:
		o.Server = server
	}
	token, err := client.Source{File: c.tokenFile, Audience: c.audience, Env: c.env, Transport: c.transport}.Find()
	if err != nil {
		return nil, err
	}
	o.Token = token
	made, err := client.New(o)
	if err != nil {
		return nil, ended{exitRefused, "Nothing was sent: " + err.Error() + "."}
	}
	return made, nil
}

// address returns where Canarybot is: by flag, else by the environment. A flag of one kind outdoes the other kind's variable.
func (c *caller) address() (server, via string) {
	if c.server != "" || c.via != "" {
		return c.server, c.via
	}
	return c.env("CANARYBOT_SERVER"), c.env("CANARYBOT_VIA")
}

// ask returns the client for a question that is answered at once.
func (c *caller) ask() (*client.Client, error) { return c.dial(nil, shortPatience) }

// print writes the value as JSON, or the text, by --output.
func (c *caller) print(out io.Writer, value any, text string) error {
	if c.output != "json" {
		_, err := io.WriteString(out, text)
		return err
	}
	return json.NewEncoder(out).Encode(value)
}

// find returns the rollout that is named: by its id, or as the one of a service that is under way, else its last.
func find(ctx context.Context, c *client.Client, name string) (api.Rollout, error) {
	if service, _, ok := rollout.ID(name).Split(); ok && rollout.IsDNSLabel(string(service)) {
		return c.Rollout(ctx, rollout.ID(name))
	}
	if !rollout.IsDNSLabel(name) {
		return api.Rollout{}, ended{exitRefused, fmt.Sprintf("%q is neither a service nor a rollout.", report.Inert(name))}
	}
	list, err := c.Rollouts(ctx, rollout.ServiceName(name))
	switch {
	case err != nil:
		return api.Rollout{}, err
	case len(list) == 0:
		return api.Rollout{}, ended{exitRefused, fmt.Sprintf("There was no rollout of %s yet.", name)}
	}
	found := list[0]
	for _, r := range list { // newest first: queued ones come before the live one
		if r.Outcome == "" {
			found = r
		}
	}
	return found, nil
}

// oneLine is a text that is shown in a table or a menu.
func oneLine(text string) string { return strings.ReplaceAll(report.Inert(text), "\t", " ") }

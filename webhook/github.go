package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"canarybot.io/rollout"
)

const (
	githubAPI        = "https://api.github.com"
	githubAPIVersion = "2022-11-28"
	githubMost       = 140 // characters of a description
	commitsKept      = 200
)

// github is a repository at GitHub.
type github struct {
	c       *client
	commits map[string]string // of the rollouts that were told of
}

// NewGitHub returns a target that keeps, at the commit of the new version, a status for each service and environment, and a
// deployment for each rollout that started.
func NewGitHub(s Settings, log *slog.Logger) Target {
	if s.URL == "" && s.URLFile == "" {
		s.URL = githubAPI
	}
	return github{newClient(s, log), map[string]string{}}
}

// Send brings both up to date. Doing it again makes no second deployment.
func (g github) Send(ctx context.Context, e Event) error {
	ref, err := g.ref(e)
	if err != nil {
		return err
	}
	if g.c.s.Statuses {
		if err := g.status(ctx, e, ref); err != nil {
			return fmt.Errorf("commit status: %w", err)
		}
	}
	if !g.c.s.Deployments || e.Rollout.Started.IsZero() { // cancelled before it started
		return nil
	}
	if err := g.deployment(ctx, e, ref); err != nil {
		return fmt.Errorf("deployment: %w", err)
	}
	return nil
}

// ref returns what stands for the version in the repository.
func (g github) ref(e Event) (string, error) {
	version := e.Version()
	if version == "" || strings.Contains(version, ":") {
		return "", &Error{Outcome: Refused, Cause: errors.New("the version is a digest, and no ref of the repository stands for it")}
	}
	return strings.ReplaceAll(g.c.s.Ref, "{version}", strings.TrimPrefix(version, g.c.s.Prefix)), nil
}

// state is how a rollout stands, in GitHub's words for a commit and for a deployment.
func (g github) state(e Event) (commit, deployment string) {
	switch e.Outcome() {
	case rollout.Succeeded:
		return "success", "success"
	case rollout.RolledBack:
		return "failure", "failure"
	case rollout.Cancelled, rollout.Abandoned:
		return "error", "error"
	}
	return "pending", "in_progress"
}

// status sets the commit's status.
func (g github) status(ctx context.Context, e Event, ref string) error {
	sha, err := g.commit(ctx, e, ref)
	if err != nil {
		return err
	}
	state, _ := g.state(e)
	content := described(e, state, "target_url")
	content["context"] = "canarybot/" + e.Environment + "/" + string(e.Rollout.Service)
	return g.call(ctx, http.MethodPost, "/statuses/"+sha, content, nil)
}

// commit returns the commit that the ref stood for when it was first asked about for this rollout.
func (g github) commit(ctx context.Context, e Event, ref string) (string, error) {
	key := e.Rollout.Store + "/" + string(e.Rollout.ID)
	if sha := g.commits[key]; sha != "" {
		return sha, nil
	}
	q, err := g.request(http.MethodGet, "/commits/"+escapePath(ref), nil)
	if err != nil {
		return "", err
	}
	q.accept = "application/vnd.github.sha"
	var sha string
	if err := g.c.do(ctx, q, &sha); err != nil {
		return "", fmt.Errorf("commit of %s: %w", ref, err)
	}
	if sha = strings.TrimSpace(sha); len(sha) < 40 || len(sha) > 64 || strings.Trim(sha, "0123456789abcdef") != "" {
		return "", later("commit of %s: the answer is no commit", ref)
	}
	if len(g.commits) >= commitsKept {
		clear(g.commits)
	}
	g.commits[key] = sha
	return sha, nil
}

// deployed is a deployment at GitHub. Its payload is what its maker wrote.
type deployed struct {
	ID      int64           `json:"id"`
	Payload json.RawMessage `json:"payload"`
}

// payload is how we know our own deployments again.
type payload struct {
	Store   string     `json:"canarybot_store"`
	Rollout rollout.ID `json:"canarybot_rollout"`
}

// deployment makes the rollout's deployment, unless it is there, and sets its status.
func (g github) deployment(ctx context.Context, e Event, ref string) error {
	where, mine := g.environment(e), payload{e.Rollout.Store, e.Rollout.ID}
	id, err := g.find(ctx, ref, where, mine)
	if err != nil {
		return err
	}
	if id == 0 {
		var made deployed
		err := g.call(ctx, http.MethodPost, "/deployments", map[string]any{
			"ref": ref, "task": "deploy", "auto_merge": false, "required_contexts": []string{}, "environment": where,
			"payload": mine, "description": cut(string(e.Rollout.ID)+" by Canarybot", githubMost),
		}, &made)
		if err != nil {
			return err
		}
		id = made.ID
	}
	_, state := g.state(e)
	return g.call(ctx, http.MethodPost, fmt.Sprintf("/deployments/%d/statuses", id), described(e, state, "log_url"), nil)
}

// described returns a state with its description, and the link under its key where there is one.
func described(e Event, state, link string) map[string]any {
	content := map[string]any{"state": state, "description": cut(e.Text, githubMost)}
	if e.Link != "" {
		content[link] = e.Link
	}
	return content
}

// find returns the id of the rollout's deployment; 0: there is none.
func (g github) find(ctx context.Context, ref, environment string, mine payload) (int64, error) {
	query := url.Values{"ref": {ref}, "environment": {environment}, "task": {"deploy"}, "per_page": {"100"}}
	var all []deployed
	if err := g.call(ctx, http.MethodGet, "/deployments?"+query.Encode(), nil, &all); err != nil {
		return 0, err
	}
	for _, d := range all {
		var p payload
		if json.Unmarshal(d.Payload, &p) == nil && p == mine {
			return d.ID, nil
		}
	}
	return 0, nil
}

// environment returns GitHub's name of the environment.
func (g github) environment(e Event) string {
	return strings.NewReplacer("{environment}", e.Environment, "{service}", string(e.Rollout.Service)).Replace(g.c.s.Environment)
}

// call makes a request about the repository.
func (g github) call(ctx context.Context, method, path string, content, into any) error {
	var body []byte
	if content != nil {
		var err error
		if body, err = json.Marshal(content); err != nil {
			return &Error{Outcome: Refused, Cause: err}
		}
	}
	q, err := g.request(method, path, body)
	if err != nil {
		return err
	}
	return g.c.do(ctx, q, into)
}

func (g github) request(method, path string, body []byte) (request, error) {
	address, err := g.c.address()
	return request{
		method: method, url: strings.TrimSuffix(address, "/") + "/repos/" + g.c.s.Repository + path,
		accept: "application/vnd.github+json", header: http.Header{"X-Github-Api-Version": {githubAPIVersion}}, body: body,
	}, err
}

// escapePath escapes what stands between the slashes of a ref.
func escapePath(ref string) string {
	parts := strings.Split(ref, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// cut cuts a text to so many characters.
func cut(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}

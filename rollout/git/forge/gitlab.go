package forge

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// gitLab speaks GitLab's REST API, version 4.
type gitLab struct{}

type gitLabMerge struct {
	Number  int    `json:"iid"`
	State   string `json:"state"` // opened, closed, locked, merged
	Link    string `json:"web_url"`
	Merge   string `json:"merge_commit_sha"`
	Squash  string `json:"squash_commit_sha"`
	Head    string `json:"sha"`
	Source  string `json:"source_branch"`
	Target  string `json:"target_branch"`
	SourceP int    `json:"source_project_id"`
	TargetP int    `json:"target_project_id"`
}

func (m gitLabMerge) request() Request {
	r := Request{Number: m.Number, Link: m.Link, State: Open}
	switch m.State {
	case "merged":
		r.State, r.Hash = Merged, cmp.Or(m.Merge, m.Squash, m.Head) // by a merge, a squash, or fast-forward
	case "closed":
		r.State = Closed
	}
	return r
}

func (gitLab) project(c *Client) string { return "/projects/" + url.PathEscape(c.options.Repository) }

func (g gitLab) path(c *Client) string { return g.project(c) + "/merge_requests" }

func (gitLab) header(token string) (name, value string) { return "Authorization", "Bearer " + token }

func (g gitLab) find(ctx context.Context, c *Client, head, base string) ([]Request, error) {
	q := url.Values{"state": {"all"}, "source_branch": {head}, "target_branch": {base}, "per_page": {"30"}}
	var merges []gitLabMerge
	if err := c.call(ctx, http.MethodGet, g.path(c)+"?"+q.Encode(), nil, &merges); err != nil {
		return nil, err
	}
	var all []Request
	for _, m := range merges {
		if m.Source == head && m.Target == base && m.SourceP == m.TargetP {
			all = append(all, m.request())
		}
	}
	return all, nil
}

func (g gitLab) open(ctx context.Context, c *Client, d Draft) (Request, error) {
	var merge gitLabMerge
	err := c.call(ctx, http.MethodPost, g.path(c), map[string]any{
		"title": d.Title, "source_branch": d.Head, "target_branch": d.Base, "description": d.Body, "remove_source_branch": true,
	}, &merge)
	return merge.request(), err
}

func (g gitLab) close(ctx context.Context, c *Client, number int) (Request, error) {
	var merge gitLabMerge
	err := c.call(ctx, http.MethodPut, g.path(c)+"/"+strconv.Itoa(number), map[string]any{"state_event": "close"}, &merge)
	return merge.request(), err
}

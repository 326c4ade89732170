package forge

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// gitHub speaks GitHub's REST API, as of version 2022-11-28; GitHub Enterprise Server has the same.
type gitHub struct{}

type gitHubPull struct {
	Number   int    `json:"number"`
	State    string `json:"state"`
	Link     string `json:"html_url"`
	MergedAt string `json:"merged_at"`
	Merge    string `json:"merge_commit_sha"` // of a trial merge, while it is open
	Head     struct {
		Ref  string `json:"ref"`
		Repo struct {
			Name string `json:"full_name"`
		} `json:"repo"`
	} `json:"head"`
	Base struct {
		Ref string `json:"ref"`
	} `json:"base"`
}

func (p gitHubPull) request() Request {
	r := Request{Number: p.Number, Link: p.Link, State: Open}
	switch {
	case p.MergedAt != "":
		r.State, r.Hash = Merged, p.Merge
	case p.State == "closed":
		r.State = Closed
	}
	return r
}

func (gitHub) project(c *Client) string { return "/repos/" + c.options.Repository }

func (g gitHub) path(c *Client) string { return g.project(c) + "/pulls" }

func (gitHub) header(token string) (name, value string) { return "Authorization", "Bearer " + token }

func (g gitHub) find(ctx context.Context, c *Client, head, base string) ([]Request, error) {
	owner, _, _ := strings.Cut(c.options.Repository, "/")
	q := url.Values{"state": {"all"}, "head": {owner + ":" + head}, "base": {base}, "per_page": {"30"}}
	var pulls []gitHubPull
	if err := c.call(ctx, http.MethodGet, g.path(c)+"?"+q.Encode(), nil, &pulls); err != nil {
		return nil, err
	}
	var all []Request
	for _, p := range pulls { // somebody's fork may have a branch of that name
		if p.Head.Ref == head && p.Base.Ref == base && (p.Head.Repo.Name == "" || strings.EqualFold(p.Head.Repo.Name, c.options.Repository)) {
			all = append(all, p.request())
		}
	}
	return all, nil
}

func (g gitHub) open(ctx context.Context, c *Client, d Draft) (Request, error) {
	var pull gitHubPull
	err := c.call(ctx, http.MethodPost, g.path(c), map[string]any{
		"title": d.Title, "head": d.Head, "base": d.Base, "body": d.Body, "maintainer_can_modify": true,
	}, &pull)
	return pull.request(), err
}

func (g gitHub) close(ctx context.Context, c *Client, number int) (Request, error) {
	var pull gitHubPull
	err := c.call(ctx, http.MethodPatch, g.path(c)+"/"+strconv.Itoa(number), map[string]any{"state": "closed"}, &pull)
	return pull.request(), err
}

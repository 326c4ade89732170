package webhook

import (
	"context"
	"encoding/json"
	"html"
	"log/slog"
	"slices"
	"strings"
)

// annotation is what Grafana gets. Times are in milliseconds.
type annotation struct {
	Dashboard string   `json:"dashboardUID,omitempty"`
	Panel     int      `json:"panelId,omitempty"`
	Time      int64    `json:"time"`
	TimeEnd   int64    `json:"timeEnd,omitempty"`
	Tags      []string `json:"tags"`
	Text      string   `json:"text"`
}

// grafana is a Grafana.
type grafana struct{ c *client }

// NewGrafana returns a target that makes an annotation in Grafana for each event, and one over the whole rollout at its
// end. Grafana does not tell one that is sent twice from two.
func NewGrafana(s Settings, log *slog.Logger) Target { return grafana{newClient(s, log)} }

// Send makes the annotation.
func (g grafana) Send(ctx context.Context, e Event) error {
	address, err := g.c.address()
	if err != nil {
		return err
	}
	a := annotation{
		Dashboard: g.c.s.Dashboard, Panel: g.c.s.Panel, Time: e.Entry.At.UnixMilli(),
		Tags: slices.Concat([]string{"canarybot", "environment:" + e.Environment, "service:" + string(e.Rollout.Service), "event:" + string(e.Kind)}, g.c.s.Tags),
		Text: html.EscapeString(e.Text), // it is shown as HTML
	}
	if e.Kind == Ended {
		a.Time, a.TimeEnd = e.began().UnixMilli(), e.Entry.At.UnixMilli()
		a.Tags = append(a.Tags, "outcome:"+string(e.Outcome()))
	}
	body, err := json.Marshal(a)
	if err != nil {
		return &Error{Outcome: Refused, Cause: err}
	}
	return g.c.do(ctx, request{url: strings.TrimSuffix(address, "/") + "/api/annotations", body: body}, nil)
}

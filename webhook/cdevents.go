package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"canarybot.io/rollout"
)

// cdVersion is the version of CDEvents that is spoken, typeVersion that of each of its types that is used here.
const cdVersion, typeVersion = "0.5.1", "0.3.0"

// cdevent is a CDEvent.
type cdevent struct {
	Context cdcontext `json:"context"`
	Subject cdsubject `json:"subject"`
	Data    Body      `json:"customData"`
	Type    string    `json:"customDataContentType"`
}

type cdcontext struct {
	Version string    `json:"specversion"`
	ID      string    `json:"id"`
	Source  string    `json:"source"`
	Type    string    `json:"type"`
	Time    time.Time `json:"timestamp"`
	Chain   string    `json:"chainId"` // what belongs to one rollout
}

type cdsubject struct {
	ID      string         `json:"id"`
	Source  string         `json:"source"`
	Content map[string]any `json:"content"`
}

// cdeventsOf returns the CDEvents that stand for an event: a rollout is the run of a pipeline, a step the run of a task in
// it, and what comes of it happens to the service.
func cdeventsOf(e Event) []cdevent {
	var all []cdevent
	add := func(typ, subject string, content map[string]any) {
		id := e.ID
		if len(all) > 0 {
			id += fmt.Sprintf("/%d", len(all)+1)
		}
		all = append(all, cdevent{
			Context: cdcontext{
				Version: cdVersion, ID: id, Source: cdsource(e), Type: "dev.cdevents." + typ + "." + typeVersion,
				Time: e.Entry.At.UTC(), Chain: e.Rollout.Store + "/" + string(e.Rollout.ID),
			},
			Subject: cdsubject{ID: subject, Source: cdsource(e), Content: content},
			Data:    BodyOf(e), Type: "application/json",
		})
	}
	run, task := string(e.Rollout.ID), fmt.Sprintf("%s/step-%d", e.Rollout.ID, e.Entry.Step+1)
	switch e.Kind {
	case Requested:
		add("pipelinerun.queued", run, cdrun(e))
	case Started:
		add("pipelinerun.started", run, cdrun(e))
	case Step:
		add("taskrun.started", task, cdtask(e))
	case Passed:
		content := cdtask(e)
		content["outcome"] = "success"
		add("taskrun.finished", task, content)
	case Promoted:
		did := "service.upgraded"
		if e.Rollout.Request.Back {
			did = "service.rolledback"
		}
		add(did, string(e.Rollout.Service), cdservice(e, e.Rollout.Image))
	case Ended:
		content := cdrun(e)
		content["outcome"] = cdoutcome(e.Outcome())
		if e.Outcome() != rollout.Succeeded {
			content["errors"] = e.Text
		}
		add("pipelinerun.finished", run, content)
		if e.Outcome() == rollout.RolledBack && e.Rollout.From() != "" {
			add("service.rolledback", string(e.Rollout.Service), cdservice(e, e.Rollout.From()))
		}
	case Asked, Settled, Decided, Promoting, Committed, RollingBack, Stuck: // CDEvents has no words for them
	}
	return all
}

// cdsource is who says it: together with an id it is unique.
func cdsource(e Event) string { return "/canarybot/" + url.PathEscape(e.Environment) }

// cdoutcome is how a pipeline's run ended.
func cdoutcome(o rollout.Outcome) string {
	switch o {
	case rollout.Succeeded:
		return "success"
	case rollout.RolledBack:
		return "failure"
	case rollout.Cancelled:
		return "cancel"
	case rollout.Abandoned:
	}
	return "error"
}

func cdrun(e Event) map[string]any {
	address := e.Link
	if address == "" {
		address = "urn:canarybot:" + url.PathEscape(e.Rollout.Store) + ":" + string(e.Rollout.ID)
	}
	return map[string]any{"pipelineName": string(e.Rollout.Service), "uri": address}
}

func cdtask(e Event) map[string]any {
	name := fmt.Sprintf("step %d of %d", e.Entry.Step+1, len(e.Rollout.Spec.Plan.Steps))
	if s, ok := e.step(); ok {
		name += ": " + s.Weight.String()
	}
	return map[string]any{"taskName": name, "pipelineRun": map[string]string{"id": string(e.Rollout.ID), "source": cdsource(e)}}
}

func cdservice(e Event, image string) map[string]any {
	return map[string]any{"environment": map[string]string{"id": e.Environment, "source": cdsource(e)}, "artifactId": PackageURL(image)}
}

// PackageURL returns an image as a package URL.
func PackageURL(image string) string {
	name, digest, _ := strings.Cut(image, "@")
	tag := ""
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name, tag = name[:colon], name[colon+1:]
	}
	u := "pkg:oci/" + url.PathEscape(path.Base(name))
	if digest != "" {
		u += "@" + url.QueryEscape(digest)
	}
	q := url.Values{}
	if strings.Contains(name, "/") {
		q.Set("repository_url", name)
	}
	if tag != "" {
		q.Set("tag", tag)
	}
	if len(q) > 0 {
		u += "?" + q.Encode()
	}
	return u
}

// cdevents is a receiver of CloudEvents.
type cdevents struct{ c *client }

// NewCDEvents returns a target that gets CDEvents, as CloudEvents over HTTP: in headers and body, or in one document.
func NewCDEvents(s Settings, log *slog.Logger) Target { return cdevents{newClient(s, log)} }

// Send posts the CDEvents that stand for the event, signed where there are keys. What was posted before one that failed is
// posted again with it.
func (t cdevents) Send(ctx context.Context, e Event) error {
	for _, one := range cdeventsOf(e) {
		header, content := one.headers(), any(one)
		if t.c.s.Structured {
			header, content = http.Header{"Content-Type": {"application/cloudevents+json"}}, one.document()
		}
		body, err := json.Marshal(content)
		if err != nil {
			return &Error{Outcome: Refused, Cause: err}
		}
		if err := t.c.post(ctx, one.Context.ID, header, body); err != nil {
			return err
		}
	}
	return nil
}

// headers are the CloudEvent's context, for the mode in which the body is the data.
func (c cdevent) headers() http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	for name, value := range map[string]string{
		"Ce-Specversion": "1.0", "Ce-Id": c.Context.ID, "Ce-Source": c.Context.Source, "Ce-Type": c.Context.Type,
		"Ce-Subject": c.Subject.ID, "Ce-Time": c.Context.Time.Format(time.RFC3339Nano),
	} {
		h.Set(name, value)
	}
	return h
}

// document is the whole CloudEvent.
func (c cdevent) document() map[string]any {
	return map[string]any{
		"specversion": "1.0", "id": c.Context.ID, "source": c.Context.Source, "type": c.Context.Type, "subject": c.Subject.ID,
		"time": c.Context.Time, "datacontenttype": "application/json", "data": c,
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"canarybot.io/api"
	"canarybot.io/api/report"
)

// said is the one object of --output json.
type said struct {
	Exit    exitCode     `json:"exit"`
	Text    string       `json:"text"`
	Rollout *api.Rollout `json:"rollout,omitempty"`
	Problem *api.Problem `json:"problem,omitempty"`
}

func (r result) said() said { return said{r.code, r.text, r.rollout, r.problem} }

// finish says the end: in the log, in the pipeline's summary and outputs, in the folder of reports, as JSON. A report that
// cannot be written is told and changes no code.
func (d *deployment) finish(end result) error {
	what := fmt.Sprintf("%s %s", d.start.Service, d.start.Version)
	for _, err := range d.reports(what, end) {
		d.show.line("A report could not be written: " + report.Inert(err.Error()))
	}
	if d.show.width() > 0 && end.rollout != nil {
		d.show.settle()
		fmt.Fprint(d.show.out, report.Card(*end.rollout))
	}
	d.show.end(end.code, "Canary of "+what, end.text)
	if d.output == "json" {
		if err := json.NewEncoder(d.cmd.OutOrStdout()).Encode(end.said()); err != nil {
			return err
		}
	}
	if end.code == exitSucceeded {
		return nil
	}
	return ended{code: end.code}
}

// reports writes the files of a pipeline, and returns what went wrong.
func (d *deployment) reports(what string, end result) (problems []error) {
	note := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	summary, outputs := report.Refusal(what, end.text), ""
	if end.code == exitSucceeded {
		summary = report.Nothing(what, end.text)
	}
	if r := end.rollout; r != nil {
		summary, outputs = report.Markdown(*r), report.Outputs(*r)
	}
	note(add(d.env("GITHUB_STEP_SUMMARY"), summary))
	note(add(d.env("GITHUB_OUTPUT"), outputs))
	if d.folder == "" {
		return problems
	}
	note(os.MkdirAll(d.folder, 0o755))
	files := map[string]string{"summary.md": summary}
	if r := end.rollout; r != nil {
		files = report.Files(*r, time.Since(d.began))
	}
	for name, text := range files {
		note(os.WriteFile(filepath.Join(d.folder, name), []byte(text), 0o644))
	}
	return problems
}

// add adds text to a file of the runner; an empty name: there is none.
func add(path, text string) error {
	if path == "" || text == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := file.WriteString(strings.TrimRight(text, "\n") + "\n"); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

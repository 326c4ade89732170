package report

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"canarybot.io/api"
	"canarybot.io/rollout"
)

// Files are the reports that a folder takes, by their names: what GitLab, Jenkins and others read.
func Files(r api.Rollout, took time.Duration) map[string]string {
	return map[string]string{
		"canarybot.env":    Dotenv(r),
		"junit.xml":        JUnit(r, took),
		"annotations.json": Annotations(r),
		"summary.md":       Markdown(r),
	}
}

// Dotenv is GitLab's report of variables: names of letters, values of one line without quotes.
func Dotenv(r api.Rollout) string {
	var b strings.Builder
	for _, o := range outputs(r) {
		fmt.Fprintf(&b, "CANARYBOT_%s=%s\n", strings.ToUpper(o.name), Clip(o.value, 900)) // GitLab takes 5 KiB in all
	}
	return b.String()
}

// Annotations is GitLab's report of links beside a job.
func Annotations(r api.Rollout) string {
	type external struct {
		Label string `json:"label"`
		URL   string `json:"url"`
	}
	type annotation struct {
		External external `json:"external_link"`
	}
	links := []annotation{}
	if card := Link(r.Card); card != "" {
		links = append(links, annotation{external{Inert(string(r.ID)) + " in Slack", card}})
	}
	text, err := json.Marshal(map[string][]annotation{"Canarybot": links})
	if err != nil {
		return "{}\n" // strings are always written
	}
	return string(text) + "\n"
}

type (
	suite struct {
		XMLName  xml.Name `xml:"testsuite"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Skipped  int      `xml:"skipped,attr"`
		Time     string   `xml:"time,attr"`
		Cases    []test   `xml:"testcase"`
	}
	test struct {
		Class   string  `xml:"classname,attr"`
		Name    string  `xml:"name,attr"`
		Time    string  `xml:"time,attr"`
		Failure *remark `xml:"failure"`
		Skipped *remark `xml:"skipped"`
		Out     string  `xml:"system-out,omitempty"`
	}
	remark struct {
		Message string `xml:"message,attr"`
	}
)

// JUnit is the rollout as a test report, which GitLab and Jenkins show: one case for the rollout, one for each check.
func JUnit(r api.Rollout, took time.Duration) string {
	s := suite{Name: "canarybot " + Inert(string(r.Service)), Time: seconds(took)}
	whole := test{Class: s.Name, Name: Inert(fmt.Sprintf("%s %s", r.ID, r.Version)), Time: seconds(took), Out: Card(r)}
	switch {
	case r.Outcome == "" && !r.Go:
		whole.Skipped = &remark{Verdict(r)}
	case r.Ending() != rollout.Succeeded && !r.Go:
		whole.Failure = &remark{Verdict(r)}
	}
	s.Cases = append(s.Cases, whole)
	for _, c := range r.Checks {
		one := test{Class: s.Name, Name: Inert("check " + c.Name), Time: "0", Out: Inert(c.Text)}
		switch c.Result {
		case "pass":
		case "fail":
			one.Failure = &remark{Inert(c.Text)}
		default:
			one.Skipped = &remark{Inert(c.Text)}
		}
		s.Cases = append(s.Cases, one)
	}
	for _, c := range s.Cases {
		s.Tests++
		if c.Failure != nil {
			s.Failures++
		}
		if c.Skipped != nil {
			s.Skipped++
		}
	}
	text, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return "" // strings are always written
	}
	return xml.Header + string(text) + "\n"
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.0f", d.Seconds()) }

// Section begins a section of GitLab's log, which EndSection ends.
func Section(at time.Time, title string) string {
	return fmt.Sprintf("\x1b[0Ksection_start:%d:canarybot\r\x1b[0K%s", at.Unix(), Inert(title))
}

// EndSection ends it.
func EndSection(at time.Time) string {
	return fmt.Sprintf("\x1b[0Ksection_end:%d:canarybot\r\x1b[0K", at.Unix())
}

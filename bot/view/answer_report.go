package view

import (
	"fmt"
	"strings"
	"time"

	"canarybot.io/rollout"
)

// Reported is what a report is about: a service, a team, or neither.
type Reported struct {
	Service rollout.ServiceName
	Team    string
	// Baseline is how it was before, and Began when the audit begins where the report asks for more.
	Baseline rollout.Baseline
	Began    time.Time
}

// of says what it is about, behind a noun.
func (r Reported) of() string {
	switch {
	case r.Service != "":
		return " of " + word(string(r.Service))
	case r.Team != "":
		return " of the team " + word(r.Team)
	}
	return ""
}

// Report says how rollouts went, before and now.
func (a Answers) Report(p rollout.Report, about Reported) Message {
	head := fmt.Sprintf("Report%s for the last %s", about.of(), strings.TrimPrefix(span(time.Duration(p.Days()*float64(24*time.Hour)).Round(time.Hour)), "1 "))
	note := ""
	if !about.Began.IsZero() {
		note = "The audit begins " + at(about.Began) + "; nothing before it is counted."
	}
	if p.Rollouts == 0 && p.Incidents == 0 {
		return message(paragraph("*"+head+"*", "No rollout came to everybody or was rolled back, and nobody reported an incident.", note)).withText("%s: no rollout.", head)
	}
	m := message("*"+head+"*").withText("%s: %s, %d rolled back.", head, plural(p.Rollouts, "rollout", "rollouts"), p.RolledBack).
		withBlocks(section(paragraph(seedTable(seedNumbers(p), baseline(about.Baseline))...)), section(paragraph(dora(p)...)))
	for _, lines := range [][]string{kept(p), a.agreement(p)} {
		if len(lines) > 0 {
			m = m.withBlocks(section(paragraph(lines...)))
		}
	}
	return m.withBlocks(context(joined(" ", note, "Report what customers noticed: "+a.typed("incident SERVICE what happened"))))
}

// seedNames are the four numbers that say whether canaries help.
var seedNames = [...]string{"Rollback rate", "Mean time to detect a bad deploy", "Customer-facing incidents", "Deploy frequency"}

// seedNumbers are what the four are in a report.
func seedNumbers(p rollout.Report) [len(seedNames)]string {
	rate, detection := "no rollout", "no bad deploy had traffic"
	if p.Rollouts > 0 {
		rate = fmt.Sprintf("%s %%, %d of %d", percent(100*float64(p.RolledBack)/float64(p.Rollouts), 2), p.RolledBack, p.Rollouts)
	}
	if p.Detected > 0 {
		detection = span(p.Detection)
	}
	const month, enough = 30.44, 14 // days
	incidents := fmt.Sprint(p.Incidents)
	if p.Days() >= enough { // a rate of less means nothing
		incidents = fmt.Sprintf("%s a month, %d in all", decimal(float64(p.Incidents)*month/p.Days(), 2), p.Incidents)
	}
	return [...]string{rate, detection, incidents, decimal(float64(p.Rollouts)/p.Days(), 2) + " a day"}
}

// seedTable are the four numbers now, and as they were before.
func seedTable(now, before [len(seedNames)]string) []string {
	var lines []string
	for i, name := range seedNames {
		was := ""
		if before[i] != "" {
			was = "before: " + before[i]
		}
		lines = append(lines, joined(", ", name+": *"+now[i]+"*", was))
	}
	return lines
}

// baseline are the four as they were before Canarybot, as far as the team knows.
func baseline(b rollout.Baseline) [len(seedNames)]string {
	return [...]string{
		orNothing(b.RollbackRate, func(v float64) string { return percent(100*v, 2) + " %" }),
		orNothing(b.Detection, span),
		orNothing(b.Incidents, func(v float64) string { return decimal(v, 2) + " a month" }),
		orNothing(b.Deploys, func(v float64) string { return decimal(v, 2) + " a day" }),
	}
}

func orNothing[T any](v *T, say func(T) string) string {
	if v == nil {
		return ""
	}
	return say(*v)
}

// dora are DORA's measures, as far as a rollout knows them: it begins with the request, not with the commit.
func dora(p rollout.Report) []string {
	lines := []string{"By DORA's measures:"}
	if p.Succeeded > 0 {
		lines = append(lines, fmt.Sprintf("Deployments to everybody: %s a day, median lead time from request to end %s", decimal(float64(p.Succeeded)/p.Days(), 2), span(p.Lead)))
	}
	if p.Rollouts > 0 {
		failed := min(p.Rollouts, p.RolledBack+p.Undone)
		lines = append(lines, fmt.Sprintf("Change fail rate: %s %%: %d rolled back, and %d undone after their success", percent(100*float64(failed)/float64(p.Rollouts), 2), p.RolledBack, p.Undone))
	}
	if p.Recovery > 0 {
		lines = append(lines, "Failed deployment recovery time, median: "+span(p.Recovery))
	}
	if len(lines) == 1 {
		return nil
	}
	return lines
}

// kept says what canaries kept from harm.
func kept(p rollout.Report) []string {
	var lines []string
	if p.RolledBack > 0 {
		lines = append(lines, fmt.Sprintf("Rolled back by Canarybot alone: %d of %d", p.RolledBackAlone, p.RolledBack))
	}
	if p.Kept >= 1 {
		lines = append(lines, "Requests kept from bad versions, estimated: "+strings.TrimSpace(count(p.Kept)))
	}
	return lines
}

const (
	// agreementsShown is how many services are listed by since when people agree with the judge.
	agreementsShown = 5
	// trusted is after how many decisions in agreement the judge may decide alone: a judge that is wrong once in seven
	// would hardly have come so far.
	trusted = 20
)

// agreement says where people and the judge agree and since when, and how the judge comes to decide alone there.
func (a Answers) agreement(p rollout.Report) []string {
	if p.Judged == 0 {
		return nil
	}
	lines := []string{fmt.Sprintf("People and the judge agreed in %d of %d decisions.", p.Agreed, p.Judged)}
	ready := rollout.ServiceName("")
	for i, one := range p.Agreements {
		if i == agreementsShown {
			lines = append(lines, fmt.Sprintf("… and %s more.", plural(len(p.Agreements)-i, "service", "services")))
			break
		}
		name, since := "*"+word(string(one.Service))+"*", "they disagreed the last time"
		switch {
		case one.InRow == 1:
			since = "they agreed the last time, " + at(one.Since)
		case one.InRow > 1:
			since = fmt.Sprintf("they agreed %d times in a row, since %s, which is %s", one.InRow, at(one.Since), span(p.To.Sub(one.Since)))
		}
		if one.InRow >= trusted && ready == "" {
			ready = one.Service
		}
		lines = append(lines, fmt.Sprintf("• %s: %s; %d of %d in all", name, since, one.Agreed, one.Judged))
	}
	if ready == "" {
		return append(lines, fmt.Sprintf("After %d times in a row the judge may well decide alone.", trusted))
	}
	return append(lines, fmt.Sprintf("The judge may well decide alone for %s: %s in the steps of its plan, in the configuration; or try it in one rollout: %s",
		word(string(ready)), code("gate: auto"), a.typed("deploy "+string(ready)+" VERSION --auto")))
}

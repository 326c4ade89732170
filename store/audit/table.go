package audit

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"canarybot.io/rollout"
)

// Table writes entries as CSV, for a spreadsheet. Make it with NewTable. Only Lines can be verified.
type Table struct {
	w *csv.Writer
	q rollout.AuditQuery
}

// NewTable returns an export of the entries that the query wants.
func NewTable(w io.Writer, q rollout.AuditQuery) *Table { return &Table{w: csv.NewWriter(w), q: q} }

// column is one column of the table.
type column struct {
	name  string
	value func(rollout.AuditEntry) string
}

func columns() []column {
	return []column{
		{"entry", func(e rollout.AuditEntry) string { return strconv.FormatInt(e.Seq, 10) }},
		{"at", func(e rollout.AuditEntry) string { return when(e.At) }},
		{"kind", func(e rollout.AuditEntry) string { return string(e.Kind) }},
		{"environment", func(e rollout.AuditEntry) string { return e.Environment }},
		{"service", func(e rollout.AuditEntry) string { return string(e.Service) }},
		{"rollout", func(e rollout.AuditEntry) string { return string(e.Rollout) }},
		{"actor", func(e rollout.AuditEntry) string { return who(e.Actor) }},
		{"action", func(e rollout.AuditEntry) string { return string(e.Action) }},
		{"words", func(e rollout.AuditEntry) string { return e.Text }},
		{"phase", func(e rollout.AuditEntry) string { return phases(e) }},
		{"weight", func(e rollout.AuditEntry) string { return weight(e) }},
		{"requested_version", ofRequest(func(r rollout.Request) string { return r.Version })},
		{"requested_by", ofRequest(func(r rollout.Request) string { return who(r.By) })},
		{"requested_at", ofRequest(func(r rollout.Request) string { return when(r.At) })},
		{"requested_because", ofRequest(func(r rollout.Request) string { return r.Text })},
		{"image", func(e rollout.AuditEntry) string { return e.Image }},
		{"digests", func(e rollout.AuditEntry) string { return digests(e) }},
		{"image_before", func(e rollout.AuditEntry) string { return e.Before }},
		{"verdict", func(e rollout.AuditEntry) string { return verdict(e) }},
		{"advice", func(e rollout.AuditEntry) string { return string(e.Advice) }},
		{"outcome", ofSummary(func(s rollout.AuditSummary) string { return string(s.Outcome) })},
		{"reason", func(e rollout.AuditEntry) string { return string(e.Reason.Code) }},
		{"approvers", ofSummary(func(s rollout.AuditSummary) string { return approvers(s) })},
		{"started_at", ofSummary(func(s rollout.AuditSummary) string { return when(s.Started) })},
		{"traffic_at", ofSummary(func(s rollout.AuditSummary) string { return when(s.Exposed) })},
		{"rolled_back_at", ofSummary(func(s rollout.AuditSummary) string { return when(s.Condemned) })},
		{"off_traffic_at", ofSummary(func(s rollout.AuditSummary) string { return when(s.WeightZero) })},
		{"policy", func(e rollout.AuditEntry) string { return e.Policy }},
		{"policy_rules", func(e rollout.AuditEntry) string { return rules(e) }},
	}
}

// Begin writes the head of the table.
func (t *Table) Begin(string) error {
	head := []string{}
	for _, c := range columns() {
		head = append(head, c.name)
	}
	return t.w.Write(append(head, "hash"))
}

// Entry writes the row of a record, if the query wants it.
func (t *Table) Entry(record []byte) error {
	e, wanted, _, err := Match(t.q, record)
	if err != nil || !wanted {
		return err
	}
	row := []string{}
	for _, c := range columns() {
		row = append(row, inert(c.value(e)))
	}
	hash, _, _ := Split(record)
	return t.w.Write(append(row, hash))
}

// End writes what is left.
func (t *Table) End(Head) error {
	t.w.Flush()
	return t.w.Error()
}

// inert keeps a spreadsheet from taking a cell for a formula: people's words stand in them.
func inert(cell string) string {
	if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") {
		return "'" + cell
	}
	return cell
}

func when(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

func who(a rollout.Actor) string {
	return strings.TrimSpace(strings.Trim(string(a.Kind)+":"+a.ID, ":") + " " + a.Run)
}

func phases(e rollout.AuditEntry) string {
	if e.Kind != rollout.AuditPhase {
		return ""
	}
	return e.From.String() + " to " + e.To.String()
}

func weight(e rollout.AuditEntry) string {
	if e.Kind != rollout.AuditPhase && e.Kind != rollout.AuditDecided {
		return ""
	}
	return strconv.Itoa(int(e.Weight))
}

func digests(e rollout.AuditEntry) string {
	var all []string
	for _, id := range e.Digests {
		all = append(all, id.String())
	}
	if _, _, _, digest := rollout.SplitImage(e.Image); e.Image != "" && len(all) == 0 && digest != "" {
		all = append(all, digest)
	}
	return strings.Join(all, "; ")
}

// verdict is the result with what each check said.
func verdict(e rollout.AuditEntry) string {
	if e.Verdict == nil {
		return ""
	}
	var checks []string
	for _, c := range e.Verdict.Checks {
		text := c.Check + " " + string(c.Result)
		if c.Canary != nil {
			text += " " + strconv.FormatFloat(*c.Canary, 'g', 4, 64)
		}
		if c.Threshold != nil {
			text += " (limit " + strconv.FormatFloat(*c.Threshold, 'g', 4, 64) + ")"
		}
		checks = append(checks, text)
	}
	return strings.TrimSuffix(string(e.Verdict.Result)+": "+strings.Join(checks, "; "), ": ")
}

func approvers(s rollout.AuditSummary) string {
	var all []string
	for _, a := range s.Approvers {
		all = append(all, who(a.By)+" "+string(a.Action)+" "+when(a.At))
	}
	return strings.Join(all, "; ")
}

func rules(e rollout.AuditEntry) string {
	if e.Rules == nil {
		return ""
	}
	text, _ := json.Marshal(e.Rules) // it was read from JSON
	return string(text)
}

func ofRequest(value func(rollout.Request) string) func(rollout.AuditEntry) string {
	return func(e rollout.AuditEntry) string {
		if e.Request == nil {
			return ""
		}
		return value(*e.Request)
	}
}

func ofSummary(value func(rollout.AuditSummary) string) func(rollout.AuditEntry) string {
	return func(e rollout.AuditEntry) string {
		if e.Summary == nil {
			return ""
		}
		return value(*e.Summary)
	}
}

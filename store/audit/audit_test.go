package audit_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/store/audit"
)

func at(n int) time.Time {
	return time.Date(2026, 3, 1, 12, 0, n, 0, time.FixedZone("CET", 3600))
}

// chain returns so many records behind each other, and where they end.
func chain(tb testing.TB, entries ...rollout.AuditEntry) (records [][]byte, head audit.Head) {
	tb.Helper()
	drafts, err := audit.Drafts(entries)
	if err != nil {
		tb.Fatal(err)
	}
	head = audit.Start("STORE")
	for _, d := range drafts {
		for _, d := range []*audit.Draft{d.Rules, &d} {
			if d == nil {
				continue
			}
			var record []byte
			record, head = d.Append(head)
			records = append(records, record)
		}
	}
	return records, head
}

func entries(n int) (all []rollout.AuditEntry) {
	for i := range n {
		all = append(all, rollout.AuditEntry{At: at(i), Kind: rollout.AuditDecided, Service: "checkout", Text: fmt.Sprintf(`<b> "entry":} %d`, i+1)})
	}
	return all
}

// lines exports the records.
func lines(tb testing.TB, records [][]byte, head audit.Head) []byte {
	tb.Helper()
	var out bytes.Buffer
	l := audit.NewLines(&out)
	err := l.Begin("STORE")
	for _, record := range records {
		if err == nil {
			err = l.Entry(record)
		}
	}
	if err == nil {
		err = l.End(head)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// TestTheBytesOfAnEntryNeverChange pins what is hashed: an audit of today has to verify with every later version.
func TestTheBytesOfAnEntryNeverChange(t *testing.T) {
	t.Parallel()
	e := entries(1)[0]
	e.Rules = &rollout.Policy{Deployers: []string{"U1"}, Approvers: []string{"U2"}}
	records, _ := chain(t, e)
	// The policy's own fields may grow, so its hash is another one then: its bytes are not pinned here.
	_, rules, _ := bytes.Cut(records[0], []byte(` `))
	if !bytes.HasPrefix(rules, []byte(`{"seq":1,"at":"2026-03-01T11:00:00Z","kind":"policy","policy":"`)) {
		t.Errorf("the policy is stored as %s", rules)
	}
	records, head := chain(t, entries(1)...)
	const want = `{"seq":1,"at":"2026-03-01T11:00:00Z","kind":"decided","service":"checkout","text":"\u003cb\u003e \"entry\":} 1"}`
	if _, got, _ := audit.Split(records[0]); string(got) != want {
		t.Errorf("stored as %s, want %s", got, want)
	}
	if audit.Link(audit.Start("STORE").Hash, []byte(want)) != head.Hash {
		t.Errorf("the hash is %s", head.Hash)
	}
}

// TestExportsOfBeforeVerify reads an export as an earlier version wrote it.
func TestExportsOfBeforeVerify(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "export.v1.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	store, newest, problems, err := audit.VerifyLines(bytes.NewReader(text), nil)
	if store != "STORE" || newest.Seq != 3 || len(problems) > 0 || err != nil {
		t.Errorf("store %s, %d entries, %+v, %v", store, newest.Seq, problems, err)
	}
}

// TestAnybodyCanVerify runs the lines of shell that docs/audit.md gives to those who want nothing of ours.
func TestAnybodyCanVerify(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "audit.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, script, ok := strings.Cut(string(page), "```sh\n# verify\n")
	script, _, closed := strings.Cut(script, "```")
	if !ok || !closed {
		t.Fatal("docs/audit.md has no such lines")
	}
	records, head := chain(t, entries(3)...)
	whole := lines(t, records, head)
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"whole":  {whole, "whole: 3 entries\n"},
		"edited": {bytes.Replace(whole, []byte("} 2"), []byte("} 7"), 1), "entry 2 was edited\n"},
	} {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		if err := os.WriteFile(path, c.text, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
		cmd.Dir = filepath.Dir(path)
		out, err := cmd.CombinedOutput()
		if string(out) != c.want || err != nil {
			t.Errorf("%s: says %q, %v; want %q", name, out, err, c.want)
		}
	}
}

func TestWhatWasDoneToAnExportIsNamed(t *testing.T) {
	t.Parallel()
	records, head := chain(t, entries(9)...)
	whole := string(lines(t, records, head))
	line := strings.SplitAfter(whole, "\n")
	without := func(from, to int) string { return strings.Join(append(line[:from:from], line[to+1:]...), "") }
	for _, c := range []struct {
		name, text string
		want       []rollout.Problem
		code       rollout.ProblemCode
	}{
		{"nothing", whole, nil, ""},
		{"a word was edited", strings.Replace(whole, "} 5", "} 6", 1), []rollout.Problem{{Code: audit.ProblemEdited, Count: 5, Limit: 4}}, ""},
		{"an entry was taken out", without(5, 5), []rollout.Problem{{Code: audit.ProblemMissing, Count: 5, Words: "entry 5 is"}}, ""},
		{"the first were taken out", without(1, 2), []rollout.Problem{{Code: audit.ProblemMissing, Count: 1, Words: "entries 1 to 2 are"}}, ""},
		{"the last was taken out", without(9, 9), []rollout.Problem{{Code: audit.ProblemMissing, Count: 9, Words: "entry 9 is"}}, ""},
		{"one stands twice", strings.Join(append(line[:6:6], line[5:]...), ""), []rollout.Problem{{Code: audit.ProblemPutIn, Count: 5}}, ""},
		{"cut between two lines", strings.Join(line[:8], ""), []rollout.Problem{{Code: audit.ProblemCut, Count: 7}}, ""},
		{"cut within a line", whole[:len(whole)/2], []rollout.Problem{{Code: audit.ProblemCut, Count: 4}}, ""},
		{"cut within the last line", whole[:len(whole)-10], []rollout.Problem{{Code: audit.ProblemCut, Count: 9}}, ""},
		{"another one behind it", whole + whole, nil, audit.ProblemNoExport},
		{"something else in it", strings.Join(line[:3], "") + "rubbish\n" + strings.Join(line[3:], ""), nil, audit.ProblemNoExport},
		{"something else", "services:\n", nil, audit.ProblemNoExport},
		{"an empty file", "", nil, audit.ProblemNoExport},
		{"of another store", strings.Replace(whole, `"STORE"`, `"OTHER"`, 1), nil, audit.ProblemNoExport},
		{"of a newer version", strings.Replace(whole, `audit":1`, `audit":2`, 1), nil, audit.ProblemNoExport},
	} {
		_, _, problems, err := audit.VerifyLines(strings.NewReader(c.text), nil)
		if diff := cmp.Diff(problems, c.want); diff != "" || err != nil && c.code == "" || rollout.ProblemOf(err).Code != c.code {
			t.Errorf("%s: %v; -got +want:\n%s", c.name, err, diff)
		}
	}
}

// TestTableIsInert: what people wrote becomes no formula in a spreadsheet.
func TestTableIsInert(t *testing.T) {
	t.Parallel()
	var all []rollout.AuditEntry
	texts := []string{`=HYPERLINK("http://evil.example")`, "+1", "-1", "@SUM(A1)", "\t=1", "fine, \"quoted\"\nand more"}
	for i, text := range texts {
		all = append(all, rollout.AuditEntry{At: at(i), Kind: rollout.AuditIncident, Service: "checkout", Text: text})
	}
	records, head := chain(t, append(all, entries(1)...)...)
	var out bytes.Buffer
	table := audit.NewTable(&out, rollout.AuditQuery{Kinds: []rollout.AuditKind{rollout.AuditIncident}})
	if err := table.Begin("STORE"); err != nil {
		t.Fatal(err)
	}
	for _, record := range records {
		if err := table.Entry(record); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.End(head); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != len(texts)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, text := range texts {
		got := rows[i+1][8]
		if strings.ContainsAny(got[:1], "=+-@\t") || strings.TrimPrefix(got, "'") != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func FuzzVerifyLines(f *testing.F) {
	records, head := chain(f, entries(3)...)
	whole := lines(f, records, head)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(`{"canarybot_audit":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, newest, problems, err := audit.VerifyLines(bytes.NewReader(text), map[int64]string{3: head.Hash})
		if len(problems) > 0 || err != nil || bytes.Equal(text, whole) {
			return
		}
		// Whole by our own account: then it has our three entries, or more that were put behind them by somebody who can hash.
		if newest.Seq < 3 || !bytes.HasPrefix(text, whole[:len(whole)-len(`{"end":{"seq":3,"hash":"","bytes":0}}`)-64-3]) {
			t.Errorf("verified: %q", text)
		}
	})
}

package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
	"canarybot.io/store/storetest"
)

func auditRun(t *testing.T, args ...string) string {
	t.Helper()
	cmd, out := root(here()), &bytes.Buffer{}
	cmd.SetArgs(append([]string{"audit"}, args...))
	cmd.SetOut(out)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		return sentence(err) + "\n"
	}
	return out.String()
}

func TestAuditCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, lines, table := filepath.Join(dir, "canarybot.db"), filepath.Join(dir, "audit.jsonl"), filepath.Join(dir, "audit.csv")
	s, err := bolt.Open(t.Context(), path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	say := func(want string, args ...string) {
		t.Helper()
		if got := auditRun(t, args...); !regexp.MustCompile("^" + want + "\n$").MatchString(got) {
			t.Errorf("%v says %q, want %s", args, got, want)
		}
	}
	say("The audit in "+path+` is whole: store [A-Z0-9]{26}, no entries yet\.`, "verify", path)
	first, second := storetest.Entry("first", storetest.Epoch()), storetest.Entry("second", storetest.Epoch())
	second.Kind = rollout.AuditIncident
	if err := s.Record(t.Context(), []rollout.AuditEntry{first, second}); err != nil {
		t.Fatal(err)
	}
	head, err := s.AuditHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hash := head.Hash
	whole := ` is whole: store [A-Z0-9]{26}, 2 entries, the newest with the hash ` + hash + `\.`
	say("The audit in "+path+whole, "verify", path) // while the store is in use
	say(lines+" has the audit of "+path+` up to entry 2\.`, "export", path, "--out", lines)
	say(lines+" is there already: name a file that is not.", "export", path, "--out", lines)
	say("The audit in "+lines+whole, "verify", lines, "--noted", "2:"+hash[:12])
	say("Entry 2 of the audit in .* has the hash "+hash+" and was noted as 00000000: .*", "verify", lines, "--noted", "2:00000000")
	say("The audit in .* ends with entry 2, and entry 3 was noted elsewhere: .*", "verify", path, "--noted", "3:00000000")
	say(`"latest" is no entry with its hash: .*`, "verify", path, "--noted", "latest")
	say(table+" has the audit .*", "export", path, "--format", "csv", "--kind", "incident", "--out", table)
	if text, err := os.ReadFile(table); err != nil || strings.Count(string(text), "\n") != 2 || !strings.Contains(string(text), ",second,") {
		t.Errorf("the table is %q, %v", text, err)
	}
	say("--since, --service and --kind need --format csv: .*", "export", path, "--kind", "incident")
	say("--since yesterday is not a date; .*", "export", path, "--format", "csv", "--since", "yesterday")
	say("there is no format xml: use jsonl or csv", "export", path, "--format", "xml")
	say("There is no store "+path+"2.", "verify", path+"2")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(lines); err != nil || os.WriteFile(lines, text[:len(text)-5], 0o600) != nil {
		t.Fatal(err)
	}
	say(lines+" ends behind entry 2, in the middle of the export: export it again.", "verify", lines)

	edited := filepath.Join(dir, "edited.jsonl")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("audit")).Delete([]byte("000000000001")) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	const gone = `In the audit in .* entry 1 is missing\. Restore it .*`
	say(gone, "verify", path)
	say(gone, "export", path, "--out", edited)
	if _, err := os.Lstat(edited); err == nil {
		t.Error("what is not whole was exported")
	}
}

// cut is a disk or a reader that takes so many bytes of an export and no more.
type cut struct {
	bytes.Buffer
	left int
	why  error
}

func (c *cut) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	c.left -= n
	c.Buffer.Write(p[:n])
	if n < len(p) {
		return n, &fs.PathError{Op: "write", Path: "/dev/stdout", Err: c.why}
	}
	return n, nil
}

// An export that is cut says so, and the piece of it says where it ends.
func TestAnExportThatIsCut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "canarybot.db")
	s, err := bolt.Open(t.Context(), path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	var all []rollout.AuditEntry
	for i := range 1000 {
		all = append(all, storetest.Entry(strings.Repeat("x", 10+i%90), storetest.Epoch()))
	}
	if err := s.Record(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, format string
		takes        int
		why          error
		said         string
		piece        string // what verifying it says; empty: nobody verifies it
	}{
		{"a disk that is full", "jsonl", 100_000, syscall.ENOSPC, `\(no space left on device\)`, `ends behind entry \d+, in the middle of the export: export it again\.`},
		{"a reader that went away", "jsonl", 100_000, syscall.EPIPE, `\(broken pipe\)`, `ends behind entry \d+, in the middle of the export: export it again\.`},
		{"a disk that takes nothing", "jsonl", 0, syscall.ENOSPC, `\(no space left on device\)`, `is not a store of Canarybot \(it is empty\)\. .*`},
		{"a disk that takes part of a line", "jsonl", 20, syscall.ENOSPC, `\(no space left on device\)`, `is no export of an audit that could be verified: line 1 is none of its lines\.`},
		{"a disk that is full before its last bytes", "csv", 50_000, syscall.ENOSPC, `\(no space left on device\)`, ""},
	} {
		out := &cut{left: tt.takes, why: tt.why}
		cmd := root(here())
		cmd.SetArgs([]string{"audit", "export", path, "--format", tt.format})
		cmd.SetOut(out)
		err := cmd.ExecuteContext(t.Context())
		if err == nil || codeOf(err) == 0 {
			t.Errorf("%s: got %v", tt.name, err)
			continue
		}
		want := `^The export to the standard output could not be written to its end: do not keep what there is of it, and export it again\. ` + tt.said + `$`
		if got := sentence(err); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s: got %q, want %s", tt.name, got, want)
		}
		if tt.piece == "" {
			continue
		}
		piece := filepath.Join(t.TempDir(), "piece")
		if err := os.WriteFile(piece, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := auditRun(t, "verify", piece); !regexp.MustCompile("^" + regexp.QuoteMeta(piece) + " " + tt.piece + "\n$").MatchString(got) {
			t.Errorf("%s: the piece: %q, want %s", tt.name, got, tt.piece)
		}
	}
}

// What is no store is called that, not one that is being written.
func TestTheAuditOfWhatIsNoStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte("buy milk\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"verify", "export"} {
		if got, want := auditRun(t, command, path), path+" is not a store of Canarybot (it has another format)."; !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, want %s", command, got, want)
		}
	}
}

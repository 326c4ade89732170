package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
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

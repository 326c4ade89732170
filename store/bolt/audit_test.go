package bolt_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"canarybot.io/rollout"
	"canarybot.io/store/audit"
	"canarybot.io/store/bolt"
	"canarybot.io/store/storetest"
)

// history appends so many entries, some of them with a policy, a few to a transaction.
func history(tb testing.TB, s *bolt.Store, entries int) {
	tb.Helper()
	for from := 0; from < entries; {
		var batch []rollout.AuditEntry
		for ; from < entries && len(batch) < 500; from++ {
			batch = append(batch, storetest.Entry(fmt.Sprintf("entry %d: %q", from+1, `"policy":"`), storetest.Epoch().Add(time.Duration(from)*time.Second)))
		}
		if err := s.Record(tb.Context(), batch); err != nil {
			tb.Fatal(err)
		}
	}
}

// verify reads the file's audit as canarybot audit verify does.
func verify(tb testing.TB, path string, noted map[int64]string) ([]rollout.Problem, audit.Head) {
	tb.Helper()
	var v *audit.Verifier
	found, err := bolt.ReadAudit(tb.Context(), path, func(store string) error {
		v = audit.NewVerifier(audit.Start(store), noted)
		return nil
	}, func(seq int64, record []byte) error {
		if record == nil {
			v.Broken(seq)
		} else {
			v.Entry(seq, record)
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return v.End(found.Head), v.Last()
}

const auditKey = "%012d"

// record returns a stored record of the audit, without its checksum.
func record(tx *bbolt.Tx, seq int) []byte {
	key := fmt.Sprintf(auditKey, seq)
	payload, _, err := bolt.Unframe("audit", key, tx.Bucket([]byte("audit")).Get([]byte(key)))
	if err != nil {
		panic(err)
	}
	return bytes.Clone(payload)
}

func put(tx *bbolt.Tx, seq int, record []byte) error {
	key := fmt.Sprintf(auditKey, seq)
	return tx.Bucket([]byte("audit")).Put([]byte(key), bolt.Frame("audit", key, record))
}

func remove(tx *bbolt.Tx, from, to int) error {
	for seq := from; seq <= to; seq++ {
		if err := tx.Bucket([]byte("audit")).Delete(fmt.Appendf(nil, auditKey, seq)); err != nil {
			return err
		}
	}
	return nil
}

// TestWhatWasDoneToTheAuditIsNamed has everything that somebody who may write to the file can do to it, short of writing
// the whole chain anew: that only hashes noted elsewhere tell.
func TestWhatWasDoneToTheAuditIsNamed(t *testing.T) {
	t.Parallel()
	origin := place(t)
	s := open(t, origin, bolt.WithoutSync(bolt.Options{}))
	policy := rollout.Policy{Approvers: []string{"U024BE7LH"}}
	under := storetest.Entry("under a policy", storetest.Epoch())
	under.Rules = &policy
	if err := s.Record(t.Context(), []rollout.AuditEntry{under}); err != nil { // entries 1 and 2
		t.Fatal(err)
	}
	history(t, s, 198)
	head, err := s.AuditHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	if problems, last := verify(t, origin, map[int64]string{200: head.Hash[:16]}); len(problems) > 0 || last.Seq != 200 {
		t.Fatalf("an untouched audit of %d entries: %+v", last.Seq, problems)
	}
	edited := func(n int) rollout.Problem { return rollout.Problem{Code: audit.ProblemEdited, Count: n, Limit: n - 1} }
	gone := func(n int, words string) rollout.Problem {
		return rollout.Problem{Code: audit.ProblemMissing, Count: n, Words: words}
	}
	for _, c := range []struct {
		name string
		do   func(tx *bbolt.Tx) error
		want []rollout.Problem
	}{
		{"a word was edited", func(tx *bbolt.Tx) error {
			return put(tx, 120, bytes.Replace(record(tx, 120), []byte("entry 118"), []byte("entry 999"), 1))
		}, []rollout.Problem{edited(120)}},
		{"a word was edited and the entry hashed anew", func(tx *bbolt.Tx) error {
			before, _, _ := audit.Split(record(tx, 119))
			_, entry, _ := audit.Split(bytes.Replace(record(tx, 120), []byte("entry 118"), []byte("entry 999"), 1))
			return put(tx, 120, append([]byte(audit.Link(before, entry)+" "), entry...))
		}, []rollout.Problem{edited(121)}},
		{"bytes of it were changed", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("audit")).Put(fmt.Appendf(nil, auditKey, 120), []byte("00000000 rubbish"))
		}, []rollout.Problem{{Code: audit.ProblemBroken, Count: 120}}},
		{"an entry was taken out", func(tx *bbolt.Tx) error { return remove(tx, 120, 120) }, []rollout.Problem{gone(120, "entry 120 is")}},
		{"entries were taken out", func(tx *bbolt.Tx) error { return remove(tx, 50, 180) }, []rollout.Problem{gone(50, "entries 50 to 180 are")}},
		{"the beginning was taken out", func(tx *bbolt.Tx) error { return remove(tx, 1, 20) }, []rollout.Problem{gone(1, "entries 1 to 20 are")}},
		{"the end was taken out", func(tx *bbolt.Tx) error { return remove(tx, 191, 200) }, []rollout.Problem{gone(191, "entries 191 to 200 are")}},
		{"all of it was taken out", func(tx *bbolt.Tx) error { return remove(tx, 1, 200) }, []rollout.Problem{gone(1, "entries 1 to 200 are")}},
		{"two were swapped", func(tx *bbolt.Tx) error {
			a, b := record(tx, 120), record(tx, 121)
			if err := put(tx, 120, b); err != nil {
				return err
			}
			return put(tx, 121, a)
		}, []rollout.Problem{{Code: audit.ProblemBroken, Count: 120}, {Code: audit.ProblemBroken, Count: 121}}},
		{"one was put in behind the end", func(tx *bbolt.Tx) error {
			before, _, _ := audit.Split(record(tx, 200))
			entry := []byte(`{"seq":201,"at":"2026-03-01T12:00:00Z"}`)
			return put(tx, 201, append([]byte(audit.Link(before, entry)+" "), entry...))
		}, []rollout.Problem{{Code: audit.ProblemPutIn, Count: 201}}},
		{"the policy was edited", func(tx *bbolt.Tx) error {
			return put(tx, 1, bytes.Replace(record(tx, 1), []byte("U024BE7LH"), []byte("U024BE7LX"), 1))
		}, []rollout.Problem{edited(1), edited(1)}},
		{"an entry names another policy", func(tx *bbolt.Tx) error {
			text := record(tx, 2)
			at := bytes.Index(text, []byte(`"policy":"`)) + len(`"policy":"`)
			copy(text[at:], bytes.Repeat([]byte("0"), 64))
			return put(tx, 2, text)
		}, []rollout.Problem{edited(2), {Code: audit.ProblemNoPolicy, Count: 2}}},
	} {
		path := place(t)
		write(t, path, read(t, origin))
		change(t, path, c.do)
		problems, _ := verify(t, path, nil)
		if diff := cmp.Diff(problems, c.want); diff != "" {
			t.Errorf("%s: -got +want:\n%s", c.name, diff)
		}
	}
}

// TestAuditOfAnotherStore is a whole audit, written anew or taken from elsewhere: only what was noted tells.
func TestAuditOfAnotherStore(t *testing.T) {
	t.Parallel()
	path := place(t)
	s := open(t, path, bolt.WithoutSync(bolt.Options{}))
	history(t, s, 30)
	shut(t, s)
	for _, c := range []struct {
		noted map[int64]string
		want  rollout.ProblemCode
	}{
		{map[int64]string{20: "0000000000000000"}, audit.ProblemOther},
		{map[int64]string{31: "0000000000000000"}, audit.ProblemShort},
	} {
		problems, _ := verify(t, path, c.noted)
		if len(problems) != 1 || problems[0].Code != c.want {
			t.Errorf("%v: got %+v, want %s", c.noted, problems, c.want)
		}
	}
}

// TestAuditIsReadBesideARunningBot: while the file is read, the bot writes so much that pages which were to be read are used
// for something else. Every entry is read once all the same, and the newest ones too.
func TestAuditIsReadBesideARunningBot(t *testing.T) {
	t.Parallel()
	path := place(t)
	s := open(t, path, bolt.WithoutSync(bolt.Options{}))
	history(t, s, 3000)
	var v *audit.Verifier
	found, err := bolt.ReadAudit(t.Context(), path, func(store string) error {
		v = audit.NewVerifier(audit.Start(store), nil)
		return nil
	}, func(seq int64, record []byte) error {
		if v.Entry(seq, record); seq%50 > 0 || seq > 3000 {
			return nil
		}
		note := rollout.StoredNote{Kind: "card", Key: fmt.Sprint(seq % 500), Value: make([]byte, 3000)}
		return s.Record(t.Context(), []rollout.AuditEntry{storetest.Entry("more", storetest.Epoch())}, note)
	})
	if err != nil {
		t.Fatal(err)
	}
	if problems := v.End(found.Head); len(problems) > 0 || v.Last().Seq != 3060 {
		t.Errorf("%d entries: %+v", v.Last().Seq, problems)
	}
	shut(t, s)
}

// TestAuditSurvivesCompactionAndShrinking: what makes room drops rollouts, never an entry.
func TestAuditSurvivesCompactionAndShrinking(t *testing.T) {
	t.Parallel()
	path := place(t)
	s := open(t, path, bolt.WithoutSync(bolt.Options{Limit: mib}))
	history(t, s, 4000) // more than the limit by itself
	for n := 1; n <= 40; n++ {
		r := storetest.Queued("checkout", n)
		r.Trouble = rollout.Text(string(bytes.Repeat([]byte("x"), 5000)))
		commit(t, s, storetest.Audited(storetest.Move(r, rollout.Ended, storetest.Epoch()), storetest.Entry("ended", storetest.Epoch())))
	}
	if all, err := s.History(t.Context(), "checkout", 100); len(all) != 40 || err != nil {
		t.Errorf("%d rollouts are left, %v: the audit made them go", len(all), err)
	}
	for n := 41; n <= 400; n++ {
		r := storetest.Queued("checkout", n)
		r.Trouble = rollout.Text(string(bytes.Repeat([]byte("x"), 9000)))
		commit(t, s, storetest.Move(r, rollout.Ended, storetest.Epoch()))
	}
	if all, err := s.History(t.Context(), "checkout", 400); len(all) > 200 || err != nil {
		t.Errorf("%d rollouts are left, %v: the limit does not hold", len(all), err)
	}
	shut(t, s)
	if _, _, err := bolt.Compact(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if problems, last := verify(t, path, nil); len(problems) > 0 || last.Seq != 4040 {
		t.Errorf("%d entries: %+v", last.Seq, problems)
	}
	s = open(t, path, bolt.WithoutSync(bolt.Options{}))
	history(t, s, 1)
	shut(t, s)
	if problems, last := verify(t, path, nil); len(problems) > 0 || last.Seq != 4041 {
		t.Errorf("%d entries: %+v", last.Seq, problems)
	}
}

// earlier makes the file one of the first schema, which had no audit.
func earlier(t *testing.T, path string) {
	t.Helper()
	change(t, path, func(tx *bbolt.Tx) error {
		for _, bucket := range []string{"audit", "policies"} {
			if err := tx.DeleteBucket([]byte(bucket)); err != nil {
				return err
			}
		}
		var total struct {
			Records int    `json:"records"`
			CRC     uint64 `json:"crc"`
		}
		self := tx.Bucket([]byte("canarybot"))
		text, _, err := bolt.Unframe("canarybot", "sum", self.Get([]byte("sum")))
		if err != nil {
			return err
		}
		old, _, err := bolt.Unframe("canarybot", "store", self.Get([]byte("store")))
		if err != nil {
			return err
		}
		old = bytes.Clone(old)
		now := bytes.Replace(old, []byte(`"schema":2`), []byte(`"schema":1`), 1)
		if err := json.Unmarshal(text, &total); err != nil {
			return err
		}
		total.CRC += uint64(crc("store", now)) - uint64(crc("store", old))
		text, err = json.Marshal(total)
		if err != nil {
			return err
		}
		if err := self.Put([]byte("sum"), bolt.Frame("canarybot", "sum", text)); err != nil {
			return err
		}
		return self.Put([]byte("store"), bolt.Frame("canarybot", "store", now))
	})
}

func crc(key string, payload []byte) uint32 {
	return crc32.Checksum(append([]byte("canarybot\x00"+key+"\x00"), payload...), crc32.MakeTable(crc32.Castagnoli))
}

func TestFileOfAnEarlierSchema(t *testing.T) {
	t.Parallel()
	origin := place(t)
	s := open(t, origin, bolt.WithoutSync(bolt.Options{}))
	small(t, s)
	want := dump(t, s)
	shut(t, s)
	earlier(t, origin)
	_, err := bolt.ReadAudit(t.Context(), origin, nil, nil)
	if rollout.ProblemOf(err).Code != audit.ProblemNotStored {
		t.Errorf("its audit: %v", err)
	}

	path := place(t)
	write(t, path, read(t, origin))
	s = open(t, path, bolt.WithoutSync(bolt.Options{}))
	if got := dump(t, s); got != want {
		t.Errorf("it has other rollouts:\n%s", cmp.Diff(got, want))
	}
	history(t, s, 3)
	shut(t, s)
	if problems, last := verify(t, path, nil); len(problems) > 0 || last.Seq != 3 {
		t.Errorf("%d entries: %+v", last.Seq, problems)
	}
	if _, err := bolt.Check(t.Context(), path); err != nil {
		t.Error(err)
	}

	path = filepath.Join(t.TempDir(), "canarybot.db")
	write(t, path, read(t, origin))
	readOnly := bolt.WithOpenFile(bolt.Options{}, func(path string, flag int, mode os.FileMode) (*os.File, error) {
		if flag&os.O_RDWR != 0 {
			return nil, syscall.EROFS
		}
		return os.OpenFile(path, flag, mode)
	})
	s = open(t, path, readOnly)
	all, err := s.Audit(t.Context(), rollout.AuditQuery{})
	if head, err2 := s.AuditHead(t.Context()); len(all) != 0 || head.Seq != 0 || err != nil || err2 != nil {
		t.Errorf("where it may only be read: %d entries, %v, %v", len(all), err, err2)
	}
	if got := dump(t, s); got != want {
		t.Errorf("where it may only be read, it has other rollouts")
	}
	shut(t, s)
}

// BenchmarkAudit verifies an audit of a million entries, as large as those of real rollouts.
func BenchmarkAudit(b *testing.B) {
	path := place(b)
	s := open(b, path, bolt.WithoutSync(bolt.Options{}))
	const entries = 1_000_000
	r := storetest.Queued("checkout", 1)
	for from := 0; from < entries; {
		var batch []rollout.AuditEntry
		for ; len(batch) < 20_000; from++ {
			batch = append(batch, rollout.AuditEntry{
				At: storetest.Epoch().Add(time.Duration(from) * time.Second), Kind: rollout.AuditDecided, Environment: "production",
				Service: "checkout", Rollout: rollout.NewID("checkout", from/8+1), Actor: r.Request.By, Action: rollout.Promote,
				Text: "looks good to me", Image: r.Image, Rules: &rollout.Policy{Approvers: []string{"U024BE7LH"}},
				Verdict: &rollout.AuditVerdict{Result: rollout.Pass, Checks: []rollout.AuditCheck{{Check: "error_rate", Result: rollout.Pass}, {Check: "latency_p99", Result: rollout.Pass}}},
			})
		}
		if err := s.Record(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	shut(b, s)
	b.ResetTimer()
	for b.Loop() {
		if problems, last := verify(b, path, nil); len(problems) > 0 || last.Seq != entries+1 {
			b.Fatalf("%d entries: %+v", last.Seq, problems)
		}
	}
	b.ReportMetric(float64(size(b, path))/1e6, "MB")
}

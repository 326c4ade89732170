package bolt_test

import (
	"bytes"
	"os"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
	"github.com/google/go-cmp/cmp"
)

func TestRecordsThatSayTheWrongThingNameTheirPlace(t *testing.T) {
	for name, payload := range map[string]string{
		"a phase that is none": `{"phase":"sleeping"}`, "no JSON": `x`, "nothing": ``, "another type": `[]`,
	} {
		_, err := bolt.Recode("rollouts", []byte(payload))
		want := rollout.Problem{Code: bolt.ProblemRecordUnexpected, Key: "rollouts", Value: "key"}
		if p := rollout.ProblemOf(err); rollout.CodeOf(err) != rollout.Internal || !cmp.Equal(p, want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestFrameCoversItsPlace(t *testing.T) {
	raw := bolt.Frame("holders", "checkout", []byte(`"checkout-1"`))
	if payload, _, err := bolt.Unframe("holders", "checkout", raw); string(payload) != `"checkout-1"` || err != nil {
		t.Fatalf("got %q, %v", payload, err)
	}
	for _, place := range [][2]string{{"holders", "checkout2"}, {"numbers", "checkout"}, {"holder", "scheckout"}} {
		if _, _, err := bolt.Unframe(place[0], place[1], raw); err == nil {
			t.Errorf("the record is taken for one at %v", place)
		}
	}
}

// FuzzRecord decodes anything as a stored record: it is refused, or a value that is written as the same record ever
// after.
func FuzzRecord(f *testing.F) {
	for _, bucket := range []string{"rollouts", "entries"} {
		golden, err := os.ReadFile("testdata/" + bucket + ".v1.json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bucket, golden)
	}
	f.Add("rollouts", []byte(`{"phase":"baking","acked":"2026-03-01T12:00:00+05:30","judge":"AA==","undone":[],"held":null}`))
	f.Add("entries", []byte(`{"data":{"away":-1,"problems":["\ud800"]}}`))
	f.Fuzz(func(t *testing.T, bucket string, payload []byte) {
		if stored, _, err := bolt.Unframe(bucket, "key", payload); err == nil && len(stored) >= len(payload) {
			t.Error("a record lies in no frame")
		}
		if stored, _, err := bolt.Unframe(bucket, "key", bolt.Frame(bucket, "key", payload)); err != nil || !bytes.Equal(stored, payload) {
			t.Errorf("framed and unframed it is %q, %v", stored, err)
		}
		once, err := bolt.Recode(bucket, payload)
		if err != nil {
			return
		}
		twice, err := bolt.Recode(bucket, once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%s\nbecame %s\n%v", once, twice, err)
		}
	})
}

// FuzzInspect looks at anything as a store's file: it returns.
func FuzzInspect(f *testing.F) {
	path := place(f)
	s := open(f, path, bolt.WithoutSync(bolt.Options{}))
	shut(f, s)
	f.Add(read(f, path))
	f.Add([]byte("text"))
	f.Fuzz(func(t *testing.T, image []byte) {
		if id, err := bolt.Inspect(image); (id == "") == (err == nil) {
			t.Errorf("the id %q came with %v", id, err)
		}
	})
}

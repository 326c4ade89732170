package traffic_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"canarybot.io/rollout"
	"canarybot.io/rollout/traffic"
)

// rule returns stable, canary and further backends with these weights; nil is an absent one.
func rule(weights ...any) traffic.Rule {
	r := traffic.Rule{Stable: 0, Canary: 1, Default: 1, Max: 1_000_000}
	for _, w := range weights {
		ref := traffic.Weighted{}
		if w != nil {
			ref["weight"] = w
		}
		r.Refs = append(r.Refs, ref)
	}
	return r
}

func weights(r traffic.Rule) []any {
	var all []any
	for _, ref := range r.Refs {
		all = append(all, ref["weight"])
	}
	return all
}

func TestSteer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		rule traffic.Rule
		want rollout.Weight
		get  []any
	}{
		{"a pair alone sums to 100", rule(nil, int64(0)), 5, []any{int64(95), int64(5)}},
		{"a pair alone with other numbers sums to 100 too", rule(int64(9), int64(0)), 1, []any{int64(99), int64(1)}},
		{"at 0 both stay", rule(int64(95), int64(5)), 0, []any{int64(100), int64(0)}},
		{"at 100 both stay", rule(int64(95), int64(5)), 100, []any{int64(0), int64(100)}},
		{"others keep their share of the whole", rule(int64(9), int64(0), int64(1)), 5, []any{int64(855), int64(45), int64(100)}},
		{"a pair that is fine enough changes nobody", rule(int64(95), int64(5), int64(100)), 50, []any{int64(50), int64(50), int64(100)}},
		{"a backend at 0 stays there", rule(nil, int64(0), int64(0)), 10, []any{int64(90), int64(10), int64(0)}},
		{"milli weights become whole", rule("500m", int64(0), "250m"), 50, []any{int64(50), int64(50), int64(50)}},
		{"a pair without traffic gets some", rule(int64(0), int64(0), int64(7)), 0, []any{int64(100), int64(0), int64(7)}},
		{"large weights can be rolled back always", rule(int64(900_001), int64(5), int64(50_000)), 0, []any{int64(900_006), int64(0), int64(50_000)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := c.rule.Steer(c.want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(weights(got), c.get); diff != "" {
				t.Errorf("weights, got before want:\n%s", diff)
			}
		})
	}
	if _, err := rule(int64(900_001), int64(0), int64(50_000)).Steer(5); rollout.CodeOf(err) != rollout.Invalid {
		t.Errorf("got %v for a share that cannot be set exactly, want invalid", err)
	}
	if _, err := rule(int64(1), int64(0)).Steer(101); rollout.CodeOf(err) != rollout.Invalid {
		t.Errorf("got %v for a share of 101 %%, want invalid", err)
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	five := rollout.Weight(5)
	for _, c := range []struct {
		name   string
		rule   traffic.Rule
		expect *rollout.Weight
		want   rollout.Weight
	}{
		{"exact", rule(int64(95), int64(5)), &five, 5},
		{"exact in other numbers", rule(int64(19), int64(1)), &five, 5},
		{"beside others it is the share of the pair", rule(int64(95), int64(5), int64(900)), nil, 5},
		{"an absent weight is one", rule(nil, nil), nil, 50},
		{"a little is never nothing", rule(int64(999_999), int64(1)), nil, 1},
		{"nearly all is never all", rule(int64(1), int64(999_999)), nil, 99},
		{"beside what we wrote it never reads as it", rule(int64(955), int64(45)), &five, 4},
		{"above what we wrote it reads as more", rule(int64(949), int64(51)), &five, 6},
		{"floats, strings and milli", rule(9.5, "500m"), nil, 5},
		{"both at 0 is nothing", rule(int64(0), int64(0)), nil, 0},
		{"what is no weight is nothing", rule(int64(10), "many"), nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := c.rule.Share(c.expect); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

// Whatever the weights: a share reads back as it was set, others keep theirs, and giving back restores every number.
func TestSteerAndRestore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Int64Range(0, 10_000)
		found := rule(rapid.Int64Range(1, 10_000).Draw(t, "stable"), int64(0))
		for range rapid.IntRange(0, 3).Draw(t, "others") {
			found.Refs = append(found.Refs, traffic.Weighted{"weight": number.Draw(t, "weight")})
		}
		remembered, err := traffic.Remember([]traffic.Rule{found.DropCanary()})
		if err != nil {
			t.Fatal(err)
		}
		r := found
		for range rapid.IntRange(1, 4).Draw(t, "steps") {
			want := rollout.Weight(rapid.IntRange(0, 100).Draw(t, "share"))
			if r, err = r.Steer(want); err != nil {
				t.Fatal(err)
			}
			if got := r.Share(nil); got != want {
				t.Fatalf("%v reads %d, want %d", weights(r), got, want)
			}
			for i := 2; i < len(r.Refs); i++ {
				if before, after := part(found, i), part(r, i); before != after {
					t.Fatalf("backend %d had %v of the whole and has %v", i, before, after)
				}
			}
		}
		got := traffic.Restore([]traffic.Rule{r}, remembered, true)[0]
		if diff := cmp.Diff(weights(got), weights(found.DropCanary())); diff != "" {
			t.Fatalf("restored, got before want:\n%s", diff)
		}
	})
}

// part is a backend's share of all, as a reduced fraction.
func part(r traffic.Rule, i int) [2]int64 {
	var sum int64
	for _, ref := range r.Refs {
		sum += ref["weight"].(int64)
	}
	w := r.Refs[i]["weight"].(int64)
	a, b := w, sum
	for b != 0 {
		a, b = b, a%b
	}
	return [2]int64{w / a, sum / a}
}

func TestRestoreLeavesWhatSomebodyChanged(t *testing.T) {
	t.Parallel()
	found := rule(int64(9), int64(0), int64(1))
	remembered, err := traffic.Remember([]traffic.Rule{found})
	if err != nil {
		t.Fatal(err)
	}
	ours, err := found.Steer(0)
	if err != nil {
		t.Fatal(err)
	}
	ours.Refs[2] = traffic.Weighted{"weight": int64(33)} // somebody gave the third backend more
	got := traffic.Restore([]traffic.Rule{ours}, remembered, true)[0]
	if diff := cmp.Diff(weights(got), []any{int64(900), int64(33)}); diff != "" {
		t.Errorf("got before want:\n%s", diff)
	}
	for _, text := range []string{"", "null", "[]", `{"a":1}`, `[[1]]`, `[["x",1,2]]`} {
		got := traffic.Restore([]traffic.Rule{ours}, text, false)[0]
		if diff := cmp.Diff(weights(got), weights(ours)); diff != "" {
			t.Errorf("remembered %q, got before want:\n%s", text, diff)
		}
	}
}

// A weight comes from anybody with kubectl: no value may panic or overflow.
func FuzzShare(f *testing.F) {
	f.Add(`5`, `"500m"`, `1e300`)
	f.Add(`null`, `-1`, `"9223372036854775807"`)
	f.Fuzz(func(t *testing.T, stable, canary, other string) {
		r := rule()
		for _, text := range []string{stable, canary, other} {
			var v any
			if json.Unmarshal([]byte(text), &v) != nil {
				v = text
			}
			r.Refs = append(r.Refs, traffic.Weighted{"weight": v})
		}
		if share := r.Share(nil); !share.Valid() {
			t.Fatalf("the share of %v is %d", weights(r), share)
		}
		if steered, err := r.Steer(5); err == nil && r.Problem().IsZero() && steered.Share(nil) != 5 {
			t.Fatalf("%v steered to %v reads %d", weights(r), weights(steered), steered.Share(nil))
		}
	})
}

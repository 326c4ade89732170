package pack_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"canarybot.io/rollout/judge/pack"
)

type remembered struct {
	Ring [16][2][7]count `json:"ring,omitzero"`
	Far  float64         `json:"far,omitempty"`
}

type count struct {
	N   float64 `json:"n,omitempty"`
	Bad float64 `json:"bad,omitempty"`
}

func TestUnpackReadsWhatPackWrote(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	want := remembered{Far: 1e-300 / 3}
	for i := range want.Ring {
		for arm := range want.Ring[i] {
			for m := range want.Ring[i][arm] {
				want.Ring[i][arm][m] = count{N: float64(rng.IntN(2000)), Bad: float64(rng.IntN(5))}
			}
		}
	}
	b, err := pack.Pack(want)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 1100 {
		t.Errorf("448 counts take %d bytes", len(b))
	}
	var got remembered
	if err := pack.Unpack(b, &got); err != nil || got != want {
		t.Errorf("%v, %+v", err, got)
	}
}

func TestUnpackReadsPlainJSON(t *testing.T) {
	t.Parallel()
	var got remembered
	if err := pack.Unpack([]byte(`{"far":3}`), &got); err != nil || got.Far != 3 {
		t.Errorf("%v, %+v", err, got)
	}
}

func TestWhatCannotBePackedIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := pack.Pack(remembered{Far: math.NaN()}); err == nil {
		t.Error("NaN was packed")
	}
}

func TestDownRoundsDownAndLittle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64().Draw(t, "v")
		got := pack.Down(v)
		if math.Abs(v) < 1e-300 || math.Abs(v) > 1e300 {
			return
		}
		if got > v || v-got > 1e-6*math.Abs(v) || pack.Down(got) != got {
			t.Fatalf("%v becomes %v", v, got)
		}
	})
}

// Numbers come back to the last bit, and texts are left alone, whatever is in them.
func TestNumbersComeBackExactly(t *testing.T) {
	t.Parallel()
	type mixed struct {
		Numbers []float64          `json:"n"`
		Texts   map[string]float64 `json:"t"`
		Whole   []int64            `json:"w"`
	}
	finite := rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64)
	rapid.Check(t, func(t *rapid.T) {
		want := mixed{
			Numbers: rapid.SliceOf(finite).Draw(t, "numbers"),
			Texts:   rapid.MapOf(rapid.OneOf(rapid.String(), rapid.StringMatching(`[~"\0-9.e]*`)), finite).Draw(t, "texts"),
			Whole:   rapid.SliceOf(rapid.Int64Range(-1<<53, 1<<53)).Draw(t, "whole"),
		}
		for i, v := range want.Numbers {
			if i%2 == 0 {
				want.Numbers[i] = pack.Down(v)
			}
		}
		b, err := pack.Pack(want)
		if err != nil {
			t.Fatal(err)
		}
		var got mixed
		if err := pack.Unpack(b, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	good, err := pack.Pack(remembered{Far: 1})
	if err != nil {
		f.Fatal(err)
	}
	bomb, err := pack.Pack(bytes.Repeat([]byte{'1'}, 1<<21))
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range [][]byte{nil, {2}, []byte("{}"), []byte("[]"), good, good[:len(good)-3], bomb} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v remembered
		if pack.Unpack(b, &v) != nil {
			return
		}
		again, err := pack.Pack(v)
		if err != nil {
			t.Fatal(err)
		}
		var same remembered
		if err := pack.Unpack(again, &same); err != nil || same != v {
			t.Errorf("%v: %+v became %+v", err, v, same)
		}
		if plain, err := pack.JSON(b); err != nil || len(plain) > 1<<20 && b[0] == 2 {
			t.Errorf("%v: %d bytes", err, len(plain))
		}
	})
}

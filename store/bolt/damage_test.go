package bolt_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
	"canarybot.io/store/storetest"
)

func TestEveryFlippedBitIsHarmlessOrRefused(t *testing.T) {
	t.Parallel()
	path := place(t)
	s := open(t, path, bolt.WithoutSync(bolt.Options{}))
	small(t, s)
	want := dump(t, s)
	shut(t, s)
	image := read(t, path)
	probe := place(t)
	random := rand.New(rand.NewPCG(5, 6))
	refused, opened := 0, 0
	for at := range image {
		if room(image, at) && random.IntN(256) > 0 {
			continue
		}
		bit := byte(1) << random.IntN(8)
		image[at] ^= bit
		_, err := bolt.Inspect(image)
		switch {
		case err != nil:
			refused++
			refusals := []rollout.ProblemCode{bolt.ProblemNewer, bolt.ProblemForeign, bolt.ProblemDamaged}
			if p := rollout.ProblemOf(bolt.Refuse(path, err)); !slices.Contains(refusals, p.Code) {
				t.Fatalf("byte %d ^ %#x: not said what is wrong: %v", at, bit, err)
			}
		case at%4096 < 48 || random.IntN(32) == 0: // headers always; opening takes its time
			opened++
			write(t, probe, image)
			if what := use(t, probe, want); what != "" {
				t.Fatalf("byte %d ^ %#x: %s", at, bit, what)
			}
		}
		image[at] ^= bit
	}
	t.Logf("%d flips were refused, %d opened", refused, opened)
	if refused < 5000 || opened < 100 {
		t.Errorf("%d flips were refused and %d opened: the test does not test", refused, opened)
	}
}

// use opens the file, reads everything, writes something on each page and looks at the whole file again. It returns
// what is wrong.
func use(t *testing.T, path, want string) string {
	t.Helper()
	s := open(t, path, bolt.WithoutSync(bolt.Options{}))
	if dump(t, s) != want {
		return "the store opened with other content"
	}
	var err error
	for _, key := range []string{"checkout-0", "checkout-4", "checkout-9"} {
		value, _, failed := s.Note(t.Context(), "card", key)
		err = errors.Join(err, failed, s.PutNote(t.Context(), "card", key, value))
	}
	if err != nil || dump(t, s) != want {
		return fmt.Sprintf("writing changed the content: %v", err)
	}
	shut(t, s)
	if _, err := bolt.Inspect(read(t, path)); err != nil {
		return fmt.Sprintf("writing made it worse: %v", err)
	}
	return ""
}

// room reports whether there is nothing but zeros around: room on a page that nobody uses.
func room(image []byte, at int) bool {
	around := image[max(0, at-16):min(len(image), at+16)]
	return len(bytes.Trim(around, "\x00")) == 0
}

func TestWildDamageNeverPanics(t *testing.T) {
	t.Parallel()
	path := place(t)
	s := open(t, path, bolt.WithoutSync(bolt.Options{}))
	small(t, s)
	shut(t, s)
	whole := read(t, path)
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		image := bytes.Clone(whole)
		page := 4096 * random.IntN(len(image)/4096)
		switch random.IntN(3) {
		case 0: // a page from elsewhere
			from := 4096 * random.IntN(len(image)/4096)
			copy(image[page:page+4096], whole[from:from+4096])
		case 1: // noise in a header or an element
			for i := range 32 {
				image[page+i] = byte(random.UintN(256))
			}
		case 2:
			image = image[:random.IntN(len(image))]
		}
		bolt.Inspect(image) //nolint:errcheck // it must return, whatever it says
	}
}

// TestCrashImages builds what a crash may leave of a commit: some of its pages, in any order, and not its meta page,
// which is written after a sync. Each such file must open as it was before.
func TestCrashImages(t *testing.T) {
	t.Parallel()
	path := place(t)
	s := open(t, path, bolt.Options{})
	small(t, s)
	random := rand.New(rand.NewPCG(3, 4))
	r, err := s.Load(t.Context(), "checkout-2")
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		before, want := read(t, path), dump(t, s)
		r.Trouble = rollout.Text(strings.Repeat("x", random.IntN(10000)))
		commit(t, s, storetest.Move(r, rollout.Baking, storetest.Epoch()))
		r, _ = s.Load(t.Context(), r.ID)
		after := read(t, path)
		for range 4 {
			same(t, mixed(random, before, after), want)
		}
	}
	shut(t, s)
}

// mixed returns the file before with some of the pages after; the two meta pages stay.
func mixed(random *rand.Rand, before, after []byte) []byte {
	image := bytes.Clone(before)
	if random.IntN(2) == 0 {
		image = append(image, make([]byte, len(after)-len(before))...)
	}
	for at := 8192; at < len(image); at += 4096 {
		if random.IntN(2) == 0 {
			copy(image[at:at+4096], after[at:])
		}
	}
	return image
}

func same(t *testing.T, image []byte, want string) {
	t.Helper()
	path := place(t)
	write(t, path, image)
	s := open(t, path, bolt.Options{})
	if got := dump(t, s); got != want {
		t.Fatal("the file opened as something that never was")
	}
	shut(t, s)
}

func TestDamageUnderAnOpenStore(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(tb testing.TB, path string)
	}{
		{"changed records", func(tb testing.TB, path string) {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				tb.Fatal(err)
			}
			defer f.Close()
			b := read(tb, path)
			for at := 8192; at < len(b); at++ {
				if b[at] == '{' {
					if _, err := f.WriteAt([]byte{'['}, int64(at)); err != nil {
						tb.Fatal(err)
					}
				}
			}
		}},
		{"a file cut short", func(tb testing.TB, path string) {
			if err := os.Truncate(path, 0); err != nil {
				tb.Fatal(err)
			}
		}},
	} {
		for name, touch := range map[string]func(*testing.T, *bolt.Store) error{
			"read": func(t *testing.T, s *bolt.Store) error {
				_, err := s.Load(t.Context(), "checkout-2")
				return err
			},
			"write": func(t *testing.T, s *bolt.Store) error {
				return s.PutNote(t.Context(), "card", "checkout-2", []byte("x"))
			},
		} {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					path := place(t)
					s := open(t, path, bolt.Options{})
					small(t, s)
					whole, want := read(t, path), dump(t, s)
					c.damage(t, path)
					damaged(t, s, touch(t, s))
					write(t, path, whole)
					recovers(t, s)
					if dump(t, s) != want {
						t.Error("the file is whole again, and something else is read")
					}
					shut(t, s)
				})
			})
		}
	}
}

// damaged checks that the error is what a damaged file leads to, and that the store says so.
func damaged(t *testing.T, s *bolt.Store, err error) {
	t.Helper()
	if rollout.CodeOf(err) != rollout.Unavailable || rollout.CodeOf(s.Err()) != rollout.Unavailable {
		t.Errorf("got %v and the store says %v, want it unavailable", err, s.Err())
	}
	_, read := s.Open(t.Context(), "")
	write := s.PutNote(t.Context(), "card", "x", nil)
	for _, err := range []error{s.Err(), read, write} {
		code := rollout.ProblemOf(err).Code
		if rollout.CodeOf(err) != rollout.Unavailable || code != bolt.ProblemDamaged && code != bolt.ProblemForeign {
			t.Errorf("afterwards: got %v, want it unavailable", err)
		}
	}
}

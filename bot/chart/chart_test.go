package chart_test

import (
	"bytes"
	"flag"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"canarybot.io/bot/chart"
	"canarybot.io/bot/view"
)

var update = flag.Bool("update", false, "write the golden pictures")

func series(name string, values ...float64) view.Series {
	return view.Series{Name: name, Values: values}
}

func lines(title, unit string, all ...view.Series) view.Chart {
	return view.Chart{Title: title, Unit: unit, Across: "oldest first", Labels: make([]string, len(all[0].Values)), Series: all}
}

func weights() view.Chart {
	return view.Chart{
		Shape: view.Steps, Title: "Traffic to the canary", Unit: "%", Across: "minutes", Labels: []string{"1", "11", "21"},
		At: []float64{1, 11, 21}, Series: []view.Series{series("canary", 5, 50, 50)},
	}
}

// pictures are what the golden files show.
func pictures() map[string]view.Picture {
	return map[string]view.Picture{
		"worse": {Charts: []view.Chart{
			lines("errors: canary and stable", "%", series("canary", 0.1, 0.2, 0.1, 0.9, 1.4, 2.1), series("stable", 0.1, 0.1, 0.2, 0.1, 0.1, 0.1), series("limit", 1, 1, 1, 1, 1, 1)),
			lines("p99: canary and stable", "ms", series("canary", 410, 430, 425, 420, 440, 433), series("stable", 420, 418, 431, 422, 425, 430), series("limit", 500, 500, 500, 500, 500, 500)),
			weights(),
		}},
		"limits": {Charts: []view.Chart{
			{Shape: view.Bars, Title: "Canary and stable, in percent of the limits", Unit: "%", Labels: []string{"errors", "p99", "queue age"},
				Series: []view.Series{series("canary", 210, 43.2, 0), series("stable", 10, 41, 180)}},
			weights(),
		}},
		"hostile": {Charts: []view.Chart{
			lines(strings.Repeat("<!channel> \u202e名前 ", 20), strings.Repeat("W", 30), series(strings.Repeat("canary", 20), 1, 2), series("stable", 1e300, -1e300)),
			lines("one", "", series("canary", 0.5), series("stable", 0.5), series("limit", 0.5)),
			lines("equal", "ms", series("canary", 7, 7), series("stable", 7, 7)),
		}},
	}
}

// What people see does not change unnoticed. Pixels may differ a little where a machine rounds otherwise.
func TestGoldenPictures(t *testing.T) {
	t.Parallel()
	for name, p := range pictures() {
		got, err := chart.PNG(p)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		golden := filepath.Join("testdata", name+".png")
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if n := different(decoded(t, got), decoded(t, want)); n > 0 {
			t.Errorf("%s: %d pixels differ from %s; -update draws it anew", name, n, golden)
		}
	}
}

func decoded(t testing.TB, raw []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// different counts the pixels whose light differs by more than rounding does; all of them where the sizes do.
func different(a, b image.Image) (n int) {
	if a.Bounds() != b.Bounds() {
		return max(a.Bounds().Dx()*a.Bounds().Dy(), 1)
	}
	const rounding = 0x0800
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			r1, g1, b1, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			for _, d := range []int{int(r1) - int(r2), int(g1) - int(g2), int(b1) - int(b2)} {
				if max(d, -d) > rounding {
					n++
					break
				}
			}
		}
	}
	return n
}

// Whoever sees no colours tells the lines apart by their strokes: canary, stable and limit drawn alone differ in more
// than colour, and on paper each is dark enough.
func TestLinesDifferWithoutColour(t *testing.T) {
	t.Parallel()
	var gaps []int
	for alone := range 3 {
		all := []view.Series{series("", math.NaN(), math.NaN()), series("", math.NaN(), math.NaN()), series("", math.NaN(), math.NaN())}
		all[alone] = series("", 5, 5)
		raw, err := chart.PNG(view.Picture{Charts: []view.Chart{lines("", "", all...)}})
		if err != nil {
			t.Fatal(err)
		}
		gaps = append(gaps, darkRuns(decoded(t, raw)))
	}
	if slices.Sort(gaps); gaps[0] == gaps[1] || gaps[1] == gaps[2] {
		t.Errorf("the longest row has these many dark pieces for each line, and two look alike: %v", gaps)
	}
}

// darkRuns returns how many pieces the row with the most dark pixels has.
func darkRuns(img image.Image) (runs int) {
	most := 0
	for y := range img.Bounds().Dy() {
		dark, pieces, before := 0, 0, false
		for x := 100; x < img.Bounds().Dx(); x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			is := (299*r+587*g+114*b)/1000 < 0x8000
			if is {
				dark++
			}
			if is && !before {
				pieces++
			}
			before = is
		}
		if dark > most {
			most, runs = dark, pieces
		}
	}
	return runs
}

// A picture has its own background everywhere: it is read in dark mode too.
func TestNothingIsTransparent(t *testing.T) {
	t.Parallel()
	for name, p := range pictures() {
		raw, err := chart.PNG(p)
		if err != nil {
			t.Fatal(err)
		}
		img := decoded(t, raw)
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				if _, _, _, a := img.At(x, y).RGBA(); a != 0xffff {
					t.Fatalf("%s: pixel %d, %d lets the background through", name, x, y)
				}
			}
		}
	}
}

func TestThereIsNoEmptyPicture(t *testing.T) {
	t.Parallel()
	if _, err := chart.PNG(view.Picture{}); err == nil {
		t.Error("a picture without a chart was drawn")
	}
}

// Whatever the numbers and the names are, a picture comes out.
func TestWhateverTheNumbersAre(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, unit string
		a, b, c    float64
	}{
		{"errors", "%", 0.1, 0.2, 1},
		{"\u202e<!channel>", "", math.NaN(), math.Inf(1), -1e308},
		{"", "ms", 1e300, 5e-324, 0},
		{"x", "x", 1.7e308, -1.7e308, 1e-9},
		{strings.Repeat("long ", 200), "\x00", 0, 0, 0},
	} {
		for shape := range view.Shape(3) {
			one := view.Chart{
				Shape: shape, Title: tt.name, Unit: tt.unit, Across: tt.name, Labels: []string{tt.name, tt.unit, tt.name},
				Series: []view.Series{series(tt.name, tt.a, tt.b, tt.c), series(tt.unit, tt.c, tt.c, tt.c), series("limit", tt.b, tt.a, tt.a)},
			}
			over := one
			if shape == view.Steps && !math.IsNaN(tt.a+tt.b+tt.c) && !math.IsInf(tt.a+tt.b+tt.c, 0) {
				over.At = []float64{tt.a, tt.b, tt.c}
			}
			raw, err := chart.PNG(view.Picture{Charts: []view.Chart{one, over}})
			if err != nil {
				t.Fatalf("%+v as shape %d: %v", tt, shape, err)
			}
			decoded(t, raw)
		}
	}
}

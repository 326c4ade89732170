package view

// White-box: how numbers, spans and plain text are written is worth a table of its own, and nothing outside needs it.

import (
	"math"
	"strings"
	"testing"
	"time"

	"canarybot.io/rollout"
)

func TestAmount(t *testing.T) {
	for _, c := range []struct {
		value  float64
		unit   rollout.Unit
		digits int
		want   string
	}{
		{0.051, rollout.Ratio, measured, "5.1 %"},
		{0.001, rollout.Ratio, measured, "0.1 %"},
		{0, rollout.Ratio, measured, "0 %"},
		{0.01, rollout.Ratio, configured, "1 %"},
		{0.0125, rollout.Ratio, configured, "1.25 %"},
		{0.00012, rollout.Ratio, measured, "0.012 %"},
		{0.1234, rollout.Ratio, measured, "12.3 %"},
		{0.998, rollout.Ratio, measured, "99.8 %"},
		{0.99951, rollout.Ratio, measured, "99.951 %"},
		{1, rollout.Ratio, measured, "100 %"},
		{0.999, rollout.Ratio, configured, "99.9 %"},
		{0.210, rollout.Seconds, measured, "210 ms"},
		{0.2104, rollout.Seconds, measured, "210 ms"},
		{0.5, rollout.Seconds, configured, "500 ms"},
		{0.0005, rollout.Seconds, measured, "0.5 ms"},
		{0.9999, rollout.Seconds, measured, "1 s"},
		{1.2, rollout.Seconds, measured, "1.2 s"},
		{1.25, rollout.Seconds, configured, "1.25 s"},
		{75, rollout.Seconds, measured, "75 s"},
		{180 << 20, rollout.Bytes, measured, "180 MiB"},
		{512 << 20, rollout.Bytes, configured, "512 MiB"},
		{1.5 * (1 << 30), rollout.Bytes, measured, "1.5 GiB"},
		{2000, rollout.Bytes, measured, "2 KiB"},
		{100, rollout.Bytes, measured, "100 B"},
		{0, rollout.Bytes, measured, "0 MiB"},
		{1 << 42, rollout.Bytes, measured, "4 TiB"},
		{3, rollout.Number, measured, "3"},
		{-0.00000001, rollout.Number, measured, "0"},
		{1e12, rollout.Number, measured, "1e+12"},
		{math.NaN(), rollout.Ratio, measured, "not a number"},
		{math.Inf(-1), rollout.Seconds, measured, "infinite"},
	} {
		if got := amountOf(c.value, c.unit, c.digits).String(); got != c.want {
			t.Errorf("amountOf(%v, %s, %d): got %q, want %q", c.value, c.unit, c.digits, got, c.want)
		}
	}
}

func TestPairNeverHidesTheDifference(t *testing.T) {
	for _, c := range []struct {
		value, limit float64
		want         string
	}{
		{0.051, 0.01, "5.1 % 1 %"},
		{0.010004, 0.01, "1.0004 % 1 %"},
		{0.00999, 0.01, "0.999 % 1 %"},
		{0.01, 0.01, "1 % 1 %"},
		{0.989999, 0.99, "98.9999 % 99 %"},
	} {
		v, l := pair(c.value, c.limit, rollout.Ratio)
		if got := v.String() + " " + l.String(); got != c.want {
			t.Errorf("pair(%v, %v): got %q, want %q", c.value, c.limit, got, c.want)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", -time.Second: "0 s", 300 * time.Millisecond: "300 ms", 45 * time.Second: "45 s", 90 * time.Second: "1 min 30 s",
		10 * time.Minute: "10 min", 12*time.Minute + 3*time.Second: "12 min", 2 * time.Hour: "2 h", 90 * time.Minute: "1 h 30 min",
		24 * time.Hour: "1 day", 75 * time.Hour: "3 days 3 h", 59*time.Minute + 59*time.Second: "1 h",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%s): got %q, want %q", d, got, want)
		}
	}
}

func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0:00", -time.Second: "0:00", 6*time.Minute + 30*time.Second: "6:30", 10 * time.Minute: "10:00",
		time.Hour + 2*time.Minute + 3900*time.Millisecond: "1:02:03",
	} {
		if got := clock(d); got != want {
			t.Errorf("clock(%s): got %q, want %q", d, got, want)
		}
	}
}

func TestNumbersStayWithTheirUnits(t *testing.T) {
	for text, want := range map[string]string{
		"errors 5.1 % now":          "errors 5.1~% now",
		"*5 %* of traffic":          "*5~%* of traffic",
		"210 ms, 2 h 30 min, 3 s":   "210~ms, 2~h 30~min, 3~s",
		"a · b":                     "a~· b",
		"512 MiB and 3 B":           "512~MiB and 3~B",
		"4 Pods, 3 bad, 2 hosts":    "4 Pods, 3 bad, 2 hosts",
		"`sleep 5 s` for 5 s":       "`sleep 5 s` for 5~s",
		"3 days `a` 1 day `b` 45 s": "3~days `a` 1~day `b` 45~s",
	} {
		if got := strings.ReplaceAll(finish(text), "\u00a0", "~"); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"faster tax lookup":       "faster tax lookup",
		"a <!channel> & more":     "a &lt;!channel&gt; &amp; more",
		"v1_2_3":                  "v1_2_3",
		"_sly_":                   "ˍslyˍ",
		"*bold* ~no~ `code`":      "∗bold∗ ∼no∼ ˋcodeˋ",
		"> quote":                 "› quote",
		"two\nlines\tand\u00a0so": "two lines and so",
		"\u202egnp\u200b.exe\x00": "gnp.exe",
		"\u3164":                  "",
	} {
		if got := escape(in, 60); got != want {
			t.Errorf("escape(%q): got %q, want %q", in, got, want)
		}
	}
}

// What a machine says last is why.
func TestDetailKeepsBothEnds(t *testing.T) {
	const pull = `pod checkout-canary-f8c6ddfbc-25ph8, container checkout: ImagePullBackOff: Back-off pulling image "registry.example.com/shop/checkout:v1.2.4": ` +
		`ErrImagePull: rpc error: code = Unknown desc = failed to pull and unpack image "registry.example.com/shop/checkout:v1.2.4": ` +
		`failed to resolve reference "registry.example.com/shop/checkout:v1.2.4": unexpected status from HEAD request to ` +
		`https://registry.example.com/v2/shop/checkout/manifests/v1.2.4: 429 Too Many Requests`
	for _, said := range []string{pull, strings.Repeat("ä", 20_000) + pull, pull + " " + strings.Repeat(" ", 20_000) + "\nagain", "no"} {
		got, last := words(said), said[strings.LastIndexByte(said, ' ')+1:]
		if n := len([]rune(got)); n > maxWords || !strings.HasPrefix(got, said[:2]) || !strings.HasSuffix(got, strings.TrimSpace(last)) {
			t.Errorf("of %.300q… %d characters are left: %q", said, n, got)
		}
	}
	if got := words(pull); !strings.Contains(got, "container checkout: ImagePullBackOff") || !strings.Contains(got, "429 Too Many Requests") {
		t.Errorf("got %q", got)
	}
}

func TestFitNeverCutsAnEntity(t *testing.T) {
	for _, text := range []string{strings.Repeat("&amp;", 10), strings.Repeat("<@U024BE7LH>", 5), "`code` and `more code`", strings.Repeat("ä", 40)} {
		for most := 1; most < 45; most++ {
			got := truncateMrkdwn(text, most)
			if n := len([]rune(got)); n > most {
				t.Errorf("fit(%q, %d) has %d characters", text, most, n)
			}
			cut := strings.TrimSuffix(got, "…")
			rest := strings.NewReplacer("&amp;", "", "<@U024BE7LH>", "").Replace(cut)
			if strings.ContainsAny(rest, "&<>") || strings.Count(cut, "`")%2 == 1 {
				t.Errorf("fit(%q, %d) is %q", text, most, got)
			}
		}
	}
}

package view

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"canarybot.io/rollout"
)

// amount is a number with its unit, as people read it.
type amount struct{ number, unit string }

// String returns the number and its unit.
func (a amount) String() string {
	if a.unit == "" {
		return a.number
	}
	return a.number + " " + a.unit
}

// nbsp is a space at which no line breaks.
const nbsp = "\u00a0"

var numberAndUnit = regexp.MustCompile(`(\d) (%|(?:ms|s|min|h|days?|[KMGT]iB|B)\b)`)

// finish keeps each number on one line with its unit, on a phone too, and takes the effect from emoji codes. What is code
// stays as it has to be typed.
func finish(text string) string {
	parts := strings.Split(text, "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = numberAndUnit.ReplaceAllString(parts[i], "$1"+nbsp+"$2")
		parts[i] = strings.ReplaceAll(parts[i], " · ", nbsp+"· ") // no line begins with the dot
		parts[i] = withoutEmojiCodes(parts[i])
	}
	return strings.Join(parts, "`")
}

// How many digits count: a measured value is rounded, a limit is shown as configured.
const (
	measured   = 2
	configured = 4
)

// amountOf returns a value in its unit.
func amountOf(v float64, unit rollout.Unit, digits int) amount {
	switch {
	case math.IsNaN(v):
		return amount{number: "not a number"}
	case math.IsInf(v, 0):
		return amount{number: "infinite"}
	}
	switch unit {
	case rollout.Ratio:
		return amount{percent(v*100, digits), "%"}
	case rollout.Seconds:
		if math.Abs(v) < 0.9995 {
			return amount{decimal(v*1000, digits), "ms"}
		}
		return amount{decimal(v, digits), "s"}
	case rollout.Bytes:
		return bytes(v, digits)
	case rollout.Number:
	}
	return amount{number: decimal(v, digits)}
}

// bytes returns a size in the unit that keeps it short; memory is mostly read in MiB.
func bytes(v float64, digits int) amount {
	const unit = 1024
	switch size := math.Abs(v); {
	case size >= unit*unit*unit*unit:
		return amount{decimal(v/(unit*unit*unit*unit), digits), "TiB"}
	case size >= unit*unit*unit:
		return amount{decimal(v/(unit*unit*unit), digits), "GiB"}
	case size >= unit*unit || size == 0:
		return amount{decimal(v/(unit*unit), digits), "MiB"}
	case size >= unit:
		return amount{decimal(v/unit, digits), "KiB"}
	default:
		return amount{decimal(v, digits), "B"}
	}
}

// percent is as precise near 100 as near 0, where the missing share is what matters.
func percent(v float64, digits int) string {
	if missing := 100 - v; v > 90 && missing > 0 {
		return fixed(v, places(missing, digits))
	}
	return decimal(v, digits)
}

// decimal returns a number with so many significant digits, one more from ten on, without trailing zeros.
func decimal(v float64, digits int) string {
	if math.Abs(v) >= 1e9 {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	if math.Abs(v) >= 10 {
		digits++
	}
	return fixed(v, places(v, digits))
}

// places is how many decimals show that many significant digits of v.
func places(v float64, digits int) int {
	if v == 0 {
		return 0
	}
	magnitude := int(math.Floor(math.Log10(math.Abs(v))))
	return min(max(digits-1-magnitude, 0), 6)
}

func fixed(v float64, places int) string {
	s := strconv.FormatFloat(v, 'f', places, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return s
}

// pair returns a value and its limit. If rounding would make a failing value look equal to its limit, more digits are
// shown.
func pair(value, limit float64, unit rollout.Unit) (v, l amount) {
	l = amountOf(limit, unit, configured)
	for digits := measured; digits <= 6; digits++ {
		if v = amountOf(value, unit, digits); v != l || value == limit {
			break
		}
	}
	return v, l
}

// span returns how long something takes, as people say it: "45 s", "10 min", "2 h", "1 h 30 min", "3 days".
func span(d time.Duration) string {
	if d < 0 {
		return "0 s"
	}
	if d > 0 && d < time.Second {
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	}
	d = d.Round(time.Second)
	if d >= 10*time.Minute {
		d = d.Round(time.Minute)
	}
	days, hours := int(d/(24*time.Hour)), int(d/time.Hour)%24
	minutes, seconds := int(d/time.Minute)%60, int(d/time.Second)%60
	var parts []string
	add := func(n int, unit string) {
		if n > 0 && len(parts) < 2 {
			parts = append(parts, strconv.Itoa(n)+" "+unit)
		}
	}
	add(days, map[bool]string{true: "day", false: "days"}[days == 1])
	add(hours, "h")
	add(minutes, "min")
	add(seconds, "s")
	if len(parts) == 0 {
		return "0 s"
	}
	return strings.Join(parts, " ")
}

// clock returns a span as a stopwatch shows it: "6:30", "1:02:03".
func clock(d time.Duration) string {
	d = max(d, 0).Truncate(time.Second)
	h, m, s := int(d/time.Hour), int(d/time.Minute)%60, int(d/time.Second)%60
	if h > 0 {
		return fmt.Sprintf("%d:%02d:%02d", h, m, s)
	}
	return fmt.Sprintf("%d:%02d", m, s)
}

// plural returns a count with its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

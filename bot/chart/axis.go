package chart

import (
	"math"
	"strconv"
)

// huge is the largest value that is drawn as what it is: a difference of two has to be a number.
const huge = 1e300

// number returns a value that can be drawn; ok is false for what is none.
func number(v float64) (drawn float64, ok bool) {
	return min(max(v, -huge), huge), !math.IsNaN(v)
}

// axis maps values between its ends to pixels.
type axis struct {
	low, high   float64 // values
	first, last float64 // where these are
}

// at returns where a value is.
func (a axis) at(v float64) float64 {
	return a.first + (v-a.low)/(a.high-a.low)*(a.last-a.first)
}

// between returns the ends of an axis that shows all values: from 0 unless they are all far from it.
func between(values []float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v, ok := number(v); ok {
			low, high = min(low, v), max(high, v)
		}
	}
	switch {
	case low > high:
		return 0, 1 // there are none
	case low > 0 && low < 0.8*high:
		low = 0
	case high < 0 && high > 0.8*low:
		high = 0
	}
	if margin := 0.05 * (high - low); margin > 0 && low != 0 {
		low -= margin
	}
	if high+0.08*(high-low) > high {
		return low, high + 0.08*(high-low)
	}
	apart := max(math.Abs(high)/10, 1e-9)
	return low - apart, high + apart
}

// marks returns round values between the ends, at most so many.
func (a axis) marks(most int) []float64 {
	step := roundUp((a.high - a.low) / float64(most))
	var all []float64
	for v := math.Ceil(a.low/step) * step; v <= a.high && len(all) < most+1; v += step {
		if math.Abs(v) < step/2 {
			v = 0 // and not almost
		}
		all = append(all, v)
	}
	return all
}

// roundUp returns the next of 1, 2, 5, 10, 20, 50, ...
func roundUp(v float64) float64 {
	ten := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 5} {
		if n*ten >= v {
			return n * ten
		}
	}
	return 10 * ten
}

// short is a number as an axis shows it.
func short(v float64) string {
	if a := math.Abs(v); a >= 1e6 || a < 1e-4 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return strconv.FormatFloat(round(v), 'f', -1, 64)
}

// round keeps three digits.
func round(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		return v
	}
	return r
}

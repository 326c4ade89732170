package pack

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"
)

// Down rounds to what is stored in half the bytes: to a millionth of the number, never up. Numbers that are not whole and
// need not be exact are rounded when they are computed, not when they are stored: then it makes no difference whether
// somebody goes on from what was stored.
func Down(v float64) float64 {
	bits := math.Float64bits(v)
	coarse := bits &^ lower
	if v < 0 && bits != coarse && !math.IsInf(v, 0) {
		coarse += lower + 1 // its size grows
	}
	if down := math.Float64frombits(coarse); !math.IsInf(down, 0) {
		return down
	}
	return v // nothing smaller is a number
}

// lower are the bits of a number that Down clears.
const lower = 1<<32 - 1

// A number that takes more than so many characters is written as its bits behind a mark, in half of them where Down cleared
// the others.
const (
	mark    = '~'
	longest = 7
)

var digits = base64.RawURLEncoding

// shorten replaces long numbers of JSON by their bits.
func shorten(plain []byte) []byte {
	out := make([]byte, 0, len(plain))
	tokens(plain, func(token []byte, number bool) {
		if !number || len(token) <= longest || !bytes.ContainsAny(token, ".eE") { // whole ones may have more digits than a float
			out = append(out, token...)
			return
		}
		v, err := strconv.ParseFloat(string(token), 64)
		if err != nil {
			out = append(out, token...)
			return
		}
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], math.Float64bits(v))
		size := 8
		if math.Float64bits(v)&lower == 0 {
			size = 4
		}
		out = append(digits.AppendEncode(append(out, mark), b[:size]), mark)
	})
	return out
}

// lengthen is the reverse of shorten. What is no number is left as it is, which is no JSON.
func lengthen(short []byte) []byte {
	out := make([]byte, 0, 2*len(short))
	for len(short) > 0 {
		at := bytes.IndexByte(short, mark)
		quote := bytes.IndexByte(short, '"')
		switch {
		case quote >= 0 && (at < 0 || quote < at):
			end := quote + text(short[quote:])
			out, short = append(out, short[:end]...), short[end:]
		case at < 0:
			return append(out, short...)
		default:
			out = append(out, short[:at]...)
			end := bytes.IndexByte(short[at+1:], mark)
			if end < 0 {
				return append(out, short[at:]...)
			}
			out, short = appendBits(out, short[at+1:at+1+end]), short[at+2+end:]
		}
	}
	return out
}

// appendBits appends the number whose bits are written.
func appendBits(out, written []byte) []byte {
	var b [8]byte
	n := digits.DecodedLen(len(written))
	if n > len(b) {
		return append(out, mark)
	}
	if _, err := digits.Decode(b[:], written); err != nil {
		return append(out, mark)
	}
	v := math.Float64frombits(binary.BigEndian.Uint64(b[:]))
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(out, mark)
	}
	return strconv.AppendFloat(out, v, 'g', -1, 64)
}

// tokens calls f with each part of JSON: a number, or anything else.
func tokens(plain []byte, f func(token []byte, number bool)) {
	for len(plain) > 0 {
		n := 0
		switch numeric := func(b byte) bool { return b >= '0' && b <= '9' || b == '-' }; {
		case plain[0] == '"':
			n = text(plain)
			f(plain[:n], false)
		case numeric(plain[0]):
			for n < len(plain) && (numeric(plain[n]) || plain[n] == '.' || plain[n] == 'e' || plain[n] == 'E' || plain[n] == '+') {
				n++
			}
			f(plain[:n], true)
		default:
			for n < len(plain) && plain[n] != '"' && !numeric(plain[n]) {
				n++
			}
			f(plain[:n], false)
		}
		plain = plain[n:]
	}
}

// text is how long a JSON string is that begins here.
func text(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// Package pack turns what a judge remembers into the few bytes that are stored with each commit, and back.
//
// What is packed is a struct with JSON keys, so that fields can come and go: the JSON is deflated behind a byte that names
// the form. Keys and zeros cost next to nothing then, a count takes about two bytes, a number that is not whole eight, and
// four where it was rounded by Down. So keep rings and the like in arrays of a fixed length: they are copied with the struct that they are in, without an
// allocation, and need no code to be stored. It knows nothing of what it packs.
package pack

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"io"
)

// deflated is the form that is written. Before it there was plain JSON, which begins with a brace.
const deflated = 2

// maxSize is how many bytes of JSON are read at most: far more than is ever packed.
const maxSize = 1 << 20

var (
	errForm = errors.New("a form that is not known")
	errSize = errors.New("more than is ever packed")
)

// Pack returns what is stored of a value. It fails where the value has no JSON, as where a number is not finite.
func Pack(v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteByte(deflated)
	w, err := flate.NewWriterDict(&b, flate.DefaultCompression, []byte(words))
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(shorten(plain)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Unpack reads what Pack wrote, or plain JSON as earlier versions stored it, into the value. After an error the value is
// not to be used.
func Unpack(b []byte, v any) error {
	plain, err := JSON(b)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, v)
}

// JSON returns the JSON of what was stored, which it does not check, for whoever wants to look into it.
func JSON(b []byte) ([]byte, error) {
	switch {
	case len(b) == 0:
		return nil, errForm
	case b[0] != deflated:
		return b, nil
	}
	short, err := io.ReadAll(io.LimitReader(flate.NewReaderDict(bytes.NewReader(b[1:]), []byte(words)), maxSize+1))
	if err == nil && len(short) > maxSize {
		err = errSize
	}
	if err != nil {
		return nil, err
	}
	return lengthen(short), nil
}

package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"canarybot.io/rollout"
)

// Lines writes an export that can be verified by itself: a line of JSON for each entry, byte for byte as it was hashed,
// between one that says whose audit it is and one that says where it ends. Make it with NewLines.
type Lines struct{ w *bufio.Writer }

// NewLines returns an export to the writer. End has to be called, or what was written is no export.
func NewLines(w io.Writer) *Lines { return &Lines{bufio.NewWriterSize(w, 1<<16)} }

// first is the first line of an export, last the last one.
type first struct {
	Format int    `json:"canarybot_audit"`
	Store  string `json:"store"`
	Start  string `json:"start"` // what is hashed before the first entry
}

type last struct {
	End *Head `json:"end"`
}

// format is how exports are written. One that an older program would misread raises it.
const format = 1

// Begin writes whose audit it is.
func (l *Lines) Begin(store string) error {
	return l.line(first{Format: format, Store: store, Start: Start(store).Hash})
}

// Entry writes the entry of a record.
func (l *Lines) Entry(record []byte) error {
	hash, entry, ok := Split(record)
	if !ok {
		return errors.New("a record of the audit has no hash")
	}
	_, err := fmt.Fprintf(l.w, `{"hash":"%s","entry":%s}`+"\n", hash, entry)
	return err
}

// End writes where it ends.
func (l *Lines) End(head Head) error {
	return errors.Join(l.line(last{End: &head}), l.w.Flush())
}

func (l *Lines) line(v any) error {
	text, err := json.Marshal(v)
	if err == nil {
		_, err = l.w.Write(append(text, '\n'))
	}
	return err
}

// longest is how long a line of an export may be.
const longest = 4 << 20

// VerifyLines verifies an export. It returns its store and its last entry. The error is the reader's, or says that it is no
// export.
func VerifyLines(r io.Reader, noted map[int64]string) (store string, newest Head, problems []rollout.Problem, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 1<<16), longest)
	lines.Split(wholeLines)
	if !lines.Scan() {
		return "", Head{}, nil, errors.Join(lines.Err(), notAnExport(1))
	}
	var begin first
	if json.Unmarshal(lines.Bytes(), &begin) != nil || begin.Format != format || begin.Store == "" || begin.Start != Start(begin.Store).Hash {
		return "", Head{}, nil, notAnExport(1)
	}
	v := NewVerifier(Start(begin.Store), noted)
	number := 1
	for lines.Scan() {
		number++
		line := lines.Bytes()
		if bytes.HasPrefix(line, []byte(`{"end":`)) {
			var end last
			if json.Unmarshal(line, &end) != nil || end.End == nil || lines.Scan() {
				return begin.Store, v.Last(), nil, notAnExport(number)
			}
			return begin.Store, v.Last(), v.End(*end.End), lines.Err()
		}
		record, ok := recordOf(line)
		if !ok {
			return begin.Store, v.Last(), nil, notAnExport(number)
		}
		v.Entry(numberOf(record, v.Last().Seq+1), record)
	}
	v.wrong(rollout.Problem{Code: ProblemCut, Count: int(v.Last().Seq)})
	return begin.Store, v.Last(), v.Problems(), lines.Err()
}

func notAnExport(line int) error {
	return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemNoExport, Count: line})
}

// wholeLines splits at line breaks. What stands behind the last one was cut, and is left out.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF {
		return len(data), nil, nil
	}
	return 0, nil, nil
}

// recordOf returns the record that a line was written from.
func recordOf(line []byte) ([]byte, bool) {
	rest, ok := bytes.CutPrefix(line, []byte(`{"hash":"`))
	if !ok || len(rest) < hashSize {
		return nil, false
	}
	entry, ok := bytes.CutPrefix(rest[hashSize:], []byte(`","entry":`))
	if !ok || len(entry) < 2 || entry[len(entry)-1] != '}' {
		return nil, false
	}
	record := make([]byte, 0, len(line))
	record = append(append(record, rest[:hashSize]...), ' ')
	return append(record, entry[:len(entry)-1]...), true
}

// numberOf returns the number that the entry of a record bears; the other one where it bears none.
func numberOf(record []byte, other int64) int64 {
	var numbered struct {
		Seq int64 `json:"seq"`
	}
	head, _, _ := bytes.Cut(record[hashSize+1:], []byte(`,`))
	if json.Unmarshal(append(bytes.Clone(head), '}'), &numbered) != nil || numbered.Seq < 1 {
		return other
	}
	return numbered.Seq
}

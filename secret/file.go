package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// longestWord bounds a token.
	longestWord = 8 << 10
	// longest bounds what is read from a file that turns out to be something else. A bundle of every public certificate
	// authority has some 250 KiB.
	longest = 1 << 20
	// settled is how long nobody must have written to a file before it replaces what was read: it may be half written.
	settled = 2 * time.Second
)

// Form returns what is wrong with a secret as it was read, in words that follow the name of its place and quote nothing of
// it; nil: nothing.
type Form func(text string) error

// Word is the form of a token: one word of plain ASCII.
func Word(text string) error {
	switch {
	case text == "":
		return errors.New("is empty")
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("is not one word: it has spaces, line breaks or characters that no token has")
	case len(text) > longestWord:
		return errors.New("is longer than any token")
	}
	return nil
}

// Text is the form of everything that is text, such as a password or certificates.
func Text(text string) error {
	switch {
	case text == "":
		return errors.New("is empty")
	case strings.ContainsRune(text, 0):
		return errors.New("is binary")
	}
	return nil
}

// File is a secret in a file that may be rewritten. It is safe for concurrent use. Make it with NewFile.
type File struct {
	path string
	form Form
	log  *slog.Logger

	mu    sync.Mutex // guards the fields below; held while the file is read, which does not block
	text  string     // as it was last read well; empty: never
	taken fs.FileInfo
	// seen is a newer file that is not taken yet, and since when it is like that.
	seen  fs.FileInfo
	since time.Time
	wrong string // what was logged last
}

// NewFile returns the secret in the file, which is not read before Read. A nil logger discards.
func NewFile(path string, form Form, log *slog.Logger) *File {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &File{path: path, form: form, log: log}
}

// Read returns the secret as it is now, without spaces and line breaks around it. A file that was rewritten is taken over
// once nobody has written to it for two seconds. The error says why there is no secret, and never quotes the file; once
// there was one, Read returns that and no error: what is wrong with the file since is logged. It does not block.
func (f *File) Read() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if err == nil && same(info, f.taken) {
		f.seen = nil
		return f.text, nil
	}
	if err == nil && f.text != "" && !f.settled(info) {
		return f.text, nil
	}
	text := ""
	if err == nil {
		text, info, err = read(f.path)
	}
	if err == nil {
		err = f.form(text)
	}
	if err != nil && !strings.Contains(err.Error(), f.path) { // those of the system name it already
		err = fmt.Errorf("%s %w", f.path, err)
	}
	switch {
	case err == nil:
		if f.text != "" && f.text != text {
			f.log.Info("secret taken over from its file", "path", f.path)
		}
		f.text, f.taken, f.seen, f.wrong = text, info, nil, ""
		return f.text, nil
	case f.text == "":
		return "", err
	}
	if f.wrong != err.Error() {
		f.wrong = err.Error()
		f.log.Warn("secret not read from its file; the one of before is used", "path", f.path, "error", err)
	}
	return f.text, nil
}

// settled reports whether nobody has written to the file for a while: by its own time or, where that clock is another
// one, because it was seen like this before.
func (f *File) settled(info fs.FileInfo) bool {
	now := time.Now()
	if !same(info, f.seen) {
		f.seen, f.since = info, now
	}
	return now.Sub(info.ModTime()) >= settled || now.Sub(f.since) >= settled
}

// same reports whether nothing was written between two looks at a path.
func same(a, b fs.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// read returns what a regular file holds, and the file.
func read(path string) (string, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // nobody may ever write to a named pipe
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return "", nil, err
	}
	if kind := kindOf(before.Mode()); kind != "" {
		return "", nil, errors.New("is " + kind + ", not a file")
	}
	data, err := io.ReadAll(io.LimitReader(f, longest+1))
	if err != nil {
		return "", nil, err
	}
	after, err := f.Stat()
	switch {
	case err != nil:
		return "", nil, err
	case !same(before, after):
		return "", nil, errors.New("is being written")
	case len(data) > longest:
		return "", nil, errors.New("is larger than any secret")
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return "", nil, errors.New("begins with a byte order mark; save it without one")
	}
	return strings.TrimSpace(string(data)), after, nil
}

// kindOf names what is not a regular file.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return ""
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

package git

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// errMalformed is said of an object that is not what it should be.
var errMalformed = errors.New("an object of the repository cannot be read")

// commit is what matters of a commit.
type commit struct {
	hash    plumbing.Hash
	tree    plumbing.Hash
	parents []plumbing.Hash
	at      time.Time // it was committed
	message string
}

// content returns what an object holds.
func content(o plumbing.EncodedObject) ([]byte, error) {
	r, err := o.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// parseCommit reads a commit.
func parseCommit(o plumbing.EncodedObject) (commit, error) {
	data, err := content(o)
	if err != nil {
		return commit{}, err
	}
	c := commit{hash: o.Hash()}
	head, message, _ := strings.Cut(string(data), "\n\n")
	c.message = message
	for line := range strings.SplitSeq(head, "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "tree":
			c.tree = plumbing.NewHash(value)
		case "parent":
			c.parents = append(c.parents, plumbing.NewHash(value))
		case "committer":
			c.at = committed(value)
		}
	}
	if c.tree.IsZero() {
		return commit{}, errMalformed
	}
	return c, nil
}

// committed reads the time at the end of "Name <address> 1700000000 +0100"; zero where there is none.
func committed(who string) time.Time {
	words := strings.Fields(who)
	if len(words) < 2 {
		return time.Time{}
	}
	seconds, err := strconv.ParseInt(words[len(words)-2], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// The modes of what a directory holds.
const (
	modeTree      = "40000"
	modeSymlink   = "120000"
	modeSubmodule = "160000"
)

// entry is a name in a directory.
type entry struct {
	mode string
	hash plumbing.Hash
	at   int // of the hash in the directory's bytes
}

// find looks a name up in the bytes of a directory. The bytes are never written anew, so that whatever else is in it stays
// as it is.
func find(tree []byte, name string) (entry, bool) {
	const size = len(plumbing.ZeroHash)
	for at := 0; at < len(tree); {
		space := bytes.IndexByte(tree[at:], ' ')
		if space < 0 {
			return entry{}, false
		}
		end := bytes.IndexByte(tree[at+space:], 0)
		if end < 0 || at+space+end+1+size > len(tree) {
			return entry{}, false
		}
		hashAt := at + space + end + 1
		if string(tree[at+space+1:at+space+end]) == name {
			e := entry{mode: strings.TrimLeft(string(tree[at:at+space]), "0"), at: hashAt}
			copy(e.hash[:], tree[hashAt:])
			return e, true
		}
		at = hashAt + size
	}
	return entry{}, false
}

// newObject returns an object that is stored nowhere yet.
func newObject(kind plumbing.ObjectType, data []byte) *plumbing.MemoryObject {
	o := new(plumbing.MemoryObject)
	o.SetType(kind)
	_, _ = o.Write(data) // to memory
	return o
}

// signature is who made a commit, and when.
func signature(author string, at time.Time) string {
	return author + " " + strconv.FormatInt(at.Unix(), 10) + " +0000"
}

// newCommit returns a commit object.
func newCommit(tree, parent plumbing.Hash, author string, at time.Time, message string) *plumbing.MemoryObject {
	who := signature(author, at)
	return newObject(plumbing.CommitObject, []byte("tree "+tree.String()+"\nparent "+parent.String()+
		"\nauthor "+who+"\ncommitter "+who+"\n\n"+message))
}

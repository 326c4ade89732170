package git

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git/edit"
)

// tree is the way to one file: the bytes of each directory, and where in them the next is named.
type tree struct {
	directories [][]byte
	entries     []entry
	data        []byte // of the file
}

func refuse(code rollout.ProblemCode) error {
	return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: code})
}

// lfsPointer begins what stands in place of a file that Git LFS keeps.
var lfsPointer = []byte("version https://git-lfs.github.com/spec/")

// file reads one file of a commit. What is no plain file, or lies behind what is no plain directory, is refused.
func (r *remote) file(ctx context.Context, at plumbing.Hash, path string) (t tree, err error) {
	o, err := r.objects.EncodedObject(plumbing.CommitObject, at)
	if err != nil {
		return tree{}, err
	}
	c, err := parseCommit(o)
	if err != nil {
		return tree{}, err
	}
	hash := c.tree
	names := strings.Split(path, "/")
	for i, name := range names {
		o, err := r.object(ctx, plumbing.TreeObject, hash)
		if err != nil {
			return tree{}, err
		}
		data, err := content(o)
		if err != nil {
			return tree{}, err
		}
		e, ok := find(data, name)
		if err := e.fit(ok, i == len(names)-1); err != nil {
			return tree{}, err
		}
		t.directories, t.entries = append(t.directories, data), append(t.entries, e)
		hash = e.hash
	}
	if o, err = r.object(ctx, plumbing.BlobObject, hash); err != nil {
		return tree{}, err
	}
	if o.Size() > edit.Most {
		return tree{}, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: rollout.ProblemGitFileTooLarge, Limit: edit.Most >> 10})
	}
	if t.data, err = content(o); err == nil && bytes.HasPrefix(t.data, lfsPointer) {
		err = refuse(rollout.ProblemGitLFS)
	}
	return t, err
}

// fit returns why a name does not lead to the file.
func (e entry) fit(there, last bool) error {
	switch {
	case !there:
		return refuse(rollout.ProblemGitNoFile)
	case e.mode == modeSymlink:
		return refuse(rollout.ProblemGitSymlink)
	case e.mode == modeSubmodule:
		return refuse(rollout.ProblemGitSubmodule)
	case last && e.mode == modeTree:
		return refuse(rollout.ProblemGitDirectory)
	case !last && e.mode != modeTree:
		return refuse(rollout.ProblemGitNoFile)
	}
	return nil
}

// with returns the objects of the file with other content: its own, and those of the directories above it, the topmost
// last.
func (t tree) with(data []byte) (objects []plumbing.EncodedObject, top plumbing.Hash) {
	one := newObject(plumbing.BlobObject, data)
	objects, top = append(objects, one), one.Hash()
	for i := len(t.directories) - 1; i >= 0; i-- {
		directory := slices.Clone(t.directories[i])
		copy(directory[t.entries[i].at:], top[:])
		one := newObject(plumbing.TreeObject, directory)
		objects, top = append(objects, one), one.Hash()
	}
	return objects, top
}

// errMissing reports whether an object was not sent.
func errMissing(err error) bool { return errors.Is(err, plumbing.ErrObjectNotFound) }

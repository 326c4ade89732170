package git

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git/edit"
	"canarybot.io/rollout/git/forge"
)

// act does what the wish wants, where that is not done yet.
func (v *visit) act(ctx context.Context, l *look) (state rollout.GitState, moved bool, err error) {
	state = rollout.GitState{
		Image:     l.file.Image(),
		Promotion: v.known(l.ours.promotion, l.promotion, v.of.Git.Promotion),
		Revert:    v.known(l.ours.revert, l.revert, v.of.Git.Revert),
	}
	switch {
	case v.wish == rollout.WantPromotion && state.Promotion.IsZero() && !l.file.Says(v.of.Image):
		return v.write(ctx, l, state, change{
			image: v.of.Image, message: promotionMessage(v.of, state.Image), branch: v.branch(""),
		})
	case v.wish == rollout.WantRevert && state.Promotion.Hash == "":
		return v.withdraw(ctx, l, state)
	case v.wish == rollout.WantRevert && state.Revert.IsZero() && l.file.Says(v.of.Image):
		back := v.before(l)
		if l.file.Says(back) {
			return state, false, nil
		}
		return v.write(ctx, l, state, change{
			image: back, message: revertMessage(v.of, state.Promotion.Hash, back), branch: v.branch("-revert"), reverts: true,
		})
	}
	return state, false, nil
}

// known returns what there is of a commit of ours: in the branch, or asked for, or what was known of it before, where it is
// too long ago to be seen again.
func (v *visit) known(c *commit, pull *forge.Request, before rollout.GitCommit) (known rollout.GitCommit) {
	if c != nil {
		known.Hash = c.hash.String()
	} else if before.Hash != "" {
		known.Hash = before.Hash
	}
	if pull != nil {
		known.Link = v.link(pull.Link)
		known.Asked = pull.State != forge.Closed
		known.Declined = pull.State == forge.Closed && known.Hash == ""
		if pull.State == forge.Merged {
			known.Hash = cmp.Or(known.Hash, pull.Hash)
		}
	}
	if known.Hash != "" && known.Link == "" {
		known.Link = forge.CommitLink(v.host.Forge, v.remote.address.host, v.remote.address.repository(), known.Hash)
	}
	return known
}

// link returns a forge's link, if it leads to the forge.
func (v *visit) link(text string) string {
	u, err := url.Parse(text)
	api, errAPI := url.Parse(v.host.api())
	if err != nil || errAPI != nil || u.User != nil || len(text) > 1000 ||
		u.Scheme != "https" && (u.Scheme != "http" || !local(u.Host)) || u.Host != v.remote.address.host && u.Host != api.Host {
		return ""
	}
	return u.String()
}

// before is the image to go back to: what the promotion says that it replaced, else what stable ran.
func (v *visit) before(l *look) string {
	if was := l.ours.replaces; rollout.Mirrored(was, v.of.Spec.Repository) {
		return was
	}
	return v.of.From()
}

// branch names the branch of a pull request. Ids count per store.
func (v *visit) branch(ending string) string {
	name := "canarybot/" + string(v.of.ID)
	if store := strings.Map(plainLetter, v.of.Store); store != "" {
		name += "-" + store[:min(8, len(store))]
	}
	return name + ending
}

func plainLetter(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
		return r
	}
	return -1
}

// change is one commit to be made.
type change struct {
	image   string
	message string
	branch  string // of its pull request
	reverts bool
}

// commit is where the state tells of it.
func (c change) commit(s *rollout.GitState) *rollout.GitCommit {
	if c.reverts {
		return &s.Revert
	}
	return &s.Promotion
}

// write makes a commit and pushes it, or asks for it.
func (v *visit) write(ctx context.Context, l *look, state rollout.GitState, c change) (rollout.GitState, bool, error) {
	data, err := l.file.Write(c.image)
	if err != nil {
		return state, false, err
	}
	objects, top := l.tree.with(data)
	author := cmp.Or(v.file.Author, DefaultAuthor)
	made := newCommit(top, l.head, author, time.Now(), c.message)
	objects = append(objects, made)
	if v.file.Push == rollout.PullRequest {
		return v.request(ctx, state, c, objects)
	}
	err = v.remote.push(ctx, v.file.Branch, l.head, made.Hash(), objects...)
	refused, is := errors.AsType[refusedError](err)
	switch {
	case err == nil:
		l.head = made.Hash()
		*c.commit(&state) = v.known(&commit{hash: made.Hash()}, nil, rollout.GitCommit{})
		state.Image = said(data, v.of)
		return state, false, nil
	case !is:
		return state, false, err
	}
	now, errNow := v.remote.head(ctx, v.file.Branch)
	switch {
	case errNow != nil:
		return state, false, errNow
	case now != l.head:
		return state, true, nil
	case refused.protected() && v.forge != nil:
		return v.request(ctx, state, c, objects)
	}
	return state, false, refused
}

// said returns the image that a file says which we wrote.
func said(data []byte, r rollout.Rollout) string {
	f, err := edit.Read(data, edit.TargetOf(r))
	if err != nil {
		return "" // it was read like that before it was pushed
	}
	return f.Image()
}

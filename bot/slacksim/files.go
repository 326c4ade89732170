package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of files.
const (
	maxFile     = 32 << 20 // our rule: Slack takes a gigabyte
	maxFileText = 1000     // of alt_txt
	maxShares   = 100      // channels of one files.completeUploadExternal
)

// File is what the bot or a person uploaded.
type File struct {
	ID string
	// User is who did.
	User  string
	Name  string
	Title string
	// Alt is what a screen reader says in a picture's place.
	Alt string
	// Type is the media type, such as image/png; Slack takes it from the name.
	Type    string
	Content []byte
	// ReadyAt is when Slack has looked at it: before that it has no type, is in no channel and cannot be a picture in a message.
	ReadyAt time.Time

	declared int  // length
	uploaded bool // the content is here
	complete bool // files.completeUploadExternal was called
	channels []string
}

// Files returns what was uploaded so far, oldest first, whether Slack is done with it or not.
func (s *Sim) Files() []File {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []File
	for _, f := range s.files {
		if f.complete {
			c := *f
			c.Content = slices.Clone(f.Content)
			out = append(out, c)
		}
	}
	return out
}

func (f *File) ready(now time.Time) bool { return f.complete && !now.Before(f.ReadyAt) }

func (f *File) picture() bool { return strings.HasPrefix(f.Type, "image/") }

// file finds a file by id; the caller holds the lock.
func (s *Sim) file(id string) *File {
	for _, f := range s.files {
		if f.ID == id {
			return f
		}
	}
	return nil
}

// getUploadURL is files.getUploadURLExternal: the first of three steps. The address is on the host that was asked, since
// clients send their token nowhere else.
func (s *Sim) getUploadURL(c call) reply {
	name, length := c.text("filename"), c.text("length")
	size, err := c.number("length", 0)
	switch {
	case name == "" || length == "":
		s.recordViolation(BadArguments, "%s: filename and length are needed", c.method)
		return refuse("invalid_arguments")
	case err != nil || size <= 0:
		s.recordViolation(BadArguments, "%s: length %q", c.method, length)
		return refuse("missing_argument")
	case size > maxFile:
		return refuse("file_upload_size_restricted")
	case utf8.RuneCountInString(c.text("alt_txt")) > maxFileText:
		return refuse("alt_txt_too_large")
	}
	f := &File{ID: s.id("F"), User: s.opts.Bot.UserID, Name: name, Title: name, Alt: c.text("alt_txt"), declared: size}
	s.files = append(s.files, f)
	return ok(map[string]any{"upload_url": c.base + "/upload/" + f.ID, "file_id": f.ID})
}

// completion is one file in files.completeUploadExternal.
type completion struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// completeUpload is files.completeUploadExternal: the third step. Everything is checked before anything is done.
func (s *Sim) completeUpload(c call) reply {
	var list []completion
	if err := json.Unmarshal(c.raw("files"), &list); err != nil || len(list) == 0 {
		s.recordViolation(BadArguments, "%s: files is no list of files", c.method)
		return refuse("invalid_arguments")
	}
	var done []*File
	for _, item := range list {
		f := s.file(item.ID)
		if f == nil || !f.uploaded || f.complete {
			return refuse("file_not_found")
		}
		done = append(done, f)
	}
	share, rep := s.shareOf(c)
	if rep.err != "" {
		return rep
	}
	answer := []completion{}
	for i, f := range done {
		f.complete, f.ReadyAt = true, c.now.Add(s.opts.Timing.Files)
		if list[i].Title != "" {
			f.Title = list[i].Title
		}
		answer = append(answer, completion{ID: f.ID, Title: f.Title})
	}
	share.files = done
	s.later(s.opts.Timing.Files, func() { s.shareFiles(share) })
	s.notifyChange()
	return ok(map[string]any{"files": answer})
}

// share is where uploaded files go, and with which words.
type share struct {
	rooms  []*room
	thread string
	body   content
	files  []*File
}

// shareOf reads and checks where the files of a call go; without a channel they stay with the bot.
func (s *Sim) shareOf(c call) (share, reply) {
	ids := strings.FieldsFunc(c.text("channels"), func(r rune) bool { return r == ',' })
	if id := c.text("channel_id"); id != "" {
		ids = append(ids, id)
	}
	if len(ids) > maxShares {
		return share{}, refuse("channels_limit_exceeded")
	}
	var out share
	for _, id := range ids {
		there := c
		there.args = args{values: map[string]any{"channel": id, "thread_ts": c.text("thread_ts")}}
		r, rep := s.target(there)
		if rep.err == "" && r.BotAbsent {
			rep = refuse("not_in_channel") // chat:write.public is for words only
		}
		if rep.err == "" {
			out.thread, rep = s.threadRoot(r, there)
		}
		if rep.err != "" {
			return share{}, rep
		}
		out.rooms = append(out.rooms, r)
	}
	out.body.text = c.text("initial_comment")
	if !c.has("blocks") || out.body.text != "" {
		return out, reply{}
	}
	blocks, rep := s.readBlocks(c.raw("blocks"), c.method)
	out.body.blocks = blocks
	return out, rep
}

// shareFiles posts what an upload was for, once Slack is done with the files. The caller holds the lock.
func (s *Sim) shareFiles(sh share) {
	for _, r := range sh.rooms {
		m := Message{User: s.opts.Bot.UserID, FromBot: true, ThreadTS: sh.thread, Text: sh.body.text, Blocks: sh.body.blocks, At: time.Now()}
		for _, f := range sh.files {
			m.Files = append(m.Files, f.ID)
			f.channels = append(f.channels, r.ID)
		}
		s.add(r, m)
	}
	s.notifyChange()
}

// filesInfo tells what Slack knows of a file by now.
func (s *Sim) filesInfo(c call) reply {
	f := s.file(c.text("file"))
	if f == nil || !f.complete {
		return refuse("file_not_found")
	}
	return ok(map[string]any{"file": s.wireFile(f, c.base, c.now)})
}

// filesDelete takes a file away, out of the messages that show it too.
func (s *Sim) filesDelete(c call) reply {
	f := s.file(c.text("file"))
	if f == nil {
		return refuse("file_not_found")
	}
	s.files = slices.DeleteFunc(s.files, func(o *File) bool { return o == f })
	s.notifyChange()
	return ok(nil)
}

// wireFile is a file as the Web API and messages carry it: while Slack looks at it, it has neither type nor thumbnails.
func (s *Sim) wireFile(f *File, base string, now time.Time) map[string]any {
	w := map[string]any{
		"id": f.ID, "created": f.ReadyAt.Add(-s.opts.Timing.Files).Unix(), "name": f.Name, "title": f.Title, "user": f.User,
		"size": len(f.Content), "mode": "hosted", "is_external": false, "is_public": len(f.channels) > 0, "alt_txt": f.Alt,
		"mimetype": "", "filetype": "", "channels": slices.Clone(f.channels), "file_access": "visible",
		"url_private": fmt.Sprintf("%s/files/%s/%s", base, f.ID, f.Name),
		"permalink":   fmt.Sprintf("https://%s.slack.com/files/%s/%s/%s", s.opts.Workspace.Domain, f.User, f.ID, f.Name),
	}
	if !f.ready(now) {
		return w
	}
	w["mimetype"], w["filetype"] = f.Type, fileType(f.Name)
	if f.picture() {
		w["thumb_360"] = w["url_private"]
		w["original_w"], w["original_h"] = pictureSize(f.Content)
	}
	return w
}

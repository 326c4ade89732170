package slacksim

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// responseURL is an address under which the bot may answer one interaction.
type responseURL struct {
	kind     string
	user     string
	channel  string
	original surface // what was pressed; zero for slash commands
	expires  time.Time
	uses     int
}

// newResponseURL creates an address and returns its path.
func (s *Sim) newResponseURL(u responseURL) string {
	u.expires = time.Now().Add(s.opts.Timing.ResponseURL)
	path := fmt.Sprintf("/response/%s/%s/%s", u.kind, s.opts.Workspace.ID, s.uuid())
	s.responses[path] = &u
	return path
}

// serveResponse answers a post to a response URL: "ok" in plain text, or 404 with
// the error in JSON.
func (s *Sim) serveResponse(w http.ResponseWriter, r *http.Request) {
	fault, down := s.fault(ResponseURLs)
	if down || !s.delay(r, fault.Latency) || fault.LoseRequest {
		panic(http.ErrAbortHandler)
	}
	if fault.failed(w) {
		return
	}
	rep := refuse(fault.Error)
	if fault.Error == "" {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		a := args{values: map[string]any{}}
		if err == nil {
			err = a.addJSON(body)
		}
		rep = s.respond(r.URL.Path, a, err)
	}
	switch {
	case fault.LoseResponse:
		panic(http.ErrAbortHandler)
	case rep.err == "":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "ok") // the client may be gone
	default:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		writeJSON(w, map[string]any{"ok": false, "error": rep.err})
	}
}

// respond carries out the bot's request to a response URL.
func (s *Sim) respond(path string, a args, bad error) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, now := s.responses[path], time.Now()
	switch {
	case u == nil:
		s.recordViolation(ResponseURLMisuse, "no such response URL: %s", path)
		return refuse("no_such_url")
	case bad != nil:
		s.recordViolation(BadArguments, "response URL: %v", bad)
		return refuse("invalid_payload")
	case now.After(u.expires):
		s.recordViolation(ResponseURLMisuse, "used after %s", s.opts.Timing.ResponseURL)
		return refuse("expired_url") // the error's name is our rule
	case u.uses >= usesOfResponseURL:
		s.recordViolation(ResponseURLMisuse, "used more than %d times", usesOfResponseURL)
		return refuse("used_url") // the error's name is our rule
	}
	u.uses++
	if a.flag("delete_original") {
		return s.deleteOriginal(u)
	}
	// slack-go always sends an empty metadata object here; Slack ignores it.
	delete(a.values, "metadata")
	body, rep := s.readContent(a, "response URL")
	if rep.err == "" {
		body, rep = s.postable(body, "response URL")
	}
	if rep.err != "" {
		return rep
	}
	if a.flag("replace_original") && u.original != (surface{}) {
		return s.replaceOriginal(u, body)
	}
	return s.answerPerson(u, a, body, now)
}

func (s *Sim) deleteOriginal(u *responseURL) reply {
	switch {
	case u.original.ephemeral != nil:
		u.original.ephemeral.Deleted = true
	case u.original.message != nil && s.removed(s.room(u.channel), u.original.message.TS):
	default:
		return refuse("message_not_found")
	}
	s.notifyChange()
	return reply{}
}

func (s *Sim) replaceOriginal(u *responseURL, body content) reply {
	if m := u.original.message; m != nil {
		// Unlike chat.update this replaces the whole message: our rule.
		s.edit(s.room(u.channel), m, body)
		return reply{}
	}
	e := u.original.ephemeral
	if e.Deleted {
		return refuse("message_not_found")
	}
	e.Text, e.Blocks = body.text, body.blocks
	e.Edits++
	s.notifyChange()
	return reply{}
}

// answerPerson posts a new message: only to the person unless in_channel.
func (s *Sim) answerPerson(u *responseURL, a args, body content, now time.Time) reply {
	r := s.room(u.channel)
	thread := a.text("thread_ts")
	if thread != "" && r.message(thread) == nil {
		return refuse("thread_not_found")
	}
	switch a.text("response_type") {
	case "", "ephemeral":
		s.addEphemeral(r, Ephemeral{
			User: u.user, ThreadTS: thread, FromBot: true, Text: body.text, Blocks: body.blocks, At: now,
		})
	case "in_channel":
		s.add(r, Message{
			ThreadTS: thread, User: s.opts.Bot.UserID, FromBot: true, Text: body.text, Blocks: body.blocks, At: now,
		})
	default:
		return refuse("invalid_response_type")
	}
	return reply{}
}

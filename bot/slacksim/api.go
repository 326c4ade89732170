package slacksim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tier is the rate class of a method.
type tier int

const (
	special tier = iota
	tier1
	tier2
	tier3
	tier4
)

// tokenKind says what a method must be called with.
type tokenKind int

const (
	botToken tokenKind = iota
	appToken
	noToken
)

// method is one Web API method.
type method struct {
	run    func(*Sim, call) reply
	scopes []string // the bot needs one of them
	tier   tier
	token  tokenKind
}

// call is one request to a method.
type call struct {
	args
	method string
	token  string
	bad    error  // why the arguments could not be read
	base   string // scheme and host under which the caller reached the simulator
	now    time.Time
}

// reply is a method's answer: an error, or fields beside ok.
type reply struct {
	err    string
	fields map[string]any
	// status and retryAfter make it a plain HTTP answer, as for rate limits.
	status     int
	retryAfter int
}

func ok(fields map[string]any) reply { return reply{fields: fields} }

func refuse(code string) reply { return reply{err: code} }

// methods is the table of everything the Web API answers.
func methods() map[string]method {
	reading := []string{"channels:read", "groups:read", "im:read"}
	history := []string{"channels:history", "groups:history", "im:history"}
	people := []string{"users:read"}
	writing := []string{"chat:write"}
	files := []string{"files:write"}
	groups := []string{"usergroups:read"}
	return map[string]method{
		"apps.connections.open":        {run: (*Sim).connectionsOpen, tier: tier3, token: appToken},
		"auth.test":                    {run: (*Sim).authTest},
		"blocks.validate":              {run: (*Sim).blocksValidate, token: noToken},
		"bots.info":                    {run: (*Sim).botsInfo, scopes: people, tier: tier3},
		"chat.delete":                  {run: (*Sim).deleteMessage, scopes: writing, tier: tier3},
		"chat.getPermalink":            {run: (*Sim).getPermalink},
		"chat.postEphemeral":           {run: (*Sim).postEphemeral, scopes: writing, tier: tier4},
		"chat.postMessage":             {run: (*Sim).postMessage, scopes: writing},
		"chat.update":                  {run: (*Sim).updateMessage, scopes: writing, tier: tier3},
		"conversations.history":        {run: (*Sim).conversationsHistory, scopes: history, tier: tier3},
		"conversations.info":           {run: (*Sim).conversationsInfo, scopes: reading, tier: tier3},
		"users.conversations":          {run: (*Sim).usersConversations, scopes: reading, tier: tier3},
		"conversations.join":           {run: (*Sim).conversationsJoin, scopes: []string{"channels:join"}, tier: tier3},
		"conversations.list":           {run: (*Sim).conversationsList, scopes: reading, tier: tier2},
		"conversations.members":        {run: (*Sim).conversationsMembers, scopes: reading, tier: tier4},
		"conversations.open":           {run: (*Sim).conversationsOpen, scopes: []string{"im:write"}, tier: tier3},
		"conversations.replies":        {run: (*Sim).conversationsReplies, scopes: history, tier: tier3},
		"files.completeUploadExternal": {run: (*Sim).completeUpload, scopes: files, tier: tier4},
		"files.delete":                 {run: (*Sim).filesDelete, scopes: files, tier: tier3},
		"files.getUploadURLExternal":   {run: (*Sim).getUploadURL, scopes: files, tier: tier4},
		"files.info":                   {run: (*Sim).filesInfo, scopes: []string{"files:read"}, tier: tier4},
		"reactions.add":                {run: (*Sim).reactionsAdd, scopes: []string{"reactions:write"}, tier: tier3},
		"reactions.remove":             {run: (*Sim).reactionsRemove, scopes: []string{"reactions:write"}, tier: tier2},
		"team.info":                    {run: (*Sim).teamInfo, scopes: []string{"team:read"}, tier: tier3},
		"usergroups.list":              {run: (*Sim).usergroupsList, scopes: groups, tier: tier2},
		"usergroups.users.list":        {run: (*Sim).usergroupsUsersList, scopes: groups, tier: tier2},
		"views.open":                   {run: (*Sim).viewsOpen, tier: tier4},
		"views.publish":                {run: (*Sim).viewsPublish, tier: tier4},
		"views.push":                   {run: (*Sim).viewsPush, tier: tier4},
		"views.update":                 {run: (*Sim).viewsUpdate, tier: tier4},
		"users.list":                   {run: (*Sim).usersList, scopes: people, tier: tier2},
		"users.lookupByEmail":          {run: (*Sim).lookupByEmail, scopes: []string{"users:read.email"}, tier: tier3},
		"users.info":                   {run: (*Sim).usersInfo, scopes: people, tier: tier4},
	}
}

// serveAPI answers one Web API call: faults first, then the checks in Slack's
// order, then the method itself.
func (s *Sim) serveAPI(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	fault, down := s.fault(name)
	if down || !s.delay(r, fault.Latency) || fault.LoseRequest {
		panic(http.ErrAbortHandler)
	}
	if fault.failed(w) {
		return
	}
	a, token, err := readArgs(r)
	c := call{args: a, method: name, token: token, bad: err, base: baseURL(r), now: time.Now()}
	rep := s.answer(r, c, fault)
	s.opts.Log.Debug("call", "method", name, "error", rep.err)
	if fault.LoseResponse {
		panic(http.ErrAbortHandler)
	}
	s.writeReply(w, c, rep)
}

func (s *Sim) answer(r *http.Request, c call, fault Fault) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base = c.base
	m, known := s.methods[c.method]
	if !known {
		s.recordViolation(UnknownMethod, "%s", c.method)
		return reply{err: "unknown_method", fields: map[string]any{"req_method": c.method}}
	}
	if c.bad != nil {
		s.recordViolation(BadArguments, "%s: %v", c.method, c.bad)
		code, _, _ := strings.Cut(c.bad.Error(), ":")
		return refuse(code)
	}
	if rep := s.authorize(r, c, m); rep.err != "" {
		return rep
	}
	if rep := s.limit(c, m); rep.err != "" {
		return rep
	}
	if fault.Error != "" {
		return refuse(fault.Error)
	}
	return m.run(s, c)
}

// authorize checks the token's kind and value and the scopes behind it.
func (s *Sim) authorize(r *http.Request, c call, m method) reply {
	var want string
	switch m.token {
	case noToken:
		return reply{}
	case appToken:
		want = s.opts.Bot.AppToken
		if r.Header.Get("Authorization") == "" && c.token != "" {
			s.recordViolation(BadToken, "%s: the app token must be in the Authorization header", c.method)
			return refuse("missing_args")
		}
	case botToken:
		want = s.opts.Bot.BotToken
	}
	switch {
	case c.token == "":
		s.recordViolation(BadToken, "%s: no token", c.method)
		return refuse("not_authed")
	case c.token != want && (c.token == s.opts.Bot.AppToken || c.token == s.opts.Bot.BotToken):
		s.recordViolation(BadToken, "%s: the other kind of token is needed", c.method)
		return refuse("not_allowed_token_type")
	case c.token != want:
		s.recordViolation(BadToken, "%s: unknown token", c.method)
		return refuse("invalid_auth")
	}
	if len(m.scopes) > 0 && !slices.ContainsFunc(m.scopes, s.granted) {
		return s.missingScope(c, strings.Join(m.scopes, ","))
	}
	return reply{}
}

func (s *Sim) granted(scope string) bool { return slices.Contains(s.opts.Scopes, scope) }

func (s *Sim) missingScope(c call, needed string) reply {
	s.recordViolation(MissingScope, "%s needs %s", c.method, needed)
	return reply{err: "missing_scope", fields: map[string]any{
		"needed": needed, "provided": strings.Join(s.opts.Scopes, ","),
	}}
}

func (s *Sim) writeReply(w http.ResponseWriter, c call, rep reply) {
	body := map[string]any{"ok": rep.err == ""}
	maps.Copy(body, rep.fields)
	if rep.err != "" {
		body["error"] = rep.err
	}
	if c.bareJSON && rep.err == "" {
		body["warning"] = "missing_charset"
		body["response_metadata"] = map[string]any{"warnings": []string{"missing_charset"}}
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Date", time.Now().Add(s.opts.Timing.Ahead).UTC().Format(http.TimeFormat))
	h.Set("X-OAuth-Scopes", strings.Join(s.opts.Scopes, ","))
	h.Set("X-Accepted-OAuth-Scopes", strings.Join(s.methods[c.method].scopes, ","))
	if rep.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(rep.retryAfter))
	}
	if rep.status != 0 {
		w.WriteHeader(rep.status)
	}
	writeJSON(w, body)
}

// writeJSON writes v without escaping <, > and &. An error means that the client
// has left.
func writeJSON(w http.ResponseWriter, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}

func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

package judges

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// modal waits for the person's topmost modal to say something, and returns it.
func (w workspace) modal(user, words string) map[string]any {
	w.t.Helper()
	return w.view("modal", user, words)
}

func (w workspace) view(kind, user, words string) map[string]any {
	w.t.Helper()
	var found map[string]any
	w.wait("a "+kind+" with "+words, "/control/"+kind+"?user="+url.QueryEscape(user), func(answer map[string]any) bool {
		found, _ = answer[kind].(map[string]any)
		raw, err := json.Marshal(found)
		return err == nil && found != nil && strings.Contains(string(raw), words)
	})
	return found
}

// noModal waits until the person has none open.
func (w workspace) noModal(user string) {
	w.t.Helper()
	w.wait("no modal", "/control/modal?user="+url.QueryEscape(user), func(answer map[string]any) bool { return answer["modal"] == nil })
}

// fillForm chooses a service, of those that the app suggests, and gives a reason.
func (w workspace) fillForm(service, reason string) {
	w.t.Helper()
	w.modal("dev", "choose a service")
	offered := w.raw(http.MethodPost, "/sim/suggest", strings.NewReader(`{"as":"dev","field":"Service","text":"`+service+`"}`))
	if !strings.Contains(string(offered), service) || strings.Contains(string(offered), "api") {
		w.t.Errorf("for %s the app offers %s", service, offered)
	}
	w.act("fill", map[string]any{"field": "Service", "text": service})
	w.modal("dev", service+" it is")
	if got := w.post("/sim/fill", map[string]any{"as": "dev", "field": "Reason", "text": reason}); got["delivery"] != "silent" {
		w.t.Errorf("the app was told of a text: %v", got)
	}
}

// A modal opens, is searched, changed while it is filled in, refused with words under a field, and asks once more.
func modal(w workspace) {
	w.act("slash", map[string]any{"text": "/deploy"})
	w.modal("dev", "choose a service")
	if got := w.post("/sim/submit", map[string]any{"as": "dev"}); got["delivery"] != "refused" {
		w.t.Errorf("an empty form was sent: %v", got)
	}
	w.fillForm("checkout", "why")
	w.act("submit", map[string]any{})
	w.modal("dev", "Say a little more.")
	w.post("/sim/fill", map[string]any{"as": "dev", "field": "Reason", "text": "faster taxes"})
	w.act("submit", map[string]any{})
	if v := w.modal("dev", "because of faster taxes?"); v["depth"] != 1.0 || v["title"] != "Sure?" {
		w.t.Errorf("the second modal is %v", v)
	}
	w.act("submit", map[string]any{})
	w.message("<@U00000DEV1> deploys checkout")
	w.noModal("dev")
}

// The app is told how its modals are closed: one with its own button, or all with the X, which names the first.
func closed(w workspace) {
	w.act("slash", map[string]any{"text": "/deploy"})
	w.fillForm("web", "a new look")
	w.act("submit", map[string]any{})
	w.modal("dev", "Sure?")
	w.act("close", map[string]any{})
	w.message("went back from sure")
	w.modal("dev", "web it is")
	w.act("submit", map[string]any{})
	w.modal("dev", "Sure?")
	w.act("close", map[string]any{"all": true})
	w.message("left deploy")
	w.noModal("dev")
}

func home(w workspace) {
	w.act("home", map[string]any{})
	w.view("home", "dev", "home of ")
	w.act("press-view", map[string]any{"home": true, "button": "start"})
	w.modal("dev", "choose a service")
	w.act("close", map[string]any{"all": true})
	w.noModal("dev")
}

func shortcuts(w workspace) {
	w.act("shortcut", map[string]any{"text": "Deploy something"})
	w.modal("dev", "web it is")
	w.act("close", map[string]any{"all": true})
	said := w.post("/sim/say", map[string]any{"as": "oncall", "channel": "C0DEPLOYS1", "text": "api v2 is built"})
	w.act("shortcut", map[string]any{"text": "Deploy this", "ts": said["ts"]})
	w.modal("dev", "api v2 is built it is")
	w.private("dev", `read "api v2 is built"`)
	w.act("close", map[string]any{"all": true})
}

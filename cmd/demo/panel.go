package main

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"strconv"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

//go:embed panel
var panelFiles embed.FS

// panelPolicy lets the panel load nothing but its own files, and only beside the demo's own page.
const panelPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// charted is how many seconds the charts show.
const charted = 60

// newPanel serves the panel beside the channel: the state of the cluster, and buttons that break things.
func newPanel(w *world) http.Handler {
	files, err := fs.Sub(panelFiles, "panel")
	if err != nil {
		panic(err) // the directory is compiled in
	}
	static := http.StripPrefix("/panel/", http.FileServerFS(files))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /panel/", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Security-Policy", panelPolicy)
		rw.Header().Set("Cache-Control", "no-cache")
		static.ServeHTTP(rw, r)
	})
	mux.HandleFunc("GET /panel/events", w.serveEvents)
	// Another site must not press these through a visitor's browser.
	guard := http.NewCrossOriginProtection()
	mux.Handle("POST /panel/press/{button}", guard.Handler(http.HandlerFunc(w.servePress)))
	return mux
}

// servePress presses one of the panel's buttons.
func (w *world) servePress(rw http.ResponseWriter, r *http.Request) {
	switch button := r.PathValue("button"); button {
	case "break":
		name := cmp.Or(r.URL.Query().Get("fault"), "errors-30")
		fault, own := faults()[name]
		trouble, passes := troubles()[name]
		if !own && !passes {
			http.Error(rw, "There is no such fault.", http.StatusNotFound)
			return
		}
		if own && !w.breakIt(fault) || passes && !w.befall(trouble) {
			http.Error(rw, "There is no canary to break; deploy one first.", http.StatusConflict)
			return
		}
	case "restart":
		if !w.restart() {
			http.Error(rw, "No pod is in trouble alone.", http.StatusConflict)
			return
		}
	case "traffic":
		rate, err := strconv.ParseFloat(r.URL.Query().Get("rate"), 64)
		if err != nil || !(rate >= 1 && rate <= 100_000) {
			http.Error(rw, "Write a rate between 1 and 100000 requests a second.", http.StatusBadRequest)
			return
		}
		w.setTraffic(rate)
	case "kill":
		w.bot.kill()
	case "prometheus":
		w.prometheus.unplugged.Store(!w.prometheus.unplugged.Load())
	case "slack":
		w.unplugSlack(!w.offline.Load())
	default:
		http.Error(rw, fmt.Sprintf("There is no button %q.", button), http.StatusNotFound)
		return
	}
	rw.WriteHeader(http.StatusNoContent)
}

// serveEvents pushes the panel's state, now and several times a second: the cluster moves all the time.
func (w *world) serveEvents(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Type", "text/event-stream")
	rw.Header().Set("Cache-Control", "no-store")
	stream := http.NewResponseController(rw)
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		state, err := json.Marshal(w.panelState(time.Now()))
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(rw, "data: %s\n\n", state); err != nil || stream.Flush() != nil {
			return // the visitor is gone
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return
		}
	}
}

// panelState is what the panel shows.
type panelState struct {
	Back       float64        `json:"back"` // seconds until the dead bot is back; 0: it is running
	Prometheus bool           `json:"prometheus"`
	Slack      bool           `json:"slack"`
	Services   []panelService `json:"services"`
}

type panelService struct {
	Name   string    `json:"name"`
	Share  int       `json:"share"`
	Broken bool      `json:"broken"`
	Stable panelSide `json:"stable"`
	Canary panelSide `json:"canary"`
	// Evidence is the judge's evidence against the canary; nil while it judges nothing.
	Evidence *panelEvidence `json:"evidence"`
}

// panelEvidence is the state of a judge's bets: how far they have come to where the canary is rolled back.
type panelEvidence struct {
	Share  float64      `json:"share"` // of the way there, 0 to 1, on a log scale
	Result string       `json:"result"`
	Checks []panelCheck `json:"checks"`
}

type panelCheck struct {
	Name   string  `json:"name"`
	Share  float64 `json:"share"`
	Result string  `json:"result"`
}

type panelSide struct {
	Exists   bool       `json:"exists"`
	Version  string     `json:"version"`
	Replicas int        `json:"replicas"`
	Pods     []panelPod `json:"pods"`
	Requests []float64  `json:"requests"` // a second, oldest first
	Errors   []float64  `json:"errors"`
}

type panelPod struct {
	Name    string       `json:"name"`
	Version string       `json:"version"`
	State   sim.PodState `json:"state"`
	Alone   bool         `json:"alone"` // it is in trouble, alone of its side
}

func (w *world) panelState(now time.Time) panelState {
	s := panelState{Prometheus: !w.prometheus.unplugged.Load(), Slack: !w.offline.Load()}
	if back := w.bot.returns(); !back.IsZero() {
		s.Back = math.Max(0.1, math.Ceil(back.Sub(now).Seconds()))
	}
	for _, one := range w.apps {
		v := one.app.View(charted)
		s.Services = append(s.Services, panelService{
			Name: string(one.name), Share: int(v.Share), Broken: v.Broken, Stable: sideState(v.Stable), Canary: sideState(v.Canary),
			Evidence: w.evidence(one.name),
		})
	}
	return s
}

// evidence returns the running bot's evidence against the service's canary.
func (w *world) evidence(service rollout.ServiceName) *panelEvidence {
	program := w.program.Load()
	if program == nil {
		return nil
	}
	for _, r := range program.Snapshot() {
		if r.Service != service || r.Verdict.Limit <= 0 || !r.Phase.Forward() && r.Phase != rollout.RollingBack {
			continue
		}
		e := &panelEvidence{
			Share: way(r.Verdict.Odds, r.Verdict.Limit), Result: string(r.Verdict.Result),
		}
		for _, check := range r.Verdict.Evidence {
			if c := check.Compared; c != nil {
				e.Checks = append(e.Checks, panelCheck{Name: check.Check, Share: way(c.Odds, c.Limit), Result: string(check.Result)})
			}
		}
		return e
	}
	return nil
}

// way returns how close evidence is to sufficient, 0 to 1. Less than even odds count as 0.
func way(odds, limit float64) float64 {
	return math.Round(100*min(max(odds/limit, 0), 1)) / 100
}

func sideState(v sim.SideView) panelSide {
	s := panelSide{Exists: v.Exists, Version: v.Version, Replicas: v.Replicas, Pods: []panelPod{}}
	for _, p := range v.Pods {
		s.Pods = append(s.Pods, panelPod{Name: p.Name, Version: p.Version, State: p.State, Alone: p.Alone})
	}
	for _, r := range v.Rates {
		s.Requests = append(s.Requests, math.Round(10*r.Requests)/10)
		s.Errors = append(s.Errors, math.Round(1e4*r.Errors)/1e4)
	}
	return s
}

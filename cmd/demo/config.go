package main

import (
	_ "embed"
	"strings"
	"text/template"
	"time"

	"canarybot.io/config"
)

// configuration is the demo's canarybot.yaml, a template without its durations.
//
//go:embed canarybot.yaml
var configuration string

// pace is how quickly things happen in the demo. Time is real: the durations are short.
type pace struct {
	Bake     time.Duration // of each step
	Window   time.Duration // of the checks
	Interval time.Duration // between two queries to Prometheus
	Drain    time.Duration
	Start    time.Duration // how long a pod takes to get ready
	Scrape   time.Duration
	Down     time.Duration // how long a killed bot stays down
}

// browsing is quick enough to watch, and slow enough to press buttons.
func browsing() pace {
	return pace{
		Bake: 20 * time.Second, Window: 12 * time.Second, Interval: 2 * time.Second, Drain: 3 * time.Second,
		Start: 3 * time.Second, Scrape: time.Second, Down: 5 * time.Second,
	}
}

// playing is as quick as a scrape every second allows.
func playing() pace {
	return pace{
		Bake: 5 * time.Second, Window: 5 * time.Second, Interval: time.Second, Drain: time.Second,
		Start: 700 * time.Millisecond, Scrape: time.Second, Down: 3 * time.Second,
	}
}

// configure reads the demo's configuration as production reads a user's.
func configure(p pace, prometheus string) (config.Config, error) {
	text, err := template.New("canarybot.yaml").Parse(configuration)
	if err != nil {
		return config.Config{}, err
	}
	var filled strings.Builder
	if err := text.Execute(&filled, struct {
		pace
		Prometheus string
	}{p, prometheus}); err != nil {
		return config.Config{}, err
	}
	return config.Parse([]byte(filled.String()))
}

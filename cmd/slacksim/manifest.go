package main

import (
	"errors"
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"

	"canarybot.io/bot/slacksim"
)

// manifest is the part of an app's manifest that the simulator is strict about.
type manifest struct {
	Features struct {
		Bot struct {
			Name string `yaml:"display_name"`
		} `yaml:"bot_user"`
		Commands []struct {
			Command string `yaml:"command"`
		} `yaml:"slash_commands"`
		Shortcuts []struct {
			Name     string `yaml:"name"`
			Type     string `yaml:"type"`
			Callback string `yaml:"callback_id"`
		} `yaml:"shortcuts"`
		Home struct {
			On bool `yaml:"home_tab_enabled"`
		} `yaml:"app_home"`
	} `yaml:"features"`
	OAuth struct {
		Scopes struct {
			Bot []string `yaml:"bot"`
		} `yaml:"scopes"`
	} `yaml:"oauth_config"`
	Settings struct {
		SocketMode bool `yaml:"socket_mode_enabled"`
		Events     struct {
			Bot []string `yaml:"bot_events"`
		} `yaml:"event_subscriptions"`
	} `yaml:"settings"`
}

// fromManifest is the workspace with the app as its manifest describes it. JSON is YAML too.
func fromManifest(path string) (slacksim.Options, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return slacksim.Options{}, err
	}
	var m manifest
	if err := yaml.Unmarshal(raw, &m); err != nil {
		return slacksim.Options{}, fmt.Errorf("%s is no app manifest: %w", path, err)
	}
	if !m.Settings.SocketMode {
		return slacksim.Options{}, errors.New(path + " does not say settings.socket_mode_enabled: true, and the simulator speaks Socket Mode only")
	}
	o := slacksim.Options{
		Scopes:   append([]string{}, m.OAuth.Scopes.Bot...),
		Events:   append([]string{}, m.Settings.Events.Bot...),
		Bot:      slacksim.Bot{Name: m.Features.Bot.Name},
		Commands: []string{}, HomeOff: !m.Features.Home.On,
	}
	for _, s := range m.Features.Shortcuts {
		o.Shortcuts = append(o.Shortcuts, slacksim.Shortcut{Name: s.Name, CallbackID: s.Callback, OnMessage: s.Type == "message"})
	}
	for _, c := range m.Features.Commands {
		o.Commands = append(o.Commands, c.Command)
	}
	return o, nil
}

// permissive is the workspace with an app that asked for everything.
func permissive() slacksim.Options {
	return slacksim.Options{
		Bot:      slacksim.Bot{Name: "bot", Emoji: "🤖"},
		Commands: []string{"*"}, Scopes: slacksim.AllScopes(), Events: slacksim.AllEvents(),
	}
}

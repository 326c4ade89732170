package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// welcome posts the list of versions as the bot, through Slack's own API like any message.
func (w *world) welcome(ctx context.Context, client *http.Client) error {
	blocks, err := json.Marshal(w.welcomeBlocks())
	if err != nil {
		return fmt.Errorf("encode the welcome: %w", err)
	}
	form := url.Values{
		"channel": {channel}, "text": {"Welcome. Type /canary deploy checkout v1.2.4 to begin."}, "blocks": {string(blocks)},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.address+"/api/chat.postMessage", strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("post the welcome: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	request.Header.Set("Authorization", "Bearer "+w.slack.Bot().BotToken)
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("post the welcome: %w", err)
	}
	defer response.Body.Close()
	var answer struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || !answer.OK {
		return fmt.Errorf("post the welcome: Slack says %q (%w)", answer.Error, err)
	}
	return nil
}

// block is a part of a message, in Slack's format.
type block map[string]any

func (w *world) welcomeBlocks() []block {
	var list strings.Builder
	for _, v := range versions() {
		fmt.Fprintf(&list, "`%s`  *%s*: %s\n", v.tag, v.note, v.ends)
	}
	return []block{
		section("*Canary deployments, from here.* `checkout` and `search` run " + running + ". Deploy a version and watch it go " +
			fmt.Sprintf("5 %% → 50 %% → everyone, %.0f s each. The first command is typed already: press Enter.", w.pace.Bake.Seconds())),
		section(strings.TrimSuffix(list.String(), "\n")),
		contextLine("Break things beside the channel, or change who you are: `intern` may look and roll back, and is refused the rest. " +
			"Slack and the cluster are simulated in this process; the bot, its store, the queries and Prometheus's engine are real."),
	}
}

func section(text string) block {
	return block{"type": "section", "text": block{"type": "mrkdwn", "text": text}}
}

func contextLine(text string) block {
	return block{"type": "context", "elements": []block{{"type": "mrkdwn", "text": text}}}
}

package slacksim_test

import (
	"bytes"
	"image"
	"image/png"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/bot/slacksim"
)

// chart is a picture of 40 by 20 points.
func chart(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 40, 20))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// uploading is a workspace that lets the bot upload.
func uploading() slacksim.Options { return slacksim.Options{Scopes: slacksim.AllScopes()} }

func upload(t *testing.T, api *slack.Client, p slack.UploadFileParameters) string {
	t.Helper()
	content := chart(t)
	p.Reader, p.FileSize = bytes.NewReader(content), len(content)
	if p.Filename == "" {
		p.Filename = "chart.png"
	}
	f, err := api.UploadFileContext(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return f.ID
}

// showing posts a picture by its id or address.
func showing(t *testing.T, api *slack.Client, f *slack.SlackFileObject) error {
	t.Helper()
	_, _, err := api.PostMessageContext(t.Context(), deploys, slack.MsgOptionText("latency of canary and stable", false),
		slack.MsgOptionBlocks(slack.NewImageBlockSlackFile(f, "canary 20 ms, stable 21 ms", "", nil)))
	return err
}

// An uploaded picture can be shown once Slack has looked at it, and not before.
func TestPictureIsShownWhenItIsReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, uploading())
		sim.Expect(slacksim.InvalidBlocks)
		api := newAPI(sim)
		id := upload(t, api, slack.UploadFileParameters{AltTxt: "latency", Title: "Latency"})
		if err := showing(t, api, &slack.SlackFileObject{ID: id}); err == nil || err.Error() != "invalid_blocks" {
			t.Errorf("shown at once: %v, want invalid_blocks", err)
		}
		before, _, _, err := api.GetFileInfoContext(t.Context(), id, 0, 0)
		if err != nil || before.Mimetype != "" || before.Title != "Latency" {
			t.Errorf("files.info at once = %+v, %v; want no type yet", before, err)
		}
		time.Sleep(2 * time.Second)
		after, _, _, err := api.GetFileInfoContext(t.Context(), id, 0, 0)
		if err != nil || after.Mimetype != "image/png" || after.OriginalW != 40 || after.OriginalH != 20 {
			t.Errorf("files.info later = %+v, %v", after, err)
		}
		for _, f := range []slack.SlackFileObject{{ID: id}, {URL: after.URLPrivate}, {URL: after.Permalink}} {
			if err := showing(t, api, &f); err != nil {
				t.Errorf("shown later as %+v: %v", f, err)
			}
		}
		if got := sim.Files(); len(got) != 1 || got[0].Alt != "latency" || !bytes.Equal(got[0].Content, chart(t)) {
			t.Errorf("files = %+v", got)
		}
	})
}

// A file with a channel is posted there, with its words, when Slack is done with it.
func TestFileIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, uploading())
		api := newAPI(sim)
		root := postCard(t, api)
		id := upload(t, api, slack.UploadFileParameters{Channel: deploys, ThreadTimestamp: root, InitialComment: "as of now"})
		if got := sim.Thread(deploys, root); len(got) != 0 {
			t.Errorf("shared at once: %+v", got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		got := sim.Thread(deploys, root)
		if len(got) != 1 || got[0].Text != "as of now" || !slices.Equal(got[0].Files, []string{id}) {
			t.Fatalf("thread = %+v", got)
		}
		replies, _, _, err := api.GetConversationRepliesContext(t.Context(), &slack.GetConversationRepliesParameters{ChannelID: deploys, Timestamp: root})
		if err != nil || len(replies) != 2 || len(replies[1].Files) != 1 || replies[1].Files[0].Mimetype != "image/png" {
			t.Errorf("conversations.replies = %+v, %v", replies, err)
		}
		if _, body := do(t, sim, http.MethodGet, "/sim/file/"+id, ""); body != string(chart(t)) {
			t.Error("the page does not get the picture")
		}
		if err := api.DeleteFileContext(t.Context(), id); err != nil || len(sim.Files()) != 0 {
			t.Errorf("after files.delete: %v, %v", err, sim.Files())
		}
	})
}

func TestUploadsThatAreRefused(t *testing.T) {
	for name, row := range map[string]struct {
		options  func(*slacksim.Options)
		do       func(api *slack.Client, t *testing.T) error
		want     string
		violates []slacksim.Kind
	}{
		"no such channel": {
			do:   func(api *slack.Client, t *testing.T) error { return share(api, t, "C0NOWHERE1") },
			want: "CompleteUploadExternal: channel_not_found",
		},
		"a channel that the bot is not in": {
			do:   func(api *slack.Client, t *testing.T) error { return share(api, t, "C0GENERAL1") },
			want: "CompleteUploadExternal: not_in_channel",
		},
		"an unknown file": {
			do: func(api *slack.Client, t *testing.T) error {
				_, err := api.CompleteUploadExternalContext(t.Context(), slack.CompleteUploadExternalParameters{Files: []slack.FileSummary{{ID: "F0NOTHING"}}})
				return err
			},
			want: "file_not_found",
		},
		"alternative text without end": {
			do: func(api *slack.Client, t *testing.T) error {
				_, err := api.GetUploadURLExternalContext(t.Context(), slack.GetUploadURLExternalParameters{FileName: "a.png", FileSize: 1, AltTxt: strings.Repeat("a", 1001)})
				return err
			},
			want: "alt_txt_too_large",
		},
		"the scope is missing": {
			options:  func(o *slacksim.Options) { o.Scopes = []string{"chat:write"} },
			do:       func(api *slack.Client, t *testing.T) error { return share(api, t, deploys) },
			want:     "GetUploadURLExternal: missing_scope",
			violates: []slacksim.Kind{slacksim.MissingScope},
		},
		"fewer bytes than announced": {
			do: func(api *slack.Client, t *testing.T) error {
				_, err := api.UploadFileContext(t.Context(), slack.UploadFileParameters{Filename: "a.png", FileSize: 7, Content: "abc"})
				return err
			},
			want:     "UploadToURL: slack server error: 400 Bad Request",
			violates: []slacksim.Kind{slacksim.BadUpload},
		},
		"a text as a picture": {
			do: func(api *slack.Client, t *testing.T) error {
				id := upload(t, api, slack.UploadFileParameters{Filename: "a.txt"})
				time.Sleep(time.Minute)
				return showing(t, api, &slack.SlackFileObject{ID: id})
			},
			want:     "invalid_blocks",
			violates: []slacksim.Kind{slacksim.InvalidBlocks},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := uploading()
				if row.options != nil {
					row.options(&o)
				}
				sim := slacksim.Start(t, o)
				sim.Expect(row.violates...)
				if err := row.do(newAPI(sim), t); err == nil || err.Error() != row.want {
					t.Errorf("error = %v, want %s", err, row.want)
				}
				for _, c := range []string{deploys, "C0GENERAL1"} {
					if got := sim.Messages(c); len(got) != 0 {
						t.Errorf("something was posted: %+v", got)
					}
				}
			})
		})
	}
}

func share(api *slack.Client, t *testing.T, channel string) error {
	t.Helper()
	_, err := api.UploadFileContext(t.Context(), slack.UploadFileParameters{Filename: "a.png", FileSize: 3, Content: "abc", Channel: channel})
	return err
}

// A file's own address is for the bot with its token; others are sent to sign in.
func TestFileIsPrivate(t *testing.T) {
	o := uploading()
	o.Timing.Files = -1
	sim := slacksim.Start(t, o)
	api := newAPI(sim)
	f, _, _, err := api.GetFileInfoContext(t.Context(), upload(t, api, slack.UploadFileParameters{}), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := api.GetFileContext(t.Context(), f.URLPrivate, &got); err != nil || !bytes.Equal(got.Bytes(), chart(t)) {
		t.Errorf("the bot got %d bytes, %v", got.Len(), err)
	}
	client := *sim.HTTPClient()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.URLPrivate, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusFound || bytes.Contains(body, chart(t)) {
		t.Errorf("without a token: status %d", resp.StatusCode)
	}
}

package slack

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/slack-go/slack"
)

// The methods that share a file, beside the address that the first of them returns.
const (
	methodUpload = "files.getUploadURLExternal"
	methodShare  = "files.completeUploadExternal"
	// methodContent stands for the address that takes a file's content.
	methodContent = "upload_url"
)

// File is what is uploaded.
type File struct {
	Name    string
	Alt     string // in its place, for whoever does not see it
	Content []byte
}

// Upload hands a file to Slack and returns its id. Nobody sees it before Share.
func (c *Client) Upload(ctx context.Context, f File) (id string, err error) {
	var to *slack.GetUploadURLExternalResponse
	err = c.call(ctx, methodUpload, func(ctx context.Context) (err error) {
		to, err = c.api().GetUploadURLExternalContext(ctx, slack.GetUploadURLExternalParameters{FileName: f.Name, FileSize: len(f.Content), AltTxt: f.Alt})
		return err
	})
	c.noteFiles(err)
	if err != nil {
		return "", err
	}
	err = c.call(ctx, methodContent, func(ctx context.Context) error {
		return c.api().UploadToURL(ctx, slack.UploadToURLParameters{UploadURL: to.UploadURL, Filename: f.Name, Reader: bytes.NewReader(f.Content)})
	})
	return to.FileID, err
}

// lookAtFile is how long Slack takes to look at a picture before a block may show it. It says when it is done only to those
// who may read files, which the bot may not.
const lookAtFile = 3 * time.Second

// Complete keeps an uploaded picture with the bot, so that its blocks can show it wherever it writes. It returns when Slack
// most likely knows the picture: a few seconds later.
func (c *Client) Complete(ctx context.Context, id string) error {
	if err := c.Share(ctx, Place{}, id, ""); err != nil {
		return err
	}
	timer := time.NewTimer(lookAtFile)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Share shows a file in a channel or a thread, with a text. One that Slack does not have, or has shared before, is refused
// with file_not_found.
func (c *Client) Share(ctx context.Context, to Place, id, text string) error {
	return c.call(ctx, methodShare, func(ctx context.Context) error {
		_, err := c.api().CompleteUploadExternalContext(ctx, slack.CompleteUploadExternalParameters{
			Files: []slack.FileSummary{{ID: id}}, Channel: to.Channel, ThreadTimestamp: to.Thread, InitialComment: text,
		})
		return err
	})
}

// HasFile reports whether a file is shown in a thread since then. Slack shows one a moment after it was shared.
func (c *Client) HasFile(ctx context.Context, in Place, since time.Time, id string) (bool, error) {
	ts, err := c.search(ctx, in, since, func(m slack.Message) bool {
		return slices.ContainsFunc(m.Files, func(f slack.File) bool { return f.ID == id })
	})
	return ts != "", err
}

// TakesFiles reports whether the bot may upload files, as far as is known. Where it may not, that is tried again a day
// later.
func (c *Client) TakesFiles() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.noFiles.IsZero() || time.Since(c.noFiles) >= nativeAgain
}

// noteFiles notes whether the bot may upload files, and says so once where only a person can mend it.
func (c *Client) noteFiles(err error) {
	code := CodeOf(err)
	refused := code != "" && OutcomeOf(err) == Refused && RemedyFor(code) == Permission
	if err != nil && !refused {
		return
	}
	c.mu.Lock()
	c.noFiles = time.Time{}
	if refused {
		c.noFiles = time.Now()
	}
	c.mu.Unlock()
	if refused {
		c.log.Error("no pictures of charts", "error", fmt.Errorf("%w; add the scope files:write to the Slack app and reinstall it", err), "again_in", nativeAgain)
	}
}

package slack

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// nameTimeout bounds how long anything waits for a name that is only nicer to read.
const nameTimeout = 600 * time.Millisecond

// Name returns what people call a person in Slack, on one line and without what would make it another's mention. An error
// means that there is no name to be had now. It is for reading: a name says nothing about who may do what.
func (c *Client) Name(ctx context.Context, user string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, nameTimeout)
	defer cancel()
	var u *slack.User
	err := c.call(ctx, "users.info", func(ctx context.Context) (err error) {
		u, err = c.api().GetUserInfoContext(ctx, user)
		return err
	})
	if err != nil {
		return "", err
	}
	name := cmp.Or(u.Profile.DisplayName, u.Profile.RealName, u.RealName, u.Name)
	return strings.Join(strings.Fields(strings.TrimLeft(name, "@")), " "), nil
}

package world

import (
	"context"
	"fmt"
	"net/http"

	"canarybot.io/e2e/shop"
)

// Answers returns nil when one request to an application, through its proxy, is answered with success.
func Answers(ctx context.Context, app shop.App) error {
	entrance, err := Entrance(app)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, entrance, nil)
	if err != nil {
		return err
	}
	request.Host = app.Host()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", app.Host(), response.Status)
	}
	return nil
}

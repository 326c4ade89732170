package view

import "canarybot.io/rollout"

// CardOptions is what a card shows that the rollout does not know.
type CardOptions struct {
	// Restarting says that the bot is going down: nobody judges until it is back, and nobody would get a click.
	Restarting bool
	// Decided is the decision that was just made, to be named on the card; nil: none.
	Decided *rollout.Entry
}

// Card returns the root message of a rollout: posted once, edited in place.
func Card(r rollout.Rollout, opts CardOptions) Message { return simple("card " + string(r.ID)) }

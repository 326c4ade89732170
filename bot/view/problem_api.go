package view

import "canarybot.io/rollout"

// apiSentences are those of package api: what a pipeline's run prints.
func apiSentences() map[rollout.ProblemCode]string {
	return map[rollout.ProblemCode]string{
		"busy":               "{service} is busy with {rollout}.",
		"same_version":       "{service} runs {version} already.",
		"rolled_back_before": "{version} was rolled back before, in {rollout}.",
		"pipeline_may_not":   "The pipeline {key} may not {action} {service}; add {value} to its may in the configuration's pipelines.",
		"pipeline_may_not_auto": "The pipeline {key} may not deploy {service} with every gate on auto, which promotes without asking; " +
			"add promote to its may in the configuration's pipelines.",
		"pipeline_not_for": "The pipeline {key} has no service {service}; add it to its services in the configuration's pipelines.",
		"key_reused":       "That Idempotency-Key stands for another request already, which made or was about {rollout}; take a new key for each request.",
		"key_form":         "An Idempotency-Key is one word of at most {limit} letters, digits and signs, sent once.",
		"body":             "The body {said}; send one JSON object.",
		"fields":           "The body cannot be taken as it is: {said}.",
		"body_too_large":   "The body is larger than {limit} KiB.",
		"content_type":     "The body's Content-Type is {quoted}; send JSON, as application/json.",
		"parameter":        "The parameter {key} cannot be {quoted}; it must be {want}.",
		"no_such_path":     "There is nothing at this address; /v1/openapi.json says what there is.",
		"no_such_method":   "{value} does nothing at this address; it takes {names}.",
		"requests_limited": "The pipeline {key} sent more than {limit} requests in a second; send fewer.",
		"tokens_limited":   "Too many tokens from your address were refused; wait a second, and send a good one.",
	}
}

// tokenSentences are those of package who.
func tokenSentences() map[rollout.ProblemCode]string {
	return map[rollout.ProblemCode]string{
		"token_missing":   "No token came with the request; send one as Authorization: Bearer TOKEN or, through a proxy that uses that up, as X-Canarybot-Token.",
		"token_unknown":   "The token is none of those that the configuration's pipelines have, and no token of an issuer.",
		"token_malformed": "The token cannot be read: it is cut off, or none that an issuer made.",
		"token_issuer":    "The token is of the issuer {quoted}, and no pipeline of the configuration is.",
		"token_algorithm": "The token is signed by {quoted}, which proves nothing here; its issuer has to sign with a public key.",
		"token_signature": "The token is not signed by a key of its issuer {want}.",
		"token_audience":  "The token is for {quoted}; have one made for the audience {want}.",
		"token_expired":   "The token has expired; have a new one made for each run.",
		"token_early":     "The token is not valid yet; compare the clocks of its issuer and of Canarybot.",
		"token_claims":    "The token's {key} is {quoted}, and no pipeline of the configuration has that.",
		"token_refused":   "Kubernetes does not accept the token: it has expired, its pod is gone, or it is of another cluster.",
		"token_unchecked": "Nobody can say now whose token that is ({said}); try again.",
	}
}

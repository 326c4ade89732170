// Package registry asks container registries: which image a tag names now, and whether an image is signed.
//
// A tag is resolved once, at the start of a rollout, so that what was judged is what is promoted, whatever the tag names
// later. Where that cannot be told the tag stays, and people are told why; a signature that has to be there and cannot be
// read holds the start. No answer of a registry is believed beyond what its digest proves, and every answer is bounded in
// size and time.
//
// The package knows neither Kubernetes nor the configuration file. Test it with a registry in memory.
package registry

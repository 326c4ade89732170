// Package config reads the configuration file: strict YAML in, resolved rollout.Service values out.
//
// Strict means that nothing is guessed. An unknown key is an error that names the nearest known one, a word out of a
// closed set is never replaced by a default, and all problems are reported at once, each with its key and line. What
// Load returns needs no further checking: defaults are filled in, names are valid, no two services fight over an
// object or over each other's metrics.
//
// The four named checks and the plan "standard" exist without being written; the least that works is an environment,
// a channel, Prometheus's address, and one service with namespace, image and route.
//
// Secrets do not live in the file, and one that does is refused: SecretFromEnv reads them from the environment or from
// files that it names, and prometheus.http names files.
//
// Anchors, aliases and merge keys are not read (the defaults block is for that), so that a small file stays small.
// The package knows neither Slack nor Kubernetes: whether a name exists is for the preflight to say. Test it with the
// files in testdata: each bad one ends with the errors that it causes.
package config

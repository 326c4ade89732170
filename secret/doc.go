// Package secret reads secrets from files that others write while the process runs: Vault's agent, a CSI driver, the
// kubelet, a person with an editor.
//
// Whatever the path names, reading never blocks: what is not a regular file is refused by its name. What was read once is
// kept until something better is there, so that a file that is half written, empty or gone takes nothing away.
//
// The package knows neither Slack nor Prometheus. Test it with files in a temporary directory, and set their times.
package secret

// Package who finds out who asks: which pipelines of the configuration a token proves. It decides nothing about rollouts,
// and a token never leaves it: no error, no log and no metric has one. To test it, make tokens of an issuer of your own.
package who

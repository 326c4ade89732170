//go:build race

package bot_test

// stride is how many places for a crash are passed over: the race detector makes everything slow.
const stride = 6

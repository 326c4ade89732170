//go:build !race

package bot_test

// stride is how many places for a crash are passed over.
const stride = 1

//go:build race

package pkix

const slowdown = 10

// Package faults breaks things on purpose: real processes, devices on pseudo-terminals and a network that can be cut go
// in, bad input and faults are played, and its tests hold that nobody's money is lost, doubled or left in doubt without
// somebody being told. It has no code of its own; the faults are in its tests.
package faults

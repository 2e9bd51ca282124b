// Package drivertest judges and stands in for devices: one conformance suite per driver interface, in-memory devices
// for tests of what uses drivers, recorded byte sessions, and a port that misbehaves by seed.
package drivertest

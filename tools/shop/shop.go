// Package shop runs a small shop on this machine: the cloud, a wallet operator, and terminals with simulated devices
// on pseudo-terminals, each as the process it would be in the field. The demo, the load test and the end-to-end tests
// are built on it.
package shop

// Package agreement plays the till's and the cloud's payment machines against each other over a line that loses,
// repeats and reorders: whatever happens goes in, and its test holds that both end with the same word about the money.
// It has no code of its own.
package agreement

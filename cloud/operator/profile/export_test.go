package profile

// Pace tells how fast messages come.
type Pace = pace

// Busy counts a message.
var Busy = (*Pace).busy

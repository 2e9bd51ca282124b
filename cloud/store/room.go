package store

// Room is what a store has room for.
type Room uint8

// From a disk with room to one without.
const (
	RoomToBegin   Room = iota // anything
	RoomToDecline             // what has begun, and to say no to more
	RoomToEnd                 // what has begun
)

// RoomReader tells what may begin. It asks nobody and may be called at any time; a change that begins something may be
// refused with ErrFull all the same.
type RoomReader interface {
	Room() Room
}

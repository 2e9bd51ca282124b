// Package protocol is the folder of the words that terminal and cloud both speak. SPEC.md is the byte-exact
// specification, testdata/vectors.json its golden vectors; the packages below are its Go form:
//
//	money    amounts in int64 minor units, currencies
//	seal     SM4 and SM3: tags, envelopes, keys
//	record   the journal record, its chain, its frame on the wire
//	message  bodies, generated from message.proto
//	topic    MQTT topics
//
// It imports nothing of ours outside this folder.
package protocol

// Release is the version of every program built from this tree, as records, screens and commands show it.
const Release = "0.1.0"

// Package message holds the bodies of records and answers, generated from message.proto.
package message

//go:generate protoc -I ../.. --go_out=../.. --go_opt=module=github.com/yuantill/yuantill protocol/message/message.proto

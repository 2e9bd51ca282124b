package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/yuantill/yuantill/tools/action"
	"github.com/yuantill/yuantill/tools/shop"
)

// networkHeaderMax bounds how long a request to the network's control may take to say what it wants.
const networkHeaderMax = 5 * time.Second

// networkControl lets whoever watches the open shop cut the terminal's network and mend it.
type networkControl struct {
	cable *shop.Cable
	out   *transcript
}

// cutNetwork is the request that cuts the terminal's network.
func cutNetwork() action.Example { return action.Example{Path: "/cut"} }

// mendNetwork is the request that mends it.
func mendNetwork() action.Example { return action.Example{Path: "/mend"} }

// actions are what the control serves.
func (c networkControl) actions() []action.Action {
	return []action.Action{
		{Pattern: "POST /cut", Text: "断开终端的网络，/mend 之前一直断开 · cut the terminal's network, until /mend",
			Example: cutNetwork(), Serve: func(w http.ResponseWriter, _ *http.Request) {
				c.out.say(network, "断网 · cut")
				c.cable.Cut()
				w.WriteHeader(http.StatusNoContent)
			}},
		{Pattern: "POST /mend", Text: "恢复网络 · mend it",
			Example: mendNetwork(), Serve: func(w http.ResponseWriter, _ *http.Request) {
				c.out.say(network, "恢复 · back")
				c.cable.Mend()
				w.WriteHeader(http.StatusNoContent)
			}},
	}
}

// serve answers on loopback until the function it returns is called. It returns where.
func (c networkControl) serve(ctx context.Context) (address string, closed func() error, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listen for the network's control: %w", err)
	}
	server := &http.Server{Handler: action.Handler(c.actions()), ReadHeaderTimeout: networkHeaderMax}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	return "http://" + listener.Addr().String(), func() error {
		err := server.Close()
		if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
			err = errors.Join(err, ended)
		}
		return err
	}, nil
}

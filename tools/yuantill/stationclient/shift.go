package stationclient

import (
	"context"
	"fmt"
	"net/http"

	"github.com/yuantill/yuantill/agent/station"
)

// The words of the station about shifts.
type (
	ShiftLine  = station.ShiftLine
	OpenShift  = station.OpenShiftBody
	Cash       = station.CashBody
	CloseShift = station.CloseShiftBody
)

const (
	pathShifts = "/v1/shifts"
	pathShift  = "/v1/shifts/current"
)

// OpenShift begins a shift.
func (c *Client) OpenShift(ctx context.Context, key string, open OpenShift) (Shift, error) {
	return c.shift(ctx, http.MethodPost, pathShifts, key, open)
}

// Shift returns the open shift as it stands.
func (c *Client) Shift(ctx context.Context) (Shift, error) {
	return c.shift(ctx, http.MethodGet, pathShift, "", nil)
}

// MoveCash records cash put into the drawer or taken out.
func (c *Client) MoveCash(ctx context.Context, key string, cash Cash) (Shift, error) {
	return c.shift(ctx, http.MethodPost, pathShift+"/cash", key, cash)
}

// ReportShift returns an X report, on paper as well when print is set.
func (c *Client) ReportShift(ctx context.Context, key string, print bool) (Shift, error) {
	return c.shift(ctx, http.MethodPost, pathShift+"/report", key, station.ReportBody{Print: print})
}

// CloseShift ends the shift.
func (c *Client) CloseShift(ctx context.Context, key string, count CloseShift) (Shift, error) {
	return c.shift(ctx, http.MethodPost, pathShift+"/close", key, count)
}

// Shifts returns the latest shifts, newest first.
func (c *Client) Shifts(ctx context.Context, limit int) ([]Shift, error) {
	var shifts []Shift
	err := c.call(ctx, http.MethodGet, fmt.Sprintf("%s?limit=%d", pathShifts, limit), "", nil, &shifts)
	return shifts, err
}

func (c *Client) shift(ctx context.Context, method, path, key string, body any) (Shift, error) {
	var shift Shift
	err := c.call(ctx, method, path, key, body, &shift)
	return shift, err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/tools/crashtest"
)

// crash cuts the power of the agent's journal and the cloud's store at many moments and counts what came of it. Its error
// is that it could not, or that a mistake made on purpose went unnoticed, so that the count says nothing.
func (v *verdict) crash(ctx context.Context, o options, words *transcript) error {
	if o.images == 0 {
		return nil
	}
	words.say("在流水和云端库的每个写盘时刻断电 · cutting the power of journal and store while they write: %d images", o.images)
	begun := time.Now()
	result, err := crashtest.Run(ctx, crashtest.Options{Images: o.images, Seed: o.seed})
	if err != nil && !errors.Is(err, crashtest.ErrBroken) {
		return fmt.Errorf("cut the power of journal and store: %w", err)
	}
	v.CrashPoints = result.Images
	v.Lost += result.Lost
	v.Doubled += result.Doubled
	v.Unexplained += result.Refused + result.Unexplained
	for _, control := range result.Controls {
		words.say("  故意犯错 · mistake on purpose: %s, %s: 第 %d 个镜像发现 · noticed at image %d", control.Database, control.Mistake, control.Images, control.Images)
	}
	for _, finding := range result.Findings {
		words.say("✗ %s", finding)
	}
	words.say("%d 个断电镜像，%d 个时刻，%.0f 秒 · %d crash images of %d moments in %.0f s", result.Images, result.CrashPoints,
		time.Since(begun).Seconds(), result.Images, result.CrashPoints, time.Since(begun).Seconds())
	return nil
}

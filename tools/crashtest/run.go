package crashtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/yuantill/yuantill/tools/crashdisk"
)

// Options say how much a run does. The zero value of each is the usual.
type Options struct {
	// Images is how many images are opened in all, besides those of the controls; usually 20,000.
	Images int
	// ControlImages is how many a mistake made on purpose may take to be noticed; usually 2,400.
	ControlImages int
	Seed          uint64
	// Workers is how many images are looked at at once; usually 2.
	Workers int
	// Folder is where the disks are; usually a new folder in memory, if the machine has such a place.
	Folder string
}

func (o Options) withDefaults() Options {
	if o.Images == 0 {
		o.Images = 20_000
	}
	if o.ControlImages == 0 {
		o.ControlImages = 2_400
	}
	if o.Workers == 0 {
		o.Workers = 2
	}
	return o
}

const (
	// imagesPerRecording is how many images a recording gives: more recordings see more different work.
	imagesPerRecording = 120
	// cyclesPerLife is how many power cuts one live workload goes through.
	cyclesPerLife = 96
	// memoryFolder is in memory on Linux.
	memoryFolder = "/dev/shm"
)

// Run makes mistakes on purpose and sees that they are noticed, then cuts the power of both databases until so many
// images have been looked at: seven of eight from recordings, the others live. The same options make the same images,
// except for those of a store that works in the background. It returns Result.Err, or what kept the run from its end.
//
// It seeds SQLite's randomness for the whole process, so nothing else may depend on that meanwhile.
func Run(ctx context.Context, o Options) (result Result, err error) {
	o = o.withDefaults()
	disks, err := newDisks(o)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, disks.close()) }()
	if result.Controls, err = controls(ctx, disks, o); err != nil {
		return result, err
	}
	for _, m := range machines {
		each := o.Images / len(machines)
		if err := m.replayed(ctx, disks, o.Seed, each-each/8, &result); err != nil {
			return result, err
		}
		if err := m.lived(ctx, disks, o.Seed, each/8, &result); err != nil {
			return result, err
		}
	}
	return result, result.Err()
}

// replayed makes and replays recordings until there were so many images.
func (m machine) replayed(ctx context.Context, disks *disks, seed uint64, images int, result *Result) error {
	part, start := Part{Name: m.name + " replay"}, time.Now()
	for ; part.Images < images; seed++ {
		rec, err := m.record(ctx, disks.recorder, seed, true)
		if err != nil {
			return fmt.Errorf("record %s, seed %d: %w", m.name, seed, err)
		}
		var t tally
		if err := m.replay(ctx, rec, disks.players, seed, imagesPerRecording, false, &t); err != nil {
			return fmt.Errorf("replay %s, seed %d: %w", m.name, seed, err)
		}
		if t.result.Images == 0 {
			return fmt.Errorf("replay %s, seed %d: no images", m.name, seed)
		}
		t.into(result)
		part.Images += t.result.Images
	}
	part.Duration = time.Since(start)
	result.Parts = append(result.Parts, part)
	return nil
}

// lived cuts the power live until there were so many images.
func (m machine) lived(ctx context.Context, disks *disks, seed uint64, images int, result *Result) error {
	part, start := Part{Name: m.name + " live"}, time.Now()
	for ; part.Images < images; seed++ {
		var t tally
		if err := m.live(ctx, disks.recorder, seed, cyclesPerLife, &t); err != nil {
			return fmt.Errorf("%s live, seed %d: %w", m.name, seed, err)
		}
		t.into(result)
		part.Images += t.result.Images
	}
	part.Duration = time.Since(start)
	result.Parts = append(result.Parts, part)
	return nil
}

// disks are a run's.
type disks struct {
	folder   string
	recorder *crashdisk.Disk
	players  []*crashdisk.Disk
}

func newDisks(o Options) (d *disks, err error) {
	if o.Folder == "" {
		if info, err := os.Stat(memoryFolder); err == nil && info.IsDir() {
			o.Folder = memoryFolder
		}
	}
	d = &disks{}
	if d.folder, err = os.MkdirTemp(o.Folder, "crashtest-"); err != nil {
		return nil, err
	}
	for n := range 1 + o.Workers {
		folder := filepath.Join(d.folder, fmt.Sprint(n))
		if err := os.Mkdir(folder, 0o700); err != nil {
			return nil, errors.Join(err, d.close())
		}
		disk, err := crashdisk.New(folder)
		if err != nil {
			return nil, errors.Join(err, d.close())
		}
		if n == 0 {
			d.recorder = disk
		} else {
			d.players = append(d.players, disk)
		}
	}
	return d, nil
}

func (d *disks) close() error {
	var errs []error
	for _, disk := range append(d.players, d.recorder) {
		if disk != nil {
			errs = append(errs, disk.Close())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(d.folder))...)
}

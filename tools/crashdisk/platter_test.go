package crashdisk_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/crashdisk"
)

func chance(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// base is a disk with one durable file, number 0.
func base() *crashdisk.Platter { return crashdisk.NewPlatter(crashdisk.Image{"a": []byte("old")}) }

func write(file int, offset int64, text string) crashdisk.Operation {
	return crashdisk.Operation{Kind: crashdisk.Write, File: file, Offset: offset, Data: []byte(text)}
}

func lost(p *crashdisk.Platter) crashdisk.Image { return p.Image(crashdisk.LoseUnsynced, chance(1)) }
func kept(p *crashdisk.Platter) crashdisk.Image { return p.Image(crashdisk.LoseNothing, chance(1)) }

func steps(p *crashdisk.Platter, ops ...crashdisk.Operation) *crashdisk.Platter {
	for _, op := range ops {
		p.Step(op)
	}
	return p
}

var (
	syncA         = crashdisk.Operation{Kind: crashdisk.Sync, File: 0}
	syncB         = crashdisk.Operation{Kind: crashdisk.Sync, File: 1}
	syncDirectory = crashdisk.Operation{Kind: crashdisk.SyncDirectory, File: -1}
	createB       = crashdisk.Operation{Kind: crashdisk.Create, File: 1, Name: "b"}
)

func TestPlatterContent(t *testing.T) {
	t.Run("a write is durable with its file's sync", func(t *testing.T) {
		p := steps(base(), write(0, 0, "new"))
		require.Equal(t, "old", string(lost(p)["a"]))
		require.Equal(t, "new", string(kept(p)["a"]))
		require.Equal(t, "new", string(lost(steps(p, syncA))["a"]))
	})
	t.Run("another file's sync is not its own", func(t *testing.T) {
		p := steps(base(), createB, write(0, 0, "new"), write(1, 0, "b"), syncB, syncDirectory)
		require.Equal(t, crashdisk.Image{"a": []byte("old"), "b": []byte("b")}, lost(p))
	})
	t.Run("a write beyond the end leaves zeros before it", func(t *testing.T) {
		require.Equal(t, "old\x00\x00x", string(kept(steps(base(), write(0, 5, "x")))["a"]))
	})
	t.Run("truncations shorten and lengthen", func(t *testing.T) {
		shorter := crashdisk.Operation{Kind: crashdisk.Truncate, File: 0, Offset: 1}
		longer := crashdisk.Operation{Kind: crashdisk.Truncate, File: 0, Offset: 2}
		p := steps(base(), shorter)
		require.Equal(t, "old", string(lost(p)["a"]))
		require.Equal(t, "o\x00", string(kept(steps(p, longer))["a"]), "what was cut off does not come back")
	})
	t.Run("an image is a copy", func(t *testing.T) {
		p := base()
		lost(p)["a"][0] = 'X'
		require.Equal(t, "old", string(lost(p)["a"]))
	})
	t.Run("marks change nothing", func(t *testing.T) {
		require.Equal(t, lost(base()), kept(steps(base(), crashdisk.Operation{Kind: crashdisk.Mark, File: -1, Offset: 3})))
	})
}

func TestPlatterNames(t *testing.T) {
	deleteA := crashdisk.Operation{Kind: crashdisk.Delete, File: 0, Name: "a"}
	t.Run("a new file is there with the directory's sync, not with its own", func(t *testing.T) {
		p := steps(base(), createB, write(1, 0, "b"), syncB)
		require.NotContains(t, lost(p), "b")
		require.Contains(t, kept(p), "b")
		require.Equal(t, "b", string(lost(steps(p, syncDirectory))["b"]))
	})
	t.Run("the directory's sync is not the file's", func(t *testing.T) {
		p := steps(base(), createB, write(1, 0, "b"), syncDirectory)
		require.Equal(t, crashdisk.Image{"a": []byte("old"), "b": {}}, lost(p))
	})
	t.Run("a deleted file comes back until the directory is synced", func(t *testing.T) {
		p := steps(base(), deleteA)
		require.Contains(t, lost(p), "a")
		require.NotContains(t, kept(p), "a")
		require.NotContains(t, lost(steps(p, syncDirectory)), "a")
	})
	t.Run("a name made again inherits nothing", func(t *testing.T) {
		again := crashdisk.Operation{Kind: crashdisk.Create, File: 1, Name: "a"}
		p := steps(base(), deleteA, again)
		require.Equal(t, "old", string(lost(p)["a"]))
		require.Empty(t, kept(p)["a"])
		p = steps(p, write(1, 0, "new"), syncDirectory)
		require.Empty(t, lost(p)["a"])
		require.Equal(t, "new", string(lost(steps(p, syncB))["a"]))
	})
}

// TestLosses looks at many images of one long write over old content.
func TestLosses(t *testing.T) {
	const sectors, size = 8, 512
	durable, written := bytes.Repeat([]byte("o"), sectors*size), strings.Repeat("n", sectors*size)
	p := crashdisk.NewPlatter(crashdisk.Image{"a": durable})
	p.Step(write(0, 0, written))
	for loss, tornMax := range map[crashdisk.Loss]int{crashdisk.LoseSectors: 0, crashdisk.TearSector: 1} {
		t.Run(loss.String(), func(t *testing.T) {
			partly, torn := 0, 0
			for seed := range uint64(300) {
				image := p.Image(loss, chance(seed))
				require.Equal(t, image, p.Image(loss, chance(seed)), "the same chance, the same image")
				new, tornHere := 0, 0
				for s := range sectors {
					switch n := bytes.Count(image["a"][s*size:(s+1)*size], []byte("n")); n {
					case 0:
					case size:
						new++
					default:
						require.Equal(t, bytes.Repeat([]byte("n"), n), image["a"][s*size:s*size+n], "its beginning is new")
						tornHere++
					}
				}
				require.LessOrEqual(t, tornHere, tornMax)
				torn += tornHere
				if new > 0 && new < sectors {
					partly++
				}
			}
			require.Greater(t, partly, 50)
			require.Equal(t, tornMax == 1, torn > 50)
		})
	}
	t.Run("a longer file may have its length only", func(t *testing.T) {
		seen := map[string]bool{}
		for seed := range uint64(200) {
			image := steps(base(), write(0, 3, "er")).Image(crashdisk.LoseSectors, chance(seed))
			seen[string(image["a"])] = true
		}
		require.Equal(t, map[string]bool{"old": true, "older": true, "old\x00\x00": true}, seen)
	})
	t.Run("one of two files by chance", func(t *testing.T) {
		seen := map[int]bool{}
		for seed := range uint64(100) {
			seen[len(steps(base(), createB).Image(crashdisk.LoseSectors, chance(seed)))] = true
		}
		require.Equal(t, map[int]bool{1: true, 2: true}, seen)
	})
}

func TestNames(t *testing.T) {
	require.Equal(t, "write a 3+2", crashdisk.Operation{Kind: crashdisk.Write, Name: "a", Offset: 3, Data: []byte("xy")}.String())
	require.Equal(t, "truncate a 3", crashdisk.Operation{Kind: crashdisk.Truncate, Name: "a", Offset: 3}.String())
	require.Equal(t, "sync a", crashdisk.Operation{Kind: crashdisk.Sync, Name: "a"}.String())
	require.Equal(t, "sync directory", syncDirectory.String())
	require.Equal(t, "mark 3", crashdisk.Operation{Kind: crashdisk.Mark, Offset: 3}.String())
	require.Equal(t, "kind-99", crashdisk.Kind(99).String())
	require.Equal(t, "loss-99", crashdisk.Loss(99).String())
}

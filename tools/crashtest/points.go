package crashtest

import "github.com/yuantill/yuantill/tools/crashdisk"

// crashPoints says which images to build after each operation, and how many that are. What a power cut that loses
// everything leaves changes only with a sync, and what must be left only with a mark, so that one is built behind these.
func crashPoints(trace crashdisk.Trace) (points [][]crashdisk.Loss, all int) {
	points = make([][]crashdisk.Loss, len(trace.Operations))
	writes := 0
	for i, op := range trace.Operations {
		switch op.Kind {
		case crashdisk.Mark:
			points[i] = []crashdisk.Loss{crashdisk.LoseUnsynced}
			all++
			continue
		case crashdisk.Write, crashdisk.Truncate:
			writes++
		case crashdisk.Sync, crashdisk.SyncDirectory:
			writes = 0
			points[i] = []crashdisk.Loss{crashdisk.LoseUnsynced}
		case crashdisk.Create, crashdisk.Delete:
		}
		if writes <= longRun || writes%longRun == 0 {
			points[i] = append(points[i], crashdisk.LoseSectors, crashdisk.TearSector)
		}
		if writes%4 == 1 {
			points[i] = append(points[i], crashdisk.LoseNothing)
		}
		all += len(points[i])
	}
	return points, all
}

package catalogue

import (
	"fmt"
	"strings"
)

// What is wrong with a journal.

// NotMadeHere says which records of this terminal its journal has not made, and which of them the cloud has; a run is such as
// "13-15". Who made them is not known.
func NotMadeHere(runs []string, cloud Text) Text {
	return Text{
		fmt.Sprintf("本终端号的第 %s 条记录不是本机流水所记（%s）：流水被换成旧副本，或另有机器在用本终端的副本", strings.Join(runs, "、"), cloud.Chinese),
		fmt.Sprintf("records %s under this terminal's id were not made with this journal (%s): "+
			"either it was put back from an older copy, or another machine works with a copy of this terminal",
			strings.Join(runs, ", "), cloud.English),
	}
}

// JournalMissing is NotMadeHere of a journal that began behind them: none of what was before is in it.
func JournalMissing(runs []string, cloud Text) Text {
	return Text{
		fmt.Sprintf("本机流水是新建的，原来的不见了：缺本终端号的第 %s 条记录（%s）；或另有机器在用本终端的副本", strings.Join(runs, "、"), cloud.Chinese),
		fmt.Sprintf("this till's journal is a new one, and the one before is missing: it lacks records %s under this terminal's id (%s); "+
			"or another machine works with a copy of this terminal", strings.Join(runs, ", "), cloud.English),
	}
}

// CloudPutBack says which of the records that the cloud has acknowledged its books no longer have.
func CloudPutBack(first, last uint64) Text {
	return Text{fmt.Sprintf("平台的账簿是旧副本，它确认过的第 %d 至 %d 条已不在其中", first, last),
		fmt.Sprintf("the cloud's books are an older copy, records %d to %d, which it has acknowledged, are not in them", first, last)}
}

// CloudLacks says which of them the cloud has not got either; a run is such as "13-15".
func CloudLacks(runs []string) Text {
	return Text{"平台也缺 " + strings.Join(runs, "、"), "the cloud lacks " + strings.Join(runs, ", ") + " as well"}
}

// CloudLacksNone says that the cloud has all of them.
func CloudLacksNone() Text { return Text{"平台全都有", "the cloud has them all"} }

// CloudNotHeard says that the cloud has not said yet which of them it has.
func CloudNotHeard() Text {
	return Text{"平台有没有，要等它应答", "whether the cloud has them shows once it answers"}
}

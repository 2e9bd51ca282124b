package catalogue

import (
	"fmt"
	"strings"
)

// What is wrong with a journal.

// OldCopy says which records an older copy, put in the journal's place, no longer has.
func OldCopy(first, last uint64) Text {
	return Text{fmt.Sprintf("流水曾换成旧副本，第 %d 至 %d 条不在本机", first, last),
		fmt.Sprintf("an older copy was put in the journal's place, records %d to %d are not in it", first, last)}
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

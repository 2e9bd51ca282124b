package catalogue

import "fmt"

// Counted is a number of things in English; noun is what one of them is called, and takes an s where there are others.
func Counted[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

#!/bin/sh
# Runs every fuzz target of the module for a while, one after another.
# usage: fuzz.sh [duration of each, such as 10s]
set -eu

each=${1:-10s}
grep -rlE '^func Fuzz[A-Z]' --include='*_test.go' agent cloud drivers protocol tools | sort | while read -r file; do
	sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file" | while read -r target; do
		echo "$(dirname "$file") $target"
		go test "./$(dirname "$file")" -run '^$' -fuzz "^$target\$" -fuzztime "$each"
	done
done

#!/bin/sh
# Installs the Debian packages that a build, the demo and the tests need, where they are missing.
# usage: setup.sh [demo|test|arm|ci]
set -eu

# A C compiler for SQLite and libusb, and a Chinese font and a bar code reader for the receipts' pictures.
want="gcc libc6-dev fonts-wqy-zenhei zbar-tools"
case "${1:-demo}" in
demo) ;;
test) want="$want libnfc-bin openssl" ;;
arm) want="$want gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user-static file" ;;
ci) want="$want libnfc-bin openssl nodejs npm" ;;
*) echo "usage: setup.sh [demo|test|arm|ci]" >&2; exit 2 ;;
esac

missing=""
for package in $want; do
	case $package in # tools that may be there without their Debian package
	gcc | openssl | npm) command -v "$package" >/dev/null && continue ;;
	nodejs) command -v node >/dev/null && continue ;;
	esac
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

as_root=""
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || { echo "setup: as root, run: apt-get install$missing" >&2; exit 1; }
	as_root=sudo
fi
echo "setup: installing$missing" >&2
$as_root apt-get update -qq >&2
# shellcheck disable=SC2086 # a list of package names
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >&2

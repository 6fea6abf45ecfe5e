#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing of the Debian 12 packages that building, testing and plotting need. Root or sudo.
set -eu
want="build-essential cmake ninja-build pkg-config libyaml-dev libzstd-dev zlib1g-dev libjansson-dev libsqlite3-dev sqlite3 check gnuplot-nox libsystemc-dev zstd"
missing=
for p in $want; do
	dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
echo "installing:$missing" >&2
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null

#!/usr/bin/env bash
# install.sh [NAME…]: builds or installs the real parts that the tests use, all of them without a NAME; what only
# bench:serve compares with comes by its name alone.
# Go parts, the Python environments and the rivals land in ${INFEROMETER_TOOLS:-$HOME/.cache/inferometer-tools}, at the
# versions pinned in the folders beside this script; databases, the browser, the compiler, containerd,
# buildah and debootstrap come from Debian.
# Prints a line for each part. Exits 0 if every part is there, 1 with the list of those that are not, 2 if a
# NAME is unknown. Parts whose pins have not changed are skipped, so it can be run as often as one likes.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${INFEROMETER_TOOLS:-$HOME/.cache/inferometer-tools}
bin=$cache/bin
cluster_parts='kube-controller-manager kube-scheduler kubelet kube-proxy kubectl coredns pause prometheus-adapter'
go_parts="prometheus promtool otelcol helm helm3 etcd kube-apiserver $cluster_parts buildkitd buildctl compose-config"
all="redis-server postgres chromium cc containerd buildah debootstrap debian-base python rivals $go_parts"
on_request='servers'
. "$here/recipes.sh"

say() { printf '%-23s %s\n' "$part" "$*"; }

# hash FILE…: one hash of the files' contents and, on standard input, of how they are built.
hash() { cat - "$@" | { sha256sum 2>/dev/null || shasum -a 256; } | cut -d' ' -f1; }

# need COMMAND WHY: fails, naming what has to be installed, if the command is not there.
need() {
  command -v "$1" >/dev/null || { say "needs $1 ($2), which is not installed"; return 1; }
}

# install_part NAME: brings one part up to its pins; holds the part's lock, so that a second run waits.
install_part() {
  local part=$1 start=$SECONDS log=$cache/log/$1.log
  if up_to_date "$part"; then say 'is there'; return 0; fi
  needs "$part" || return 1
  need flock 'util-linux: keeps two installations apart' || return 1
  mkdir -p "$bin" "$cache/log" "$cache/lock" || return 1
  (
    flock -n 9 || { say 'waits for another installation'; flock 9; }
    if up_to_date "$part"; then say "is there, after $((SECONDS - start)) s"; exit 0; fi
    if make_part "$part" >"$log" 2>&1; then
      say "installed in $((SECONDS - start)) s"
    else
      say "failed after $((SECONDS - start)) s; the end of $log:"
      tail -n 15 "$log" | sed 's/^/    /'
      exit 1
    fi
  ) 9>"$cache/lock/$part"
}

for name in "$@"; do
  [[ " $all $on_request " = *" $name "* ]] || { echo "unknown part $name; there are: $all $on_request" >&2; exit 2; }
done
missing=
for name in ${*:-$all}; do install_part "$name" || missing+=" $name"; done
[ -z "$missing" ] || { echo "missing:$missing" >&2; exit 1; }

# shellcheck shell=bash
# Settings and helpers that the cluster's scripts share; sourced, never run.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${INFEROMETER_TOOLS:-$HOME/.cache/inferometer-tools}/bin
name=${CLUSTER_NAME:-inferometer}             # network namespace, cgroup and node name
net=${CLUSTER_NET:-10.87}                     # first two octets; the cluster uses the /16
dir=$(realpath -m "${CLUSTER_DIR:-${TMPDIR:-/tmp}/$name-cluster}") # as the mount table spells it

host_ip=$net.0.1                              # this machine's end of the link
node_ip=$net.0.2                              # the node's end: API server, kubelet
pods=$net.1.0/24
services=$net.2.0/24
dns_ip=$net.2.10
netns=/run/netns/$name
sock=$dir/run/containerd.sock
export KUBECONFIG=$dir/admin.conf
export PATH=$bin:$PATH:/usr/sbin:/sbin

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

[[ $name =~ ^[a-z][a-z0-9-]{0,11}$ ]] || die "CLUSTER_NAME must be 1 to 12 of a-z, 0-9 and -, got $name"
[[ $net =~ ^[0-9]{1,3}\.[0-9]{1,3}$ ]] || die "CLUSTER_NET must be two octets like 10.87, got $net"
# Sockets lie in it: their paths have a limit of 107 bytes.
[[ ${#dir} -le 70 && ! $dir =~ [[:space:]] ]] || die "CLUSTER_DIR must have 70 characters at most and no space, got $dir"

# Runs a command in the cluster's network; keeps its mounts and cgroups (ip netns exec would hide /sys/fs/cgroup).
in_net() { nsenter --net="$netns" -- "$@"; }

# until_ok SECONDS WHAT COMMAND…: polls until the command succeeds.
until_ok() {
  local end=$((SECONDS + $1)) what=$2; shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || die "$what did not come; see $dir/log"
    sleep 0.2
  done
}

# A process's start time in clock ticks since boot: with the pid it names one process for good.
started() { local s; s=$(cat "/proc/$1/stat" 2>/dev/null) || return 1; s=${s##*) }; set -- $s; echo "${20}"; }

# alive NAME: the process recorded in run/NAME.pid is still that process.
alive() {
  local pid start
  read -r pid start 2>/dev/null <"$dir/run/$1.pid" && [ "$(started "$pid")" = "$start" ]
}

# The cluster's cgroup in every hierarchy where it is (cgroup v1: one a controller).
cgroups() { ls -d "/sys/fs/cgroup/$name" "/sys/fs/cgroup"/*/"$name" 2>/dev/null; }

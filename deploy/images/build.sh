#!/usr/bin/env bash
# build.sh [--cuda] [--builder docker|buildah] [--sbom FILE] NAME [ARGUMENT…]: builds the image NAME from this checkout, so
# that the same commit and base give the same digest. ARGUMENTs go to the builder:
#
#   deploy/images/build.sh inferometer:0.1.0
#   deploy/images/build.sh inferometer:0.1.0 --build-arg BASE=debian:bookworm-slim@sha256:…
#   deploy/images/build.sh --cuda inferometer:0.1.0-cuda --build-arg SERVICE=inferometer:0.1.0
#
# Without --builder it is docker (with buildx) where that answers, else buildah. --sbom writes the bill of materials too.
# INFEROMETER_CA and INFEROMETER_NPMRC name files for networks that have their own certificates or registry.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
file=deploy/images/Dockerfile builder= sbom=
while [ $# -gt 0 ]; do
  case $1 in
    --cuda) file=deploy/images/cuda.Dockerfile; shift ;;
    --builder) builder=${2:?}; shift 2 ;;
    --sbom) sbom=${2:?}; shift 2 ;;
    -*) echo "unknown option $1" >&2; exit 2 ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || { sed -n 2,12p "$0" >&2; exit 2; }
name=$1; shift
if [ -z "$builder" ]; then
  if docker buildx version >/dev/null 2>&1 && docker info >/dev/null 2>&1; then builder=docker; else builder=buildah; fi
fi

# Times of files and of the image are that of the commit; uncommitted changes are said in the revision.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
revision=$(git describe --always --abbrev=40 --dirty 2>/dev/null || echo unknown)
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' packages/server/package.json)
common=(--file "$file" --build-arg "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH"
  --build-arg "VERSION=$version" --build-arg "REVISION=$revision")
[ -z "${INFEROMETER_CA:-}" ] || common+=(--secret "id=ca,src=$INFEROMETER_CA")
[ -z "${INFEROMETER_NPMRC:-}" ] || common+=(--secret "id=npmrc,src=$INFEROMETER_NPMRC")

case $builder in
  docker)
    docker buildx build "${common[@]}" --output "type=docker,name=$name,rewrite-timestamp=true" --provenance=false "$@" .
    [ -z "$sbom" ] || docker run --rm --entrypoint node "$name" \
      -e 'process.stdout.write(fs.readFileSync("/usr/share/sbom/inferometer.spdx.json"))' >"$sbom"
    ;;
  buildah)
    # BUILDAH_OPTIONS: storage, where it is not the default one.
    read -r -a options <<<"${BUILDAH_OPTIONS:-}"
    buildah "${options[@]}" build "${common[@]}" --ignorefile "$file.dockerignore" --timestamp "$SOURCE_DATE_EPOCH" \
      --layers=false --tag "$name" "$@" .
    if [ -n "$sbom" ]; then
      container=$(buildah "${options[@]}" from --pull-never "$name")
      cp "$(buildah "${options[@]}" mount "$container")/usr/share/sbom/inferometer.spdx.json" "$sbom"
      buildah "${options[@]}" rm "$container" >/dev/null
    fi
    ;;
  *) echo "--builder must be docker or buildah, got $builder" >&2; exit 2 ;;
esac

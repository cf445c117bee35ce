# shellcheck shell=bash
# The operator's and the sample shop's images, built when what goes into them changed, and loaded into the node.

BASE_IMAGE=''
SITE=$ROOT_DIR/.build/site   # the operator's dependencies, installed on the host for the image's Python
INPUTS_LABEL=crossfade.inputs

project_images() {
  local file
  for file in Dockerfile bench/shop/Dockerfile requirements/run.txt; do
    [[ -f $ROOT_DIR/$file ]] ||
      die "There is no $file, which the images are built from. Restore it from Git; for the bare cluster alone: cluster/up --until cluster."
  done
  CACHED=1
  base_image
  site_packages
  project_image crossfade-operator Dockerfile Dockerfile operator/crossfade .build/site
  project_image crossfade-shop bench/shop/Dockerfile bench/shop bench/load
  shop_versions
}

# The sample shop as three images, so that changing the image is all that a release needs; the examples name the first.
# v1 and v2 are well, v3 crashes a few seconds after it was let in, v4 answers 5 % of requests with an error.
shop_versions() {
  local version missing=()
  shop_version v1 VERSION=v1
  shop_version v2 VERSION=v2
  shop_version v3 VERSION=v3 CRASH_AFTER_SERVING_S=4
  shop_version v4 VERSION=v4 ERROR_PERCENT=5
  for version in v1 v2 v3 v4; do
    node_has_image "crossfade-shop:$version" || missing+=("crossfade-shop:$version")
  done
  if ((${#missing[@]})); then busy "loading ${missing[*]} into the node" load_into_node "${missing[@]}"; fi
}

# shop_version VERSION NAME=VALUE...: crossfade-shop:VERSION, which is :dev with these variables.
shop_version() {
  local image=crossfade-shop:$1 inputs previous
  shift
  inputs="$(image_id crossfade-shop:dev) $*"
  if [[ $(label_of "$image") == "$inputs" ]]; then return; fi
  previous=$(image_id "$image")
  busy "building $image" docker build -q --label "$INPUTS_LABEL=$inputs" -t "$image" - \
    <<<"FROM crossfade-shop:dev
ENV $*"
  [[ -z $previous || $previous == "$(image_id "$image")" ]] || docker rmi "$previous" || true
}

# busy TITLE COMMAND...: a part, after which the step as a whole no longer counts as cached.
busy() {
  part "$@"
  CACHED=''
}

# Python's own image where it is there or can be pulled, else Debian's Python. Sets BASE_IMAGE.
base_image() {
  local ours
  ours=crossfade-base:$DEBIAN_SUITE-$(sha256sum <<<"$PYTHON_PACKAGES" | cut -c1-12)
  BASE_IMAGE=$ours
  if in_docker "$ours"; then return; fi
  if pullable "$PYTHON_IMAGE"; then
    BASE_IMAGE=$PYTHON_IMAGE
    in_docker "$BASE_IMAGE" || busy "pulling $BASE_IMAGE" docker pull -q "$BASE_IMAGE"
    return
  fi
  busy "base image: Debian $DEBIAN_SUITE with its Python $PYTHON_VERSION" debian_tree "$PYTHON_PACKAGES"
  docker import -c 'CMD ["python3"]' -c 'ENV LANG=C.UTF-8' \
    -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "$(tree_tar "$PYTHON_PACKAGES")" "$ours"
}

# Wheels come from the host, since a build container may have no network.
site_packages() {
  local stamp=$SITE/.lock wanted
  wanted="$PYTHON_VERSION $(wheel_platform) $(sha256sum <"$ROOT_DIR/requirements/run.txt")"
  if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then return; fi
  uv_program
  busy "the operator's dependencies" install_site_packages "$wanted"
}

install_site_packages() {
  rm -rf "$SITE" "$SITE.new"
  "$UV" pip install -q --target "$SITE.new" --python-version "$PYTHON_VERSION" --python-platform "$(wheel_platform)" \
    --only-binary :all: --require-hashes -r "$ROOT_DIR/requirements/run.txt"
  echo "$1" >"$SITE.new/.lock"
  mv -T "$SITE.new" "$SITE"
}

wheel_platform() { echo "$(uname -m)-manylinux_2_31"; }

# project_image NAME DOCKERFILE INPUT...: NAME:dev, of these files and folders of the repository, in the node.
project_image() {
  local name=$1 dockerfile=$2 inputs
  shift 2
  inputs=$(image_inputs "$@")
  if [[ $(label_of "$name:dev") != "$inputs" ]]; then busy "building $name:dev" build_image "$name:dev" "$dockerfile" "$inputs" "$@"; fi
  if ! node_has_image "$name:dev"; then busy "loading $name:dev into the node" load_into_node "$name:dev"; fi
}

image_inputs() {
  (
    cd "$ROOT_DIR" || exit
    # The dependencies are thousands of files; the lock that they came from stands for them.
    { fingerprint "${@/#.build\/site/.build\/site\/.lock}"; image_id "$BASE_IMAGE"; } | sha256sum | cut -c1-16
  )
}

label_of() { docker image inspect -f "{{index .Config.Labels \"$INPUTS_LABEL\"}}" "$1" 2>/dev/null || true; }
image_id() { docker image inspect -f '{{.Id}}' "$1" 2>/dev/null || true; }

# The context is the repository's root, but only of the files that the image is made of.
build_image() {
  local image=$1 dockerfile=$2 inputs=$3 previous
  shift 3
  previous=$(image_id "$image")
  tar -C "$ROOT_DIR" --exclude=__pycache__ -c "$@" |
    docker build -f "$dockerfile" --build-arg "BASE_IMAGE=$BASE_IMAGE" --label "$INPUTS_LABEL=$inputs" -t "$image" -
  [[ -z $previous || $previous == "$(image_id "$image")" ]] || docker rmi "$previous" || true
}

# The node keeps the id of what was loaded beside the image, for it may know the same image by another one.
node_has_image() {
  local loaded
  loaded=$(docker exec "$NODE" cat "/kind/loaded/$1" 2>/dev/null || true)
  [[ -n $loaded && $loaded == "$(image_id "$1")" ]] &&
    [[ -n $(docker exec "$NODE" ctr -n k8s.io images ls -q "name==docker.io/library/$1") ]]
}

load_into_node() {
  local image
  "$KIND" load docker-image --name "$CLUSTER_NAME" "$@"
  for image in "$@"; do
    docker exec "$NODE" sh -c "mkdir -p /kind/loaded && echo '$(image_id "$image")' >'/kind/loaded/$image'"
  done
}

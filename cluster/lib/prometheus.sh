# shellcheck shell=bash
# Prometheus, Debian's own, which reads what Traefik counts: what measurements are asked of in tests and in the demo.

PROMETHEUS_PACKAGES=prometheus,ca-certificates
METRICS_NAMESPACE=crossfade-metrics
PROMTOOL=$CACHE/bin/promtool-$DEBIAN_SUITE/promtool   # the unit tests of queries ask it, where it is there

prometheus() {
  local image manifest wanted
  CACHED=1
  image=crossfade-prometheus:$DEBIAN_SUITE-$(sha256sum <<<"$PROMETHEUS_PACKAGES" | cut -c1-8)
  in_docker "$image" || busy "building $image" prometheus_image "$image"
  [[ -x $PROMTOOL || ! -f $(tree_tar "$PROMETHEUS_PACKAGES") ]] || busy "unpacking promtool" promtool_program
  in_node "$image"
  manifest=$(sed -e "s|@IMAGE@|$image|" "$CLUSTER_DIR/prometheus/prometheus.yaml")
  wanted=$(sha256sum <<<"$manifest" | cut -c1-12)
  if [[ $(made_from_of "namespace" "$METRICS_NAMESPACE") != "$wanted" ]]; then
    busy "installing Prometheus" kubectl apply --server-side --force-conflicts -f - <<<"$manifest"
    kubectl -n "$METRICS_NAMESPACE" rollout restart deployment prometheus
    kubectl annotate --overwrite namespace "$METRICS_NAMESPACE" "$MADE_FROM=$wanted"
  fi
  kubectl -n "$METRICS_NAMESPACE" rollout status deployment prometheus --timeout=120s ||
    die "Prometheus is not ready. Its last words: kubectl --context kind-$CLUSTER_NAME -n $METRICS_NAMESPACE logs deployment/prometheus --tail=20"
}

# Only the program: it needs nothing of the system but its C library, which the base image has.
prometheus_image() {
  local fresh
  debian_tree "$PROMETHEUS_PACKAGES"
  base_image
  fresh=$(mktemp -d "$CACHE/tmp/prometheus.XXXX")
  tar -C "$fresh" -xf "$(tree_tar "$PROMETHEUS_PACKAGES")" ./usr/bin/prometheus
  program_image "$1" "$BASE_IMAGE" "$fresh/usr/bin/prometheus"
  rm -rf "$fresh"
}

promtool_program() {
  local fresh
  fresh=$(mktemp -d "$CACHE/tmp/promtool.XXXX")
  tar -C "$fresh" -xf "$(tree_tar "$PROMETHEUS_PACKAGES")" ./usr/bin/promtool
  mkdir -p "$(dirname "$PROMTOOL")"
  mv -T "$fresh/usr/bin/promtool" "$PROMTOOL"
  rm -rf "$fresh"
}

# shellcheck shell=bash
# A working Docker: the one that is there, else (Debian, as root) one installed and started here.

RUNC_WRAPPER=/usr/local/lib/crossfade/runc-capped
CAP_SYS_RESOURCE_BIT=24

docker_works() { timeout 20 docker info >/dev/null 2>&1; }

working_docker() {
  if docker_works; then cached; return; fi
  explain_why_not_ours
  command -v dockerd iptables >/dev/null ||
    install_debian_packages docker.io iptables conntrack jq
  if docker_works; then return; fi
  remove_dead_pid_file /var/run/docker.pid dockerd
  remove_dead_pid_file /var/run/docker/containerd/containerd.pid containerd
  start_dockerd
  keep_cluster_traffic_inside
}

# Everything that this script must not try to repair, each in one sentence.
explain_why_not_ours() {
  [[ -z ${DOCKER_HOST:-} ]] ||
    die "DOCKER_HOST is $DOCKER_HOST and no Docker answers there. Start that Docker, or unset DOCKER_HOST."
  if docker info 2>&1 | grep -qi 'permission denied'; then
    die "Docker runs, but this user may not use it. Add the user to the group 'docker' (sudo usermod -aG docker $USER), log in again, and try again."
  fi
  [[ $EUID == 0 && -f /etc/debian_version ]] ||
    die "No working Docker. Install Docker Engine 20.10 or newer (https://docs.docker.com/engine/install/), start it, check it with 'docker info', and try again."
}

# install_debian_packages NAME...: without letting a package start its service; we start what we need.
install_debian_packages() {
  if [[ $EUID != 0 ]] || ! command -v apt-get >/dev/null; then
    die "These programs are needed, and only root on Debian can have them installed by this script: $*. Install them and try again."
  fi
  apt-get update -q
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# dockerd refuses to start while a pid file names a living process, whatever that process is.
remove_dead_pid_file() {
  local file=$1 program=$2
  [[ -f $file ]] || return 0
  is_alive "$(<"$file")" "$program" || rm -f "$file"
}

# is_alive PID PROGRAM: a killed process that nobody has waited for (state Z) is not.
is_alive() {
  local name state
  read -r name state < <(sed -E 's/^[0-9]+ \((.*)\) (.).*/\1 \2/' "/proc/$1/stat" 2>/dev/null) || return 1
  [[ $name == "$2" && $state != Z ]]
}

living_dockerd() {
  local pid
  for pid in $(pgrep -x dockerd || true); do if is_alive "$pid" dockerd; then echo "$pid"; fi; done
}

start_dockerd() {
  local log=$CACHE/log/dockerd.log options=() running
  running=$(living_dockerd | head -1)
  if [[ -n $running ]]; then
    until_true 60 docker_works ||
      die "A dockerd is running (process $running) but does not answer 'docker info'. Stop it, and try again."
    return
  fi
  if lacks_cap_sys_resource; then
    install -D -m 755 "$CLUSTER_DIR/node/runc-capped" "$RUNC_WRAPPER"
    options=(--add-runtime "capped=$RUNC_WRAPPER" --default-runtime capped)
  fi
  detached "$log" dockerd "${options[@]}"
  until_true 60 docker_works || die "dockerd was started but does not answer after 60 s. Its log: $log"
}

# runc refuses --privileged for a capability that its own process does not have.
lacks_cap_sys_resource() {
  local effective
  effective=$(awk '/^CapEff/ {print $2}' /proc/self/status)
  ! (((16#$effective >> CAP_SYS_RESOURCE_BIT) & 1))
}

# A packet for a pod or ClusterIP that leaves the node would be answered by whatever sits outside.
keep_cluster_traffic_inside() {
  local range
  for range in 10.244.0.0/16 10.96.0.0/16; do
    iptables -C DOCKER-USER -d "$range" -j REJECT 2>/dev/null ||
      iptables -I DOCKER-USER -d "$range" -j REJECT
  done
}

# pullable IMAGE: there already, or the registry answers within 5 s.
pullable() {
  docker image inspect "$1" >/dev/null 2>&1 || timeout 5 docker manifest inspect "$1" >/dev/null 2>&1
}

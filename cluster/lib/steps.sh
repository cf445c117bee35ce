# shellcheck shell=bash
# Numbered step lines, one log, one lock, one cache. Sourced first by every script of this folder.
#
# Inside a step, standard output and standard error go to $LOG; fd 3 and 4 are the terminal.
# Steps are plain commands, never tested by `if` or `||`: there `set -e` would be off inside them.
set -euo pipefail
shopt -s inherit_errexit

CLUSTER_DIR=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
ROOT_DIR=$(dirname -- "$CLUSTER_DIR")
# shellcheck source=../versions.env
source "$CLUSTER_DIR/versions.env"

CACHE=${CROSSFADE_CACHE:-$HOME/.cache/crossfade}
LOG=$CACHE/log/${0##*/}.log
mkdir -p "$CACHE"/{bin,log,tmp}
exec 3>&1 4>&2
: >"$LOG"
rm -f "$LOG.died"

STEP=0 STEPS=1 STEP_TITLE='' PARTS=0 CACHED=''
BACKGROUND=()   # process ids to end with the script

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# since START_MS -> "12.3 s"
since() {
  local ms=$(($(now_ms) - $1))
  echo "$((ms / 1000)).$((ms % 1000 / 100)) s"
}

# Marks the running step or part as skipped because its result was there.
cached() { CACHED=1; }

outcome() { if [[ -n $CACHED ]]; then echo cached; else since "$1"; fi; }

# step TITLE COMMAND...: one numbered line; parts that the command runs get their own lines.
step() {
  local start
  STEP=$((STEP + 1)) STEP_TITLE=$1 PARTS=0 CACHED=''
  start=$(now_ms)
  shift
  printf '[%d/%d] %s ... ' "$STEP" "$STEPS" "$STEP_TITLE" >&3
  "$@" </dev/null >>"$LOG" 2>&1
  if ((PARTS)); then printf '      all of it: %s\n' "$(since "$start")" >&3
  else printf '%s\n' "$(outcome "$start")" >&3; fi
}

# part TITLE COMMAND...: a piece of a step, worth its own line because it takes long.
part() {
  local start
  ((PARTS)) || printf '\n' >&3
  PARTS=$((PARTS + 1)) CACHED=''
  start=$(now_ms)
  printf '      - %s ... ' "$1" >&3
  shift
  "$@"
  printf '%s\n' "$(outcome "$start")" >&3
}

# die SENTENCE...: says what is wrong and what to do, and ends the script.
die() {
  printf '%s\n' "$*" >"$LOG.died"
  exit 1
}

# take_lock NAME FD: two runs at once would build the same things twice and race for the cluster.
take_lock() {
  eval "exec $2>\"\$CACHE/$1.lock\""
  flock -n "$2" && return
  printf '(waiting for another run, which holds %s) ' "$CACHE/$1.lock" >&3
  flock -w 1800 "$2" || die "Another run still holds $CACHE/$1.lock after 30 minutes. End it, then try again."
}

# drop_lock FD: nobody waits for what is done. The steps that follow keep their own.
drop_lock() { eval "exec $1>&-"; }

# What a killed run left half-built. Only under the lock. It may hold a mounted /proc.
clear_leftovers() {
  local mounted
  while read -r mounted; do umount -l "$mounted"; done \
    < <(awk -v under="$CACHE/tmp/" 'index($2, under) == 1 {print $2}' /proc/mounts)
  rm -rf --one-file-system "$CACHE/tmp"
  mkdir -p "$CACHE/tmp"
}

# detached LOGFILE COMMAND...: a daemon that outlives this script and holds none of its files.
detached() {
  local log=$1
  shift
  setsid "$@" </dev/null >>"$log" 2>&1 3>&- 4>&- 8>&- 9>&- &
}

# until_true SECONDS COMMAND...: waits for a condition; false when the time is over.
until_true() {
  local deadline=$(($(now_ms) + $1 * 1000))
  shift
  until "$@"; do
    (($(now_ms) < deadline)) || return 1
    sleep 0.2
  done
}

# fingerprint FILE_OR_FOLDER...: 12 digits that change with any content or name, the same wherever the checkout lies.
fingerprint() {
  find "$@" -type f -not -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z |
    xargs -0 sha256sum | sed "s|  $ROOT_DIR/|  |" | sha256sum | cut -c1-12
}

on_exit() {
  local status=$? pid
  for pid in "${BACKGROUND[@]}"; do kill -- "-$pid" 2>/dev/null || true; done
  ((status)) || return 0
  if [[ -z $STEP_TITLE ]]; then   # nothing was begun: a mistake on the command line
    cat "$LOG.died" >&4 2>/dev/null || true
    return
  fi
  printf 'FAILED\n' >&3
  if [[ -s $LOG.died ]]; then cat "$LOG.died" >&4
  else
    printf '%s failed. The last lines of its log:\n' "$STEP_TITLE" >&4
    tail -n 12 "$LOG" | sed 's/^/    /' >&4
  fi
  printf 'Whole log: %s\nWhat was finished is kept; run the same command again to go on from there.\n' "$LOG" >&4
}
trap on_exit EXIT
trap 'exit 130' INT TERM

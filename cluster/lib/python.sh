# shellcheck shell=bash
# uv, pinned, and the .venv that it keeps equal to requirements/dev.txt. Every download is hash-checked.

PYTHON_MIN=3.11
VENV=$ROOT_DIR/.venv
UV=$CACHE/uv-$UV_VERSION/bin/uv

# Nothing is done while the lock's checksum is the one that .venv was last synced from.
python_environment() {
  local lock=$ROOT_DIR/requirements/dev.txt stamp=$VENV/.crossfade-lock wanted
  [[ -f $lock ]] || die "There is no requirements/dev.txt to make .venv from. Restore it from Git, or write it with 'make lock'."
  wanted=$(sha256sum <"$lock")
  if [[ -x $VENV/bin/python && -x $VENV/bin/crossfade && -f $stamp && $(<"$stamp") == "$wanted" ]]; then cached; return; fi
  take_lock python 8
  uv_program
  rm -f "$stamp"
  venv_python_works || "$UV" venv -q --clear --python "$(system_python)" "$VENV"
  # With bytecode: else each of hundreds of starts compiles all that it imports, where Python is told to keep none.
  VIRTUAL_ENV=$VENV "$UV" pip sync --require-hashes --compile-bytecode "$lock"
  # The project itself, in place: gives .venv/bin/crossfade and kubectl-crossfade. Its build tools are in the lock.
  VIRTUAL_ENV=$VENV "$UV" pip install -q --offline --no-deps --no-build-isolation --editable "$ROOT_DIR"
  echo "$wanted" >"$stamp"
  drop_lock 8  # else another clone's `make env` would wait until this one has its cluster
}

venv_python_works() { "$VENV/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; }

# The newest python3 on PATH that is new enough.
system_python() {
  local name
  for name in python3.14 python3.13 python3.12 python3.11 python3; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
      command -v "$name"
      return
    fi
  done
  die "No Python $PYTHON_MIN or newer on PATH. Install one (Debian: apt-get install python3 python3-venv) and try again."
}

uv_program() {
  local folder=$CACHE/uv-$UV_VERSION
  [[ ! -x $UV ]] || return 0
  # A venv knows its own path, so it is made in place and counts only once uv runs in it.
  rm -rf "$folder"
  "$(system_python)" -m venv "$folder" ||
    die "Python's venv module does not work. Install it (Debian: apt-get install python3-venv) and try again."
  if ! uv_from_lock "$folder"; then rm -rf "$folder"; die "uv $UV_VERSION could not be installed from requirements/uv.txt. See the log."; fi
}

uv_from_lock() { "$1/bin/pip" install -q --disable-pip-version-check --require-hashes -r "$ROOT_DIR/requirements/uv.txt"; }

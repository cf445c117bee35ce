# shellcheck shell=bash
# Debian file trees, each made once per suite and package list, kept as a tar in $CACHE/debian/.

NODE_PACKAGES=systemd,systemd-sysv,dbus,conntrack,iptables,nftables,iproute2,ethtool,util-linux,mount,kmod,libseccomp2,pigz,fuse-overlayfs,e2fsprogs,bash,ca-certificates,curl,jq,procps,runc,ebtables,socat,hostname,rsync,gettext-base
PYTHON_PACKAGES=python3,python3-venv,ca-certificates

# tree_tar PACKAGES -> the path of the tar for that package list
tree_tar() { echo "$CACHE/debian/$DEBIAN_SUITE-$(sha256sum <<<"$1" | cut -c1-12).tar"; }

# debian_tree PACKAGES: makes that tar.
debian_tree() {
  local tar fresh
  tar=$(tree_tar "$1")
  if [[ -f $tar ]]; then cached; return; fi
  command -v debootstrap >/dev/null || install_debian_packages debootstrap
  fresh=$(mktemp -d "$CACHE/tmp/debian.XXXX")
  debootstrap --variant=minbase --include="$1" "$DEBIAN_SUITE" "$fresh/root"
  (cd "$fresh/root" && rm -rf var/cache/apt/* var/lib/apt/lists/* usr/share/{doc,man,locale}/*)
  tar -C "$fresh/root" --one-file-system --exclude=./proc/* --exclude=./sys/* -cf "$fresh/tar" .
  mkdir -p "$CACHE/debian"
  mv -T "$fresh/tar" "$tar"
  rm -rf --one-file-system "$fresh"
}

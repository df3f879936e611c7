#!/usr/bin/env bash
# Installs from the registries what is missing of what build:target needs.
#
#   bash scripts/targets/set-up.sh SUFFIX ...   for these targets, as the workflows call it on a target's runner
#   bash scripts/targets/set-up.sh              for all targets that can be built here, and what test:target runs
#                                               them on: a Debian 12 on x64
#
# zig, the linker for Linux (with the symbols of every glibc) and for the link check of macOS, goes to .cache/cross.
# A target's standard library comes from rustup. Where rustup cannot fetch it, Debian's rustc comes to its side: that
# has the one of arm64, and the source for the others.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=.cache/cross/venv
zig=ziglang==0.15.2
zigbuild=cargo-zigbuild==0.24.0

apt_install() {
  local missing=() package
  for package in "$@"; do
    dpkg-query --show --showformat='${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' \
      || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local root=()
  [ "$(id -u)" -eq 0 ] || root=(sudo)
  case " ${missing[*]} " in *:arm64*) "${root[@]}" dpkg --add-architecture arm64 ;; esac
  "${root[@]}" apt-get update --quiet --quiet
  DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
}

install_zig() {
  local have
  have=$("$venv/bin/pip" list --format=freeze 2>/dev/null || true)
  case $have in *"$zigbuild"*"$zig"*) return ;; esac
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "$zig" "$zigbuild"
}

install_standard_library() { # triple
  local folder
  folder=$(rustc --print target-libdir --target "$1")
  compgen -G "$folder/libstd-*" > /dev/null && return
  rustup target add "$1" && return
  echo "rustup cannot fetch $1; taking Debian's rustc" >&2
  apt_install rustc-web rust-web-src libstd-rust-web-dev:arm64
}

commands=$(node scripts/targets/commands.mjs "$@")
while read -r triple command; do
  case $command in *zigbuild*) install_zig ;; esac
  case $triple in *-windows-gnu) apt_install gcc-mingw-w64-x86-64-posix ;; esac
  install_standard_library "$triple"
done <<< "$commands"

if [ $# -eq 0 ] && command -v apt-get > /dev/null; then
  apt_install qemu-user wine64 musl musl:arm64 libc6:arm64 libstdc++6:arm64 libatomic1:arm64
fi
echo "set-up: done"

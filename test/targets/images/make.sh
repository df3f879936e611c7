#!/usr/bin/env bash
# Makes the images that test/targets reads: one good one for each kind of target, and one for each fault that a linker
# can be asked for; the tests make the other faults.
# They are in git, so that the tests need no cross compiler. Needs gcc with binutils 2.38 on x64, mingw-w64 and
# zig 0.15.
# Usage: ZIG="python -m ziglang" ./make.sh
set -euo pipefail
cd "$(dirname "$0")"
zig=${ZIG:-zig}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/addon.c" <<'C'
#include <stdlib.h>
#define EXPORT __attribute__((visibility("default")))
EXPORT void *napi_register_module_v1(void *env, void *exports) {
  return getenv("HOME") ? env : exports;
}
C
{ cat "$work/addon.c"; echo 'EXPORT int zlib_version(void) { return 1; }'; } > "$work/exports.c"
{ cat "$work/addon.c"; echo 'int helper(void); EXPORT int napi_use(void) { return helper(); }'; } > "$work/library.c"
{
  cat "$work/addon.c"
  echo '#include <sys/random.h>'
  echo 'EXPORT long napi_use(void *at) { return getrandom(at, 1, 0); }'
} > "$work/newer.c"
{
  cat "$work/addon.c"
  echo 'EXPORT const char napi_place[] = "/home/ada/project/src/addon.c";'
} > "$work/path.c"
{
  cat "$work/addon.c"
  echo 'static void here(void) {}'
  echo 'static void (*places[100])(void) = {'
  for _ in $(seq 100); do echo 'here,'; done
  echo '}; EXPORT void *napi_use(int at) { return (void *)places[at]; }'
} > "$work/packed.c"
echo '__attribute__((visibility("default"))) int helper(void) { return 1; }' > "$work/helper.c"

make() { # name, source, target, further arguments
  local name=$1 source=$2 target=$3
  shift 3
  # shellcheck disable=SC2086
  (cd "$work" && $zig cc -target "$target" -shared -fPIC -fvisibility=hidden -O1 -o "$name" "$source.c" "$@")
  gzip -9nc "$work/$name" > "$name.gz"
}

gnu=x86_64-linux-gnu.2.17
elf=(-s -Wl,-z,nodelete)
make linux-x64-gnu.so addon "$gnu" "${elf[@]}"
make linux-arm64-gnu.so addon aarch64-linux-gnu.2.17 "${elf[@]}"
make linux-x64-musl.so addon x86_64-linux-musl "${elf[@]}"
make linux-arm64-musl.so addon aarch64-linux-musl "${elf[@]}"
make unloadable.so addon "$gnu" -s
make unstripped.so addon "$gnu" -g -Wl,-z,nodelete
make run-path.so addon "$gnu" "${elf[@]}" -Wl,-rpath,/opt/addon
make exports.so exports "$gnu" "${elf[@]}"
make newer-glibc.so newer x86_64-linux-gnu.2.34 "${elf[@]}"
make path.so path "$gnu" "${elf[@]}"
(cd "$work" && $zig cc -target "$gnu" -shared -o libhelper.so helper.c)
make library.so library "$gnu" "${elf[@]}" -L. -lhelper

(cd "$work" && gcc -shared -fPIC -O1 -s -Wl,-z,nodelete -Wl,-z,pack-relative-relocs -o packed.so packed.c)
gzip -9nc "$work/packed.so" > packed.so.gz

mingw() { # name, source, further arguments
  local name=$1 source=$2
  shift 2
  (cd "$work" && x86_64-w64-mingw32-gcc-posix -shared -O1 -o "$name" "$source.c" "$@")
  gzip -9nc "$work/$name" > "$name.gz"
}

sed -i 's/visibility("default")/dllexport/' "$work"/*.c
mingw win32-x64.dll addon -s
mingw unstripped.dll addon -g
printf 'LIBRARY node.exe\nEXPORTS\nhelper\n' > "$work/node.def"
x86_64-w64-mingw32-dlltool -d "$work/node.def" -l "$work/node.lib"
mingw library.dll library -s node.lib

sed -i 's/dllexport/visibility("default")/' "$work"/*.c
mac=(-Wl,-install_name,@rpath/addon.node)
make darwin-arm64.dylib addon aarch64-macos.11.0 -s "${mac[@]}"
make darwin-x64.dylib addon x86_64-macos.10.15 -s "${mac[@]}"
make newer-macos.dylib addon aarch64-macos.14.0 -s "${mac[@]}"
make own-name.dylib addon aarch64-macos.11.0 -s -Wl,-install_name,/home/ada/project/addon.node
make unstripped.dylib addon aarch64-macos.11.0 -g "${mac[@]}"

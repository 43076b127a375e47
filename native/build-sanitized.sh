#!/bin/sh
# Builds the addon with AddressSanitizer and UndefinedBehaviorSanitizer beside the ordinary build, in build/sanitized.
# With arguments, then runs them as a command of node under it:
#
#   native/build-sanitized.sh node_modules/.bin/mocha 'out/test/addon/**/*.test.js'
#
# node itself is not instrumented, so the runtimes are preloaded; its leaks are not ours to report. libpcap, Hyperscan
# and the others are the system's and not instrumented either: what is checked is native/ and what it hands them.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
dir=$root/build/sanitized
mkdir -p "$dir"
# node-gyp always builds in "build" under the directory of binding.gyp.
ln -sfn ../../binding.gyp "$dir/binding.gyp"
ln -sfn ../../native "$dir/native"
ln -sfn ../../package.json "$dir/package.json"
gyp=$root/node_modules/.bin/node-gyp
# Headers that came with node spare node-gyp a download.
prefix=$(node -p 'path.dirname(path.dirname(process.execPath))')
if [ -e "$prefix/include/node/node_api.h" ]; then nodedir=--nodedir=$prefix; else nodedir=; fi
"$gyp" -C "$dir" configure $nodedir --loglevel=warn -- -Dsanitize=1
"$gyp" -C "$dir" build --loglevel=warn
addon=$dir/build/Release/peccary.node
if ! ldd "$addon" | grep -q libasan; then
  echo "$addon is not instrumented" >&2
  exit 1
fi
[ $# -gt 0 ] || exit 0
cd "$root"
PECCARY_ADDON=$addon \
LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so)" \
ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
  exec node "$@"

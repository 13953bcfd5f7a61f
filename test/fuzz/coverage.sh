#!/usr/bin/env bash
# usage: test/fuzz/coverage.sh FOLDER [CORPUS]
# Replays the corpus (test/fuzz/corpus) with the executables below FOLDER, a build with clang's coverage, and prints how
# many lines of the files in codecs.txt ran. Fails below 95 % of all of them, and when a file of the list has no lines.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=$(cd "$1" && pwd)
corpus=$(cd "${2:-$here/corpus}" && pwd)
least=95

profiles=$folder/profiles
rm -rf "$profiles"
mkdir -p "$profiles"
for name in "$here"/corpus/*/; do
  name=$(basename "$name")
  executable=$(find "$folder" -type f -name "fuzz_$name" -perm -u+x -print -quit)
  LLVM_PROFILE_FILE=$profiles/$name.profraw "$executable" "$corpus/$name" >"$profiles/$name.log" 2>&1 ||
    { tail -n 5 "$profiles/$name.log" >&2; exit 1; }
  llvm-profdata-14 merge -o "$profiles/$name.profdata" "$profiles/$name.profraw"
  llvm-cov-14 export -format=lcov -instr-profile="$profiles/$name.profdata" "$executable" >"$profiles/$name.lines"
done
codecs=$(sed '/^#/d; /^$/d' "$here/codecs.txt")

# A line counts once, however many targets contain it; it has run when it ran in one of them.
awk -v root="$root/" -v codecs="$codecs" -v least="$least" '
  # The compiler names a file as seen from the build folder: "<root>/build/x/../../zkstore/payloads.cpp".
  /^SF:/ {
    file = substr($0, 4)
    while (sub("/[^/]+/[.][.]/", "/", file)) {}
    if (index(file, root) == 1) file = substr(file, length(root) + 1)
  }
  /^DA:/ {
    split(substr($0, 4), line, ",")
    if (!((file, line[1]) in hits)) order[file] = order[file] " " line[1]
    hits[file, line[1]] += line[2]
  }
  function judge(name,    i, n, numbers) {
    n = split(order[name], numbers, " ")
    for (i = 1; i <= n; ++i) {
      ++lines[name]
      if (hits[name, numbers[i]] > 0) ++run[name]
      else missed[name] = missed[name] " " numbers[i]
    }
  }
  function row(name, run, lines, missed) {
    printf "%-36s %6d %6d %7.1f %%  %s\n", name, lines, run, lines ? 100 * run / lines : 0, missed
  }
  END {
    printf "%-36s %6s %6s %9s  %s\n", "codec", "lines", "run", "share", "lines that did not run"
    count = split(codecs, list, " ")
    for (i = 1; i <= count; ++i) {
      name = list[i]
      judge(name)
      if (!lines[name]) without = without " " name
      row(name, run[name], lines[name], missed[name])
      all += lines[name]
      all_run += run[name]
    }
    row("total", all_run, all, "")
    if (without) { print "no lines of:" without; exit 1 }
    if (100 * all_run < least * all) { print "the corpus runs less than " least " % of the lines"; exit 1 }
  }' "$profiles"/*.lines

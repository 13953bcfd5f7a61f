# Sums up real faults: awk -f faults.awk LOG
# The lines of the tests that begin with "figure: fault" become a table, one line per fault, in the order of their first
# appearance; then the results of the test executables.

function after(text, mark) {
  return match(text, mark "-?[0-9]+") ? substr(text, RSTART + length(mark), RLENGTH - length(mark)) + 0 : 0
}

/^figure: fault "/ {
  split($0, part, "\"")
  name = part[2]
  if (!(name in count))
    order[++faults] = name
  n = ++count[name]
  ms = after(part[3], "again after ")
  silence = after(part[3], "silence of an item ")
  for (i = n; i > 1 && took[name, i - 1] > ms; --i)
    took[name, i] = took[name, i - 1]
  took[name, i] = ms
  if (ms < 0)
    lost[name] = 1
  if (silence > longest[name])
    longest[name] = silence
  if (length(name) > width)
    width = length(name)
}

/\[doctest\] test cases:/ {
  split($0, column, "|")
  passed += column[2]
  failed += column[3]
}

END {
  printf "%-" width "s %5s %11s %8s %14s\n", "fault", "times", "running ms", "at most", "silence ms"
  for (i = 1; i <= faults; ++i) {
    name = order[i]
    n = count[name]
    printf "%-" width "s %5d %11d %8d %14d%s\n", name, n, took[name, int((n + 1) / 2)], took[name, n], longest[name], \
      name in lost ? "  not always" : ""
  }
  printf "%d passed, %d failed\n", passed, failed
}

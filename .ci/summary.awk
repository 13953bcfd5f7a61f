# Sums up one tier: awk -f summary.awk CTEST.LOG JUNIT.XML
# Prints "passed failed skipped" on the first line, then what deserves to be seen: lines that a test begins with
# "figure:", and of each failed executable the reason and the end of its output. Executables of doctest count by test
# case, others as one; one that crashed or ran out of time counts as a failure of its own.

function plain(s) {
  gsub(/&lt;/, "<", s)
  gsub(/&gt;/, ">", s)
  gsub(/&quot;/, "\"", s)
  gsub(/&amp;/, "\\&", s)
  return s
}

function attribute(s, key) {
  if (!match(s, " " key "=\"[^\"]*\""))
    return ""
  return substr(s, RSTART + length(key) + 3, RLENGTH - length(key) - 4)
}

# The JUnit file does not tell a time-out or a crash from a plain failure; the log does.
FILENAME ~ /[.]log$/ {
  if (/ Test +#[0-9]+: / && match($0, /[*][*][*][A-Z].*/))
    verdict[$4] = substr($0, RSTART + 3)
  next
}

/<testcase / {
  name = attribute($0, "name")
  status = attribute($0, "status")
  is_doctest = lines = ok = bad = 0
}

{
  line = $0
  sub(/^.*<system-out>/, "", line)
  sub(/<\/system-out>.*$/, "", line)
  output[++lines] = plain(line)
}

line ~ /^figure:/ { details = details "  " output[lines] "\n" }

/\[doctest\] test cases:/ {
  is_doctest = 1
  split($0, column, "|")
  ok = column[2] + 0
  bad = column[3] + 0
}

/<\/testcase>/ {
  if (status == "disabled" || verdict[name] ~ /^Skipped/) {
    skipped++
    next
  }
  if (status != "run" && bad == 0)
    bad = 1
  else if (!is_doctest)
    ok = 1
  passed += ok
  failed += bad
  if (bad) {
    details = details "  ---- " name ": " (name in verdict ? verdict[name] : status) "\n"
    for (i = (lines > 82 ? lines - 80 : 3); i < lines; i++)
      details = details "  | " output[i] "\n"
  }
}

END { printf "%d %d %d\n%s", passed, failed, skipped, details }

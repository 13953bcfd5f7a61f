# Picks what failed out of the output of ./dev test or ./dev asan: awk -v command=NAME -f failures.awk OUTPUT
# Of each failed executable its name and the last 40 lines of its output, as .ci/summary.awk printed them.

function end_block(i) {
  for (i = (lines > 40 ? lines - 40 : 0); i < lines; i++)
    print output[i % 40]
  in_block = lines = 0
}

/^  ---- / {
  end_block()
  print command ":" $0
  in_block = 1
  next
}

in_block && /^  \| / {
  output[lines++ % 40] = $0
  next
}

{ end_block() }

END { end_block() }

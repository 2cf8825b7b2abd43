# For scripts that start runs, wait for what they say, and stop them.

# await PATTERN FILE [JOB]: until a line with PATTERN is in FILE, at most 60 s, or the process JOB is
# gone; fails without the line.
await() {
  local left=600
  until grep -q -- "$1" "$2" 2>/dev/null; do
    left=$((left - 1))
    if [ "$left" = 0 ] || { [ -n "${3:-}" ] && ! kill -0 "$3" 2>/dev/null; }; then
      grep -q -- "$1" "$2" 2>/dev/null
      return
    fi
    sleep 0.1
  done
}

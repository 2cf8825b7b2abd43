# LibTorch, from the first of:
#   1. a package found by find_package(Torch) when CMAKE_PREFIX_PATH or Torch_DIR names one (own
#      LibTorch, modules);
#   2. the pinned PyPI wheel in HONES_PYTHON_ENV (default: .venv of the source tree, made by
#      tools/setup.sh).
# Defines hones::torch (headers and libraries, CUDA and NCCL of the wheel included where present),
# hones::nccl (where found) and LibTorch_VERSION.
#
# The wheel is taken apart by hand because its own CMake package wants nvcc and a whole CUDA
# toolkit; the wheel's CUDA libraries and headers are enough to compile and link.
include(FindPackageHandleStandardArgs)
set(HONES_PYTHON_ENV "${PROJECT_SOURCE_DIR}/.venv" CACHE PATH "Python environment that holds the torch wheel")

if(NOT TARGET hones::torch)
  if(CMAKE_PREFIX_PATH OR DEFINED ENV{CMAKE_PREFIX_PATH} OR Torch_DIR)
    find_package(Torch QUIET)
  endif()
  if(Torch_FOUND)
    add_library(hones_libtorch INTERFACE)
    target_link_libraries(hones_libtorch INTERFACE ${TORCH_LIBRARIES})
    target_compile_options(hones_libtorch INTERFACE ${TORCH_CXX_FLAGS})
    list(GET TORCH_INCLUDE_DIRS 0 LibTorch_INCLUDE_DIR)
    set(LibTorch_LIBRARY "${TORCH_LIBRARY}")
    set(LibTorch_VERSION "${Torch_VERSION}")
  else()
    file(GLOB _site "${HONES_PYTHON_ENV}/lib/python3*/site-packages")
    find_path(LibTorch_INCLUDE_DIR ATen/ATen.h PATHS ${_site} PATH_SUFFIXES torch/include NO_DEFAULT_PATH)
    find_library(LibTorch_LIBRARY torch_cpu PATHS ${_site} PATH_SUFFIXES torch/lib NO_DEFAULT_PATH)
    find_library(LibTorch_C10 c10 PATHS ${_site} PATH_SUFFIXES torch/lib NO_DEFAULT_PATH)
    if(LibTorch_LIBRARY)
      add_library(hones_libtorch INTERFACE)
      # SYSTEM and -idirafter: the wheel ships a fmt that must not shadow Debian's (spdlog), and our
      # warnings are errors.
      target_compile_options(hones_libtorch INTERFACE
        "SHELL:-idirafter ${LibTorch_INCLUDE_DIR}" "SHELL:-idirafter ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include")
      get_filename_component(_lib "${LibTorch_LIBRARY}" DIRECTORY)
      target_link_libraries(hones_libtorch INTERFACE "-Wl,--no-as-needed" "${LibTorch_LIBRARY}" "${LibTorch_C10}")
      find_library(LibTorch_CUDA torch_cuda PATHS ${_lib} NO_DEFAULT_PATH)
      find_library(LibTorch_C10_CUDA c10_cuda PATHS ${_lib} NO_DEFAULT_PATH)
      set(_nvidia "${_site}/nvidia")
      # The wheel's CUDA parts need the NVIDIA packages, which HONES_CPU_ONLY=1 tools/setup.sh
      # leaves out.
      if(LibTorch_CUDA AND LibTorch_C10_CUDA AND EXISTS "${_nvidia}/nccl/lib")
        target_link_libraries(hones_libtorch INTERFACE "${LibTorch_CUDA}" "${LibTorch_C10_CUDA}")
      endif()
      target_link_libraries(hones_libtorch INTERFACE "-Wl,--as-needed")
      foreach(part cu13 nccl cudnn cusparselt nvshmem cuda_runtime cuda_cupti)
        if(EXISTS "${_nvidia}/${part}/lib")
          target_link_options(hones_libtorch INTERFACE "-Wl,-rpath-link,${_nvidia}/${part}/lib")
        endif()
      endforeach()
      if(EXISTS "${_nvidia}/nccl/lib/libnccl.so.2" AND EXISTS "${_nvidia}/cu13/include/cuda_runtime_api.h")
        add_library(hones::nccl UNKNOWN IMPORTED)
        set_target_properties(hones::nccl PROPERTIES IMPORTED_LOCATION "${_nvidia}/nccl/lib/libnccl.so.2"
          INTERFACE_INCLUDE_DIRECTORIES "${_nvidia}/nccl/include;${_nvidia}/cu13/include;${_nvidia}/cu13/include/cccl")
      endif()
      file(STRINGS "${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h" _version REGEX "define TORCH_VERSION " LIMIT_COUNT 1)
      string(REGEX REPLACE ".*\"(.*)\".*" "\\1" LibTorch_VERSION "${_version}")
    endif()
  endif()
  if(TARGET hones_libtorch)
    add_library(hones::torch ALIAS hones_libtorch)
  endif()
endif()
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_LIBRARY LibTorch_INCLUDE_DIR
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "No LibTorch in ${HONES_PYTHON_ENV} and none by CMAKE_PREFIX_PATH. Run tools/setup.sh, or pass -DCMAKE_PREFIX_PATH=/path/to/libtorch.")
mark_as_advanced(LibTorch_INCLUDE_DIR LibTorch_LIBRARY LibTorch_C10 LibTorch_CUDA LibTorch_C10_CUDA)

# What every target of this project is compiled with: hones::compile_options.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2")  # assertions stay on: a wrong list of heads costs more than the checks

find_program(HONES_CCACHE ccache)
if(HONES_CCACHE)
  # pch_defines,time_macros: what ccache asks for to cache units that use a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${HONES_CCACHE})
endif()

add_library(hones_compile_options INTERFACE)
add_library(hones::compile_options ALIAS hones_compile_options)
target_compile_features(hones_compile_options INTERFACE cxx_std_20)
target_compile_options(hones_compile_options INTERFACE -Wall -Wextra -Wpedantic -Werror -ffp-contract=off)
if(HONES_SANITIZE)
  target_compile_options(hones_compile_options INTERFACE -fsanitize=${HONES_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(hones_compile_options INTERFACE -fsanitize=${HONES_SANITIZE})
endif()
if(HONES_COVERAGE)
  target_compile_options(hones_compile_options INTERFACE --coverage -O0)
  target_link_options(hones_compile_options INTERFACE --coverage)
endif()

# A room is one static library, hones_<room>, made of src/<room>/*.cpp with public headers in include/hones/<room>.
#
#   hones_room(metric SOURCES vqa.cpp anls.cpp ROOMS base LIBRARIES ICU::uc [TORCH])
#
# ROOMS are the rooms it may include (arrows of docs/design.md), LIBRARIES what else it links, TORCH compiles it
# with LibTorch and the shared precompiled header.
function(hones_room name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;ROOMS;LIBRARIES;PRIVATE_LIBRARIES" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "hones_room(${name}): unknown arguments ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  add_library(hones_${name} STATIC ${ARG_SOURCES})
  add_library(hones::${name} ALIAS hones_${name})
  target_include_directories(hones_${name} PUBLIC "${PROJECT_SOURCE_DIR}/include" PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
  list(TRANSFORM ARG_ROOMS PREPEND "hones::" OUTPUT_VARIABLE rooms)
  target_link_libraries(hones_${name} PUBLIC ${rooms} ${ARG_LIBRARIES} PRIVATE hones::compile_options ${ARG_PRIVATE_LIBRARIES})
  if(ARG_TORCH)
    target_link_libraries(hones_${name} PUBLIC hones::torch_room)
    target_precompile_headers(hones_${name} REUSE_FROM hones_torch_pch)
  endif()
endfunction()

# A test program, run by ctest at each of the given rank counts:
#
#   hones_test(NAME metric_vqa SOURCES vqa_test.cpp ROOMS metric [RANKS 1 2 3 4] [LABELS unit] [TIMEOUT 60] [TORCH])
#
# Without RANKS it runs as one process without mpirun. With RANKS it links tests/support/mpi_main.cpp, whose main
# makes the failure of one rank everyone's, and runs under mpirun.
function(hones_test)
  cmake_parse_arguments(ARG "TORCH" "NAME;TIMEOUT" "SOURCES;ROOMS;LIBRARIES;RANKS;LABELS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS OR NOT ARG_NAME OR NOT ARG_SOURCES)
    message(FATAL_ERROR "hones_test: needs NAME and SOURCES; unknown arguments: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  set(target test_${ARG_NAME})
  add_executable(${target} ${ARG_SOURCES})
  list(TRANSFORM ARG_ROOMS PREPEND "hones::" OUTPUT_VARIABLE rooms)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE ${rooms} ${ARG_LIBRARIES} hones::compile_options GTest::gtest)
  target_compile_definitions(${target} PRIVATE HONES_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
  if(ARG_TORCH)
    target_precompile_headers(${target} REUSE_FROM hones_torch_pch)
  endif()
  if(ARG_RANKS)
    target_sources(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests/support/mpi_main.cpp")
    target_link_libraries(${target} PRIVATE MPI::MPI_CXX)
    foreach(ranks IN LISTS ARG_RANKS)
      add_test(NAME ${ARG_NAME}.${ranks} COMMAND ${MPIEXEC_EXECUTABLE} -n ${ranks} $<TARGET_FILE:${target}>)
      hones_test_properties(${ARG_NAME}.${ranks} ${ARG_TIMEOUT} "${ARG_LABELS}")
      set_tests_properties(${ARG_NAME}.${ranks} PROPERTIES PROCESSORS ${ranks})
    endforeach()
  else()
    target_link_libraries(${target} PRIVATE GTest::gtest_main)
    add_test(NAME ${ARG_NAME} COMMAND ${target})
    hones_test_properties(${ARG_NAME} ${ARG_TIMEOUT} "${ARG_LABELS}")
  endif()
endfunction()

# Open MPI on few cores, as root, in containers. yield_when_idle: a small allreduce with more ranks than cores takes
# 0.02 ms instead of 19 ms. single_copy_mechanism=none: with ranks in different user namespaces 8 MB messages hang.
set(HONES_MPI_TEST_ENVIRONMENT
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
    OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader,tcp
    OMPI_MCA_mpi_yield_when_idle=1)

# Whole stacks: Open MPI's modules have no frame pointers, and the suppressions name libraries further down.
set(HONES_SANITIZER_ENVIRONMENT
    ASAN_OPTIONS=fast_unwind_on_malloc=0 LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/lsan.supp)

function(hones_test_properties test timeout labels)
  set_tests_properties(${test} PROPERTIES TIMEOUT ${timeout} LABELS "${labels}"
    ENVIRONMENT "${HONES_MPI_TEST_ENVIRONMENT};${HONES_SANITIZER_ENVIRONMENT}"
    FAIL_REGULAR_EXPRESSION "No tests ran;0 tests from 0 test suites ran")
endfunction()

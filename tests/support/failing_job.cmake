# cmake -DMPIEXEC=… -DRANKS=n -DPROGRAM=… -DARGUMENT=… -DCODE=c -DLINE=regex -P failing_job.cmake
# The job must end by itself within 10 s, with this exit code and exactly one error line, which
# begins as docs/outputs.md says and then matches LINE.
execute_process(COMMAND ${MPIEXEC} -n ${RANKS} ${PROGRAM} ${ARGUMENT}
  TIMEOUT 10 RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
string(REGEX MATCHALL "hones_mpi: error:" lines "${err}")
list(LENGTH lines count)
if(NOT code STREQUAL "${CODE}" OR NOT err MATCHES "hones_mpi: error: ${LINE}" OR NOT count EQUAL 1)
  message(FATAL_ERROR "exit code ${code}, expected ${CODE}; ${count} error lines, expected one with: ${LINE}\n${err}\n${out}")
endif()

# Installs the build tree into an empty prefix, then configures, builds and runs the consumer
# against that prefix.
# cmake -D BUILD_DIR=… -D WORK_DIR=… -D COMPILER=… -D FLAGS=… -P run.cmake

file(REMOVE_RECURSE ${WORK_DIR})
set(prefix ${WORK_DIR}/prefix)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${prefix})
run(${CMAKE_COMMAND}
    -S ${CMAKE_CURRENT_LIST_DIR}
    -B ${WORK_DIR}/build
    -G Ninja
    -D CMAKE_BUILD_TYPE=Debug
    -D CMAKE_CXX_COMPILER=${COMPILER}
    -D CMAKE_CXX_FLAGS=${FLAGS}
    -D CMAKE_PREFIX_PATH=${prefix})
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
run(${WORK_DIR}/build/embedded)
run(${WORK_DIR}/build/connected)

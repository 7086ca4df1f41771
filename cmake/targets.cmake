# The static library syncline_<folder>, known to others as syncline::<folder>, from the given
# sources of the current folder.
function(syncline_add_library folder)
  set(target syncline_${folder})
  add_library(${target} STATIC ${ARGN})
  add_library(syncline::${folder} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${folder} POSITION_INDEPENDENT_CODE ON)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(
    ${target}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:syncline_warnings>)
  syncline_use_batches(${target} ${syncline_batch_size} ${ARGN})
endfunction()

# A test executable from all .cpp files of a folder, run by ctest under the same name.
# syncline_add_test(<name> <folder> <timeout in seconds> <library>...)
# Tests may include the private headers under src.
function(syncline_add_test name folder timeout_s)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  # The support library comes first: its helpers may use what the tested libraries define.
  target_link_libraries(${name} PRIVATE syncline_test_support)
  target_link_libraries(${name} PRIVATE ${ARGN})
  target_link_libraries(${name} PRIVATE syncline_warnings)
  # Tests are compiled more often than they are run: they need not be fast.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  syncline_use_batches(${name} ${syncline_batch_size} ${sources})
  add_test(NAME ${name} COMMAND ${name})
  syncline_limit_tests(${timeout_s} ${name})
endfunction()

# Tests take longer where the code is instrumented.
function(syncline_limit_tests timeout_s)
  math(EXPR timeout_s "${timeout_s} * ${SYNCLINE_TIMEOUT_FACTOR}")
  set_tests_properties(${ARGN} PROPERTIES TIMEOUT ${timeout_s})
endfunction()

# A source costs more for the headers it includes and the templates it instantiates than for what it
# says, so a build from scratch is three times as quick when several sources are compiled as one. It
# is worse for work on the sources: whoever changes one compiles all of its batch.

option(SYNCLINE_BATCHES "Compile several sources as one; needs Python" OFF)

if(SYNCLINE_BATCHES)
  find_package(Python3 3.9 COMPONENTS Interpreter REQUIRED)
endif()

# More would leave a core idle at the end and take more than a gigabyte.
set(syncline_batch_size 8)

# Compiles the sources of a target, all of the current folder, in batches of at most so many.
# syncline_use_batches(<target> <most in a batch> <source>...)
function(syncline_use_batches target most)
  if(NOT SYNCLINE_BATCHES)
    return()
  endif()
  set(sources ${ARGN})
  if(SYNCLINE_MUTANTS)
    # A source with a fault takes the place of the same one in a library, see mutants.cmake: so it
    # must be an object by itself there.
    foreach(source IN LISTS ARGN)
      file(STRINGS ${source} faults REGEX "changelog/mutation.hpp")
      if(faults)
        list(REMOVE_ITEM sources ${source})
      endif()
    endforeach()
  endif()
  execute_process(
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/batches.py ${most} ${sources}
    OUTPUT_VARIABLE lines
    COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" lines "${lines}")
  list(LENGTH lines count)
  math(EXPR last "${count} / 2 - 1")
  foreach(position RANGE 0 ${last})
    math(EXPR at_batch "${position} * 2")
    math(EXPR at_source "${at_batch} + 1")
    list(GET lines ${at_batch} batch)
    list(GET lines ${at_source} source)
    set_property(SOURCE ${source} PROPERTY UNITY_GROUP ${batch})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # A name that is new in one source may clash with another source of its batch.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ARGN}
                                         ${PROJECT_SOURCE_DIR}/cmake/batches.py)
endfunction()

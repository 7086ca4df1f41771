# Objects of those sources in the given folders of src that can have a fault switched on, see
# src/changelog/mutation.hpp. Linked before the libraries, they take the place of the same sources
# in them, so that nothing else is compiled again.
# syncline_add_mutants(<target> <folder>...)
function(syncline_add_mutants target)
  foreach(folder IN LISTS ARGN)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.cpp)
    foreach(source IN LISTS sources)
      file(STRINGS ${source} faults REGEX "changelog/mutation.hpp")
      if(faults)
        list(APPEND faulty_sources ${source})
      endif()
    endforeach()
  endforeach()
  add_library(${target} OBJECT EXCLUDE_FROM_ALL ${faulty_sources})
  target_compile_definitions(${target} PRIVATE SYNCLINE_ENABLE_MUTANTS=1)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include
                                               ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(
    ${target} PRIVATE Boost::headers nlohmann_json::nlohmann_json syncline_private_dependencies
                      syncline_warnings)
endfunction()

# Warnings, and quicker builds where the tools for them are there.

include(CheckLinkerFlag)

add_library(syncline_warnings INTERFACE)
target_compile_options(
  syncline_warnings
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wshadow
            -Wconversion
            -Wnon-virtual-dtor
            -Wold-style-cast
            $<$<BOOL:${SYNCLINE_WARNINGS_AS_ERRORS}>:-Werror>)
# g++ 12 warns of overlapping copies wherever "text" + std::string is inlined (its bug 105651), and of
# uninitialised members of whatever a moved std::variant or std::optional does not hold, and of reads
# beyond the inline part of a boost::container::small_vector that is on the heap by then.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(syncline_warnings INTERFACE -Wno-restrict -Wno-maybe-uninitialized
                                                     -Wno-stringop-overread)
endif()
# GNU takes the sources of a batch for headers, where a type of an unnamed namespace is suspicious; and
# a local name that equals a global one of another source of the batch hides nothing.
if(SYNCLINE_BATCHES AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(syncline_warnings INTERFACE -Wno-subobject-linkage -Wno-shadow
                                                   -Wshadow=local)
endif()

if(PROJECT_IS_TOP_LEVEL)
  find_program(SYNCLINE_CCACHE ccache)
  mark_as_advanced(SYNCLINE_CCACHE)
  if(SYNCLINE_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${SYNCLINE_CCACHE})
  endif()

  find_program(SYNCLINE_MOLD mold)
  mark_as_advanced(SYNCLINE_MOLD)
  if(SYNCLINE_MOLD)
    check_linker_flag(CXX -fuse-ld=mold SYNCLINE_COMPILER_KNOWS_MOLD)
    if(SYNCLINE_COMPILER_KNOWS_MOLD)
      add_link_options(-fuse-ld=mold)
    endif()
  endif()
endif()

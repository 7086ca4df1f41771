# Third-party libraries of all folders. Tests, benchmarks and the program find their own.

find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS url)
find_package(Threads REQUIRED)
find_package(nlohmann_json 3.11 CONFIG REQUIRED)
find_package(date CONFIG REQUIRED)
find_path(SYNCLINE_XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
mark_as_advanced(SYNCLINE_XXHASH_INCLUDE_DIR)

# msgpack's C++ library: package msgpack with target msgpackc-cxx up to 4, msgpack-cxx since 5.
find_package(msgpack CONFIG QUIET)
if(TARGET msgpackc-cxx)
  set(msgpack_target msgpackc-cxx)
else()
  find_package(msgpack-cxx CONFIG REQUIRED)
  set(msgpack_target msgpack-cxx)
endif()

# Header-only libraries that the .cpp files and private headers of the changelog use. They are not
# needed by those who link the installed library.
add_library(syncline_private_dependencies INTERFACE)
target_link_libraries(syncline_private_dependencies INTERFACE ${msgpack_target} date::date)
target_compile_definitions(syncline_private_dependencies INTERFACE MSGPACK_NO_BOOST)
target_include_directories(syncline_private_dependencies SYSTEM
                           INTERFACE ${SYNCLINE_XXHASH_INCLUDE_DIR})

# For closed segments of a journal and for bodies. Its CMake package names the target by the kind of library.
find_package(zstd CONFIG REQUIRED)
if(TARGET zstd::libzstd_shared)
  set(zstd_target zstd::libzstd_shared)
else()
  set(zstd_target zstd::libzstd_static)
endif()

# For bodies compressed with gzip.
find_package(ZLIB REQUIRED)

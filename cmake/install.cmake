# Headers, libraries, the program, and the package that find_package(syncline) finds. The libraries
# come in two sets, so that who embeds the core does not need what the server needs.

include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/syncline)

function(syncline_install_set name)
  install(TARGETS ${ARGN} EXPORT syncline_${name})
  install(
    EXPORT syncline_${name}
    NAMESPACE syncline::
    DESTINATION ${package_dir}
    FILE syncline_${name}.cmake)
endfunction()

syncline_install_set(core syncline_core syncline_changelog syncline_journal syncline_tenant
                          syncline_node)
syncline_install_set(server syncline_sync syncline_api syncline_http)
if(TARGET syncline)
  install(TARGETS syncline)
endif()
install(DIRECTORY include/syncline DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

configure_package_config_file(cmake/synclineConfig.cmake.in synclineConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(synclineConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/synclineConfig.cmake
              ${PROJECT_BINARY_DIR}/synclineConfigVersion.cmake DESTINATION ${package_dir})

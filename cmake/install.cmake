# The installed package, in two components: the program with its libraries and plugins; and, for development, headers and
# all that the CMakeLists.txt of a plugin, or of a program that embeds runs, needs.
include(CMakePackageConfigHelpers)

get_property(rooms GLOBAL PROPERTY NONEQ_ROOMS)
get_property(plugins GLOBAL PROPERTY NONEQ_PLUGINS)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/noneq)

install(TARGETS noneq RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ${rooms} EXPORT noneq_targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT program
        NAMELINK_COMPONENT development)
install(TARGETS noneq_mpi LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT mpi)
install(TARGETS ${plugins} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/noneq/plugins)
install(FILES framework/noneq.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(DIRECTORY framework/noneq DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
        FILES_MATCHING PATTERN "*.hpp"
        PATTERN "app" EXCLUDE PATTERN "flow" EXCLUDE PATTERN "detail" EXCLUDE
        PATTERN "laws" EXCLUDE PATTERN "runs" EXCLUDE PATTERN "nodes" EXCLUDE)  # which have no headers to install
install(EXPORT noneq_targets NAMESPACE noneq:: DESTINATION ${package_dir} COMPONENT development)
configure_package_config_file(cmake/noneqConfig.cmake.in ${PROJECT_BINARY_DIR}/noneqConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/noneqConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/noneqConfig.cmake ${PROJECT_BINARY_DIR}/noneqConfigVersion.cmake cmake/torch.cmake
        DESTINATION ${package_dir} COMPONENT development)
configure_file(cmake/noneq.pc.in ${PROJECT_BINARY_DIR}/noneq.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/noneq.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
install(DIRECTORY examples/embedding DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT development)
install(DIRECTORY pipelines DESTINATION share/noneq FILES_MATCHING PATTERN "*.yaml")
install(FILES data/swiss_roll.h5 DESTINATION share/noneq/data)  # of the first of them

# Completions of shells and the manual page, which the program itself writes, with the names of the plugins it finds.
set(shell_words ${PROJECT_BINARY_DIR}/shell_words)
install(CODE "
  file(MAKE_DIRECTORY ${shell_words})
  foreach(made completion\\;bash completion\\;zsh completion\\;fish man)
    list(GET made -1 name)
    execute_process(COMMAND $<TARGET_FILE:noneq> \${made} OUTPUT_FILE ${shell_words}/\${name} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()")
install(FILES ${shell_words}/bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME noneq)
install(FILES ${shell_words}/zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _noneq)
install(FILES ${shell_words}/fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d RENAME noneq.fish)
install(FILES ${shell_words}/man DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 RENAME noneq.1)

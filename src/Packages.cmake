# What `cpack` makes in a build folder:
#   cpack -G TXZ   one program for any Linux from 5.10, its pages and completions; needs the archives that StaticLibraries.cmake looks for,
#                  and `cmake --build ... --target vdsotrace_portable` before it
#   cpack -G DEB   a package of the distribution that it is made on: build with -DVDSOTRACE_STATIC=OFF
# With SOURCE_DATE_EPOCH set, two runs make the same bytes.

set(CPACK_PACKAGE_NAME vdsotrace)
set(CPACK_PACKAGE_VENDOR "the vdsotrace authors")
set(CPACK_PACKAGE_CONTACT "the vdsotrace authors <vdsotrace@localhost>" CACHE STRING "Who answers for the package")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/PackageKinds.cmake)
set(CPACK_COMPONENTS_ALL program manual licence completions)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_SYSTEM_NAME linux-${CMAKE_SYSTEM_PROCESSOR})

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "A Linux program's time calls mostly stay in user space, where strace cannot
see them. vdsotrace shows each of them, by which route it went, who made it,
why it entered the kernel, and what it cost.")

# What Debian asks of a package: its licence and its history, compressed as it compresses.
if(EXISTS /etc/debian_version)
  set(debian ${CMAKE_CURRENT_BINARY_DIR}/debian)
  install(CODE "
    file(MAKE_DIRECTORY \"${debian}\")
    file(COPY_FILE \"${PROJECT_SOURCE_DIR}/LICENSE\" \"${debian}/copyright\")
    execute_process(COMMAND gzip -9nc \"${PROJECT_SOURCE_DIR}/CHANGELOG.md\" OUTPUT_FILE \"${debian}/changelog.gz\")
    execute_process(COMMAND gzip -9nc \"${PROJECT_SOURCE_DIR}/docs/vdsotrace.1\" OUTPUT_FILE \"${debian}/vdsotrace.1.gz\")"
    COMPONENT debian EXCLUDE_FROM_ALL)
  install(FILES ${debian}/vdsotrace.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT debian EXCLUDE_FROM_ALL)
  install(FILES ${debian}/copyright ${debian}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT debian EXCLUDE_FROM_ALL)
endif()

include(CPack)

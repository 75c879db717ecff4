# Read by cpack: what differs by the kind of package.

if(CPACK_GENERATOR MATCHES "^(TXZ|TGZ)$")
  set(CPACK_COMPONENTS_ALL portable manual licence completions)
  set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
elseif(CPACK_GENERATOR STREQUAL "DEB")
  set(CPACK_COMPONENTS_ALL program completions debian)
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
endif()

# Links what we depend on statically where its archives are installed, and puts the program at a fixed address.
#
# A short trace spent a third of its time in the dynamic linker: Capstone's tables for all its architectures alone are
# 60,000 relocations on 330 pages. In an archive they are data, unless the program may be loaded anywhere: hence no PIE.
# The C library stays shared: it looks users up (-u) in modules that fit it alone.
#
# Sets VDSOTRACE_IS_STATIC, and VDSOTRACE_FMT, the target to link for fmt.

set(VDSOTRACE_FMT fmt::fmt)
set(VDSOTRACE_IS_STATIC OFF)
if(NOT VDSOTRACE_STATIC OR VDSOTRACE_SANITIZE OR CMAKE_POSITION_INDEPENDENT_CODE)
  return()
endif()

# archives_of(VARIABLE LIBRARY...): what to link for them; of what belongs to the C library, the names. Empty if one has no archive.
function(archives_of variable)
  set(${variable} "" PARENT_SCOPE)
  set(found)
  foreach(library IN LISTS ARGN)
    if(library MATCHES "^(c|dl|m|pthread|rt)$")
      list(APPEND found ${library})
      continue()
    endif()
    find_library(VDSOTRACE_ARCHIVE_${library} lib${library}.a)
    mark_as_advanced(VDSOTRACE_ARCHIVE_${library})
    if(NOT VDSOTRACE_ARCHIVE_${library})
      message(STATUS "There is no lib${library}.a: ${variable} stays shared")
      return()
    endif()
    list(APPEND found ${VDSOTRACE_ARCHIVE_${library}})
  endforeach()
  set(${variable} ${found} PARENT_SCOPE)
endfunction()

# link_statically(PKG_CONFIG_TARGET...): links the archives of the first instead of the shared libraries of all, if they lack nothing:
# Debian 13's libelf.a does (libeu.a).
include(CheckCXXSourceCompiles)
function(link_statically first)
  set(names ${${first}_STATIC_LIBRARIES})
  list(REMOVE_DUPLICATES names)
  archives_of(${first} ${names})
  if(NOT ${first})
    return()
  endif()
  set(CMAKE_REQUIRED_FLAGS -fno-pie)
  set(CMAKE_REQUIRED_LINK_OPTIONS -no-pie)
  set(CMAKE_REQUIRED_LIBRARIES -Wl,--whole-archive ${${first}} -Wl,--no-whole-archive)
  check_cxx_source_compiles("int main() {}" VDSOTRACE_STATIC_${first})
  if(VDSOTRACE_STATIC_${first})
    foreach(target IN ITEMS ${first} ${ARGN})
      set_property(TARGET PkgConfig::${target} PROPERTY INTERFACE_LINK_LIBRARIES ${${first}})
    endforeach()
  endif()
endfunction()

link_statically(CAPSTONE)
link_statically(SECCOMP)
link_statically(ZLIB)
link_statically(DW ELF)  # they share data, so both are static or neither is

# Debian has no archive of fmt, and the shared one needs a shared C++ library: an archive is made of its headers. Where those
# are of a version that we do not know how to compile, they are used as they are, at the price of a longer build.
get_target_property(fmt_type fmt::fmt TYPE)
if(NOT fmt_type STREQUAL STATIC_LIBRARY)
  get_target_property(fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
  file(WRITE ${CMAKE_BINARY_DIR}/fmt_check.cpp [[
#include <fmt/core.h>
int main(int argc, char** argv) { fmt::print("{:x}{:.3f}{:e}{}{:L}", argc, argc * .5, argc * .5F, argv[0], argc); }
]])
  try_compile(VDSOTRACE_FMT_COMPILES ${CMAKE_BINARY_DIR}/fmt_check
    SOURCES ${CMAKE_BINARY_DIR}/fmt_check.cpp ${CMAKE_CURRENT_LIST_DIR}/StaticFmt.cpp
    CMAKE_FLAGS -DINCLUDE_DIRECTORIES=${fmt_include} CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON)
  set(VDSOTRACE_FMT fmt::fmt-header-only)
  if(VDSOTRACE_FMT_COMPILES)
    set(VDSOTRACE_FMT vdsotrace_fmt)
    add_library(vdsotrace_fmt STATIC ${CMAKE_CURRENT_LIST_DIR}/StaticFmt.cpp)
    target_include_directories(vdsotrace_fmt SYSTEM PUBLIC ${fmt_include})
    target_compile_options(vdsotrace_fmt PRIVATE -fno-pie)
  endif()
endif()
set(VDSOTRACE_IS_STATIC ON)

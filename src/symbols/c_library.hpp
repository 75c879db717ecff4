// What belongs to the C library, so that the caller of a call is whoever called the library.
#pragma once

#include <string_view>

namespace vdsotrace {

/// Whether a file of that name is (a part of) a C library or its dynamic loader: glibc's, musl's, uClibc's.
bool is_c_library(std::string_view path);

/// Whether a C library calls the functions so through which a program reaches the calls that a vDSO can serve. Means
/// something only in a program that contains its C library.
bool is_time_wrapper(std::string_view symbol);

}  // namespace vdsotrace

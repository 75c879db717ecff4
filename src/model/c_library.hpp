// What belongs to the C library, so that a call's caller is the code that called the library.
#pragma once

#include <cstdint>
#include <string_view>

namespace vdsotrace {

/// Whether a file of that name is (a part of) a C library or its dynamic loader: glibc's, musl's, uClibc's.
bool is_c_library(std::string_view path);

/// Whether a C library calls the functions so through which a program reaches the calls that a vDSO can serve. Means
/// something only in a program that contains its C library.
bool is_time_wrapper(std::string_view symbol);

/// For whom a function of the C library makes the calls that a vDSO can serve.
enum class MadeFor : std::uint8_t {
  unknown,
  caller,  ///< of the function, which is there for that: clock_gettime, getrandom
  itself,  ///< the function does something else: malloc, syslog
};

/// By its name, in a file that is (a part of) the C library.
MadeFor made_for(std::string_view symbol);

/// Whether that is a function of a C library that makes such calls for itself. In a program that contains its C
/// library: only names that nothing else bears, so not malloc, which may be anybody's.
bool is_own_user(std::string_view symbol);

}  // namespace vdsotrace

// Names as they were written in the source.
#pragma once

#include <string>
#include <string_view>

namespace vdsotrace {

/// A C++ name or one of Rust's older scheme (_ZN...17h<hash>E, without the hash), demangled. The name itself if it is
/// neither, or if its demangled form could be very long: the names are those of the traced program.
std::string demangled(std::string_view name);

/// The crate in which a function with a name of Rust's newer scheme (_R..., RFC 2603) was written; empty if it is none,
/// or that does not come first in the name. Views the name.
std::string_view rust_crate(std::string_view name);

}  // namespace vdsotrace

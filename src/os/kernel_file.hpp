// Small files in which the kernel says something of itself: settings (/proc/sys), devices (sysfs), trace points
// (tracefs), security modules (selinuxfs).
#pragma once

#include <optional>
#include <string>

namespace vdsotrace {

/// What must be mounted where such a file lies. In a sandbox there may be anything in its place, made by anybody.
enum class KernelFileSystem { proc, sys, trace, selinux };

/// The file's first line. Nothing if there is no such file, or if it is not the kernel's.
std::optional<std::string> kernel_line(KernelFileSystem kind, const std::string& path);

/// The same of a file within that folder.
std::optional<std::string> kernel_line_at(KernelFileSystem kind, int folder, const std::string& path);

}  // namespace vdsotrace

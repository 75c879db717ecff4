// The proc file system, as far as it can be believed (proc(5)).
//
// In a chroot or a sandbox /proc may be missing, or an ordinary folder in which anybody has put anything; behind
// `unshare --pid` it may be that of another PID namespace, where our numbers are other processes'. Then nothing in it
// is read: every file is as if it could not be opened, and callers have to do without.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"

namespace vdsotrace::procfs {

/// Whether /proc is a proc file system and shows the PID namespace that we are in. Found out at the first question,
/// within some microseconds, and kept: what is mounted over /proc later changes nothing.
bool trusted();
/// Why it is not, "/proc is not mounted"; empty if it is.
const std::string& why_not_trusted();
/// What a user can do about it.
inline constexpr const char* kHint = "mount the proc file system of this PID namespace: mount -t proc proc /proc";

/// Opens one of its own files by its path in it ("PID/maps"). Nothing, with errno, if that cannot be had or if
/// something else has been mounted in its place (openat2(2), Linux 5.6).
UniqueFd open(const std::string& path, int flags);
/// Opens what one of its links leads to ("PID/root/etc/passwd", "self/fd/3"), wherever that is.
UniqueFd open_target(const std::string& path, int flags);

/// All of a file; nothing if it cannot be opened. Files in /proc say nothing of their size beforehand.
std::optional<std::string> read(const std::string& path);
/// The names in a folder, "." and ".." too; none if it cannot be opened.
std::vector<std::string> entries(const std::string& path);
/// Where a link points to, as text; empty if it cannot be read.
std::string link_target(const std::string& path);
/// What a link leads to, as its file system knows it without asking further: a program can serve a file system of its
/// own.
std::optional<struct statx> facts_of_target(const std::string& path);
/// An extended attribute of it; empty if it has none.
std::string attribute_of_target(const std::string& path, const char* name);
/// The user to whom a process's files belong.
std::optional<uid_t> owner(pid_t pid);

/// Of a proc file system that shows an outer PID namespace, too: for who translates the numbers of processes by itself
/// (os/proc/process_numbers). As read(), entries() and open_target().
namespace untranslated {
std::optional<std::string> read(const std::string& path);
std::vector<std::string> entries(const std::string& path);
UniqueFd open_target(const std::string& path);
}  // namespace untranslated

/// Whether a text of /proc/PID/status, of the process that reads it, comes from the procfs of its own PID namespace:
/// from that of an outer one it names the process by several numbers ("NSpid", Linux 4.1), from that of an inner one by
/// none.
bool is_status_from_within(const std::string& status, pid_t own);

}  // namespace vdsotrace::procfs

#include "os/proc/descriptors.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <string_view>

#include "base/number.hpp"
#include "model/syscalls/context.hpp"
#include "os/proc/process_numbers.hpp"
#include "os/proc/socket_facts.hpp"
#include "os/procfs.hpp"

namespace vdsotrace {
namespace {

constexpr std::string_view kDeleted = " (deleted)";

/// A name may itself end so: only if it no longer leads to the file has the kernel put it there (d_path, fs/d_path.c).
bool is_gone(const std::string& path, const struct statx& file) {
  if (file.stx_nlink == 0) return true;
  struct statx named {};
  if (::statx(AT_FDCWD, path.c_str(), AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &named) != 0) return true;
  return named.stx_ino != file.stx_ino || named.stx_dev_major != file.stx_dev_major ||
         named.stx_dev_minor != file.stx_dev_minor;
}

void note_deleted(DescriptorFacts& facts, const std::string& link) {
  if (!facts.path.ends_with(kDeleted)) return;
  const auto file = procfs::facts_of_target(link);
  if (!file || !is_gone(facts.path, *file)) return;
  facts.path.resize(facts.path.size() - kDeleted.size());
  facts.deleted = true;
}

std::optional<DescriptorFacts::Device> device_at(const std::string& link) {
  const auto file = procfs::facts_of_target(link);
  if (!file || (!S_ISCHR(file->stx_mode) && !S_ISBLK(file->stx_mode))) return std::nullopt;
  return DescriptorFacts::Device{S_ISBLK(file->stx_mode), file->stx_rdev_major, file->stx_rdev_minor};
}

/// "Pid:\t123" in /proc/PID/fdinfo/N; -1 once the process is gone, and 0 if it is in a PID namespace that we do not
/// see.
std::optional<pid_t> process_of_pidfd(const std::string& info) {
  constexpr std::string_view kField = "Pid:\t";
  const std::string text = procfs::read(info).value_or("");
  const auto at = text.starts_with(kField) ? 0 : text.find("\nPid:\t");
  if (at == std::string::npos) return std::nullopt;
  std::string_view number = std::string_view(text).substr(text.find('\t', at) + 1);
  const auto pid = take_number<pid_t>(number);
  return pid && *pid > 0 ? pid : std::nullopt;
}

std::optional<std::uint64_t> socket_inode(std::string_view path) {
  constexpr std::string_view kSocket = "socket:[";
  if (!path.starts_with(kSocket)) return std::nullopt;
  path.remove_prefix(kSocket.size());
  return take_number<std::uint64_t>(path);
}

}  // namespace

ProcessFacts ProcessDescriptors::look_up_process(pid_t number, ProcessKind kind) {
  return process_facts(tid_, number, kind, processes_);
}

DescriptorFacts ProcessDescriptors::look_up(std::int32_t fd) {
  const bool current = fd == kCurrentDirectory;
  const std::string link = current ? fmt::format("{}/cwd", tid_) : fmt::format("{}/fd/{}", tid_, fd);
  DescriptorFacts facts;
  facts.path = procfs::link_target(link);
  if (facts.path.empty()) return facts;
  note_deleted(facts, link);
  if (current) return facts;
  if (wanted_.device && facts.path.front() == '/') facts.device = device_at(link);
  if (wanted_.pidfd && facts.path == "anon_inode:[pidfd]")
    facts.process = process_of_pidfd(fmt::format("{}/fdinfo/{}", tid_, fd));
  if (const auto inode = wanted_.socket ? socket_inode(facts.path) : std::nullopt)
    facts.socket = socket_facts(procfs::attribute_of_target(link, "system.sockprotoname"), *inode);
  return facts;
}

std::optional<std::uint16_t> ProcessDescriptors::netlink_protocol(std::int32_t fd) {
  const std::string link = fmt::format("{}/fd/{}", tid_, fd);
  if (procfs::attribute_of_target(link, "system.sockprotoname") != "NETLINK") return std::nullopt;
  const auto inode = socket_inode(procfs::link_target(link));
  return inode ? protocol_of_netlink_socket(*inode).value_or(kUnknownNetlinkProtocol) : kUnknownNetlinkProtocol;
}

}  // namespace vdsotrace

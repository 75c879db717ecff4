#include "model/syscalls/errno.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/core.h>

namespace vdsotrace {
namespace {

struct KernelError {
  int number;
  std::string_view name;
  std::string_view text;
};

/// Numbers that never reach user space (include/linux/errno.h): restart codes.
constexpr std::array<KernelError, 4> kRestarts{{
    {512, "ERESTARTSYS", "To be restarted if SA_RESTART is set"},
    {513, "ERESTARTNOINTR", "To be restarted"},
    {514, "ERESTARTNOHAND", "To be restarted if no handler"},
    {516, "ERESTART_RESTARTBLOCK", "Interrupted by signal"},
}};
/// Others that leak out of drivers and file systems.
constexpr std::array<KernelError, 15> kInternal{{
    {515, "ENOIOCTLCMD", "Unknown error 515"},
    {517, "EPROBE_DEFER", "Unknown error 517"},
    {518, "EOPENSTALE", "Unknown error 518"},
    {519, "ENOPARAM", "Unknown error 519"},
    {521, "EBADHANDLE", "Unknown error 521"},
    {522, "ENOTSYNC", "Unknown error 522"},
    {523, "EBADCOOKIE", "Unknown error 523"},
    {524, "ENOTSUPP", "Unknown error 524"},
    {525, "ETOOSMALL", "Unknown error 525"},
    {526, "ESERVERFAULT", "Unknown error 526"},
    {527, "EBADTYPE", "Unknown error 527"},
    {528, "EJUKEBOX", "Unknown error 528"},
    {529, "EIOCBQUEUED", "Unknown error 529"},
    {530, "ERECALLCONFLICT", "Unknown error 530"},
    {531, "ENOGRACE", "Unknown error 531"},
}};

/// Second names of numbers (errno(3)).
constexpr std::array<std::pair<std::string_view, int>, 3> kAliases{
    {{"EWOULDBLOCK", EWOULDBLOCK}, {"EDEADLOCK", EDEADLOCK}, {"ENOTSUP", ENOTSUP}}};

const KernelError* kernel_error(int error) {
  const auto has_number = [error](const KernelError& known) { return known.number == error; };
  if (const auto* found = std::find_if(kRestarts.begin(), kRestarts.end(), has_number); found != kRestarts.end()) {
    return found;
  }
  const auto* found = std::find_if(kInternal.begin(), kInternal.end(), has_number);
  return found == kInternal.end() ? nullptr : found;
}

}  // namespace

std::string_view errno_name(int error) {
  if (error <= 0) return {};
  if (const char* name = strerrorname_np(error)) return name;
  const KernelError* known = kernel_error(error);
  return known != nullptr ? known->name : std::string_view();
}

int errno_named(std::string_view name) {
  constexpr int kMostErrors = 4095;
  for (int error = 1; error <= kMostErrors && !name.empty(); ++error) {
    if (errno_name(error) == name) return error;
  }
  const auto* alias =
      std::find_if(kAliases.begin(), kAliases.end(), [&](const auto& row) { return row.first == name; });
  return alias != kAliases.end() ? alias->second : 0;
}

std::string_view errno_text(int error) {
  if (error <= 0) return {};
  if (const char* text = strerrordesc_np(error)) return text;
  const KernelError* known = kernel_error(error);
  return known != nullptr ? known->text : std::string_view();
}

bool is_restart(int error) {
  return std::any_of(kRestarts.begin(), kRestarts.end(),
                     [error](const KernelError& known) { return known.number == error; });
}

std::string error_result(int error) {
  const std::string_view name = errno_name(error);
  if (name.empty()) return fmt::format("-1 (errno {})", error);
  return fmt::format("{} {} ({})", is_restart(error) ? "?" : "-1", name, errno_text(error));
}

}  // namespace vdsotrace

#include "os/self/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "base/unique_fd.hpp"

namespace vdsotrace {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

/// Something that can neither be read nor waited for; a chroot may lack devices.
UniqueFd nothing() {
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  return null ? std::move(null) : UniqueFd(::open("/", O_PATH | O_CLOEXEC));
}

}  // namespace

StandardStreams::StandardStreams() : open_{is_open(STDIN_FILENO), is_open(STDOUT_FILENO)} {}

void StandardStreams::release() {
  const UniqueFd instead = nothing();
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO}) {
    if (open_[static_cast<std::size_t>(fd)] && instead) ::dup2(instead.get(), fd);
  }
}

}  // namespace vdsotrace

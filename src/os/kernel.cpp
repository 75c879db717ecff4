#include "os/kernel.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

#include "os/procfs.hpp"

namespace vdsotrace {
namespace {

class Linux final : public Kernel {
 public:
  /// glibc's ptrace() returns what is read instead of storing it.
  long ptrace(long request, pid_t tid, std::uintptr_t address, std::uintptr_t data) override {
    return ::syscall(SYS_ptrace, request, tid, address, data);
  }
  ssize_t read_memory(pid_t tid, const iovec& into, std::span<const iovec> from) override {
    return ::process_vm_readv(tid, &into, 1, from.data(), from.size(), 0);
  }
  int waitid(idtype_t kind, id_t id, siginfo_t& info, int options) override {
    return ::waitid(kind, id, &info, options);
  }
  pid_t wait4(pid_t which, int& status, int options, rusage* usage) override {
    return ::wait4(which, &status, options, usage);
  }
  int kill(pid_t pid, int signal) override { return ::kill(pid, signal); }
  int kcmp(pid_t one, pid_t other, int what) override {
    return static_cast<int>(::syscall(SYS_kcmp, one, other, what, 0, 0));
  }
  std::optional<std::string> proc_file(const std::string& path) override { return procfs::read(path); }
  std::vector<std::string> proc_folder(const std::string& path) override { return procfs::entries(path); }
};

Linux real;
Kernel* asked = &real;

}  // namespace

Kernel& kernel() { return *asked; }

KernelInstead::KernelInstead(Kernel& other) { asked = &other; }
KernelInstead::~KernelInstead() { asked = &real; }

}  // namespace vdsotrace

#include "os/proc/proc.hpp"

#include "os/kernel.hpp"
#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

/// A kernel of which only one file of /proc is there.
class OneFile final : public Kernel {
 public:
  OneFile(std::string path, std::string text) : path_(std::move(path)), text_(std::move(text)) {}

  long ptrace(long, pid_t, std::uintptr_t, std::uintptr_t) override { return -1; }
  ssize_t read_memory(pid_t, const iovec&, std::span<const iovec>) override { return -1; }
  int waitid(idtype_t, id_t, siginfo_t&, int) override { return -1; }
  pid_t wait4(pid_t, int&, int, rusage*) override { return -1; }
  int kill(pid_t, int) override { return -1; }
  int kcmp(pid_t, pid_t, int) override { return -1; }
  std::optional<std::string> proc_file(const std::string& path) override {
    return path == path_ ? std::optional(text_) : std::nullopt;
  }
  std::vector<std::string> proc_folder(const std::string&) override { return {}; }

 private:
  std::string path_, text_;
};

std::optional<proc::BlockedAt> blocked(const std::string& text) {
  OneFile kernel("7/syscall", text);
  const KernelInstead instead(kernel);
  return proc::blocked_at(7);
}

}  // namespace

TEST_CASE("where a blocked thread goes on is read from its system call") {
  const auto in_call = blocked("61 0xffffffff 0x7ffd2000 0x40000000 0x0 0x0 0x0 0x7ffd1ff8 0x7f12345\n");
  REQUIRE(in_call);
  CHECK(in_call->stack_pointer == 0x7ffd1ff8);
  CHECK(in_call->program_counter == 0x7f12345);
  const auto elsewhere = blocked("-1 0x7ffd1ff8 0x7f12345\n");
  REQUIRE(elsewhere);
  CHECK(elsewhere->program_counter == 0x7f12345);
}

TEST_CASE("a command line has its words, also empty ones") {
  const auto words = [](std::string text) {
    OneFile file("9/cmdline", std::move(text));
    const KernelInstead instead(file);
    return proc::command_line(9);
  };
  CHECK(words(std::string("a\0b c\0\0d\0", 9)) == std::vector<std::string>{"a", "b c", "", "d"});
  CHECK(words("a process's own title") == std::vector<std::string>{"a process's own title"});
  CHECK(words("").empty());
}

TEST_CASE("where a thread goes on that runs, or is gone, is not known") {
  for (const std::string text : {"running\n", "", "0x1\n", " 0x1", "-1 0x7f12345\n", "-1 0xzz 0x1\n", "-1 0x1 0xzz\n",
                                 "-1 0x11112222333344445 0x1\n"}) {
    INFO(text);
    CHECK_FALSE(blocked(text));
  }
  OneFile kernel("8/syscall", "-1 0x1 0x2\n");
  const KernelInstead instead(kernel);
  CHECK_FALSE(proc::blocked_at(7));
}

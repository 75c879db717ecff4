// What /proc says is believed only where it can be, and read only as what it is.
#include "os/procfs.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/kernel_file.hpp"
#include "os/machine/processors.hpp"
#include "os/proc/proc.hpp"
#include "support/catch.hpp"

namespace vdsotrace {
namespace {

const std::string kBefore = "Name:\ttest\nPid:\t7\n";

TEST_CASE("procfs: a status from within names the process by its own number only") {
  CHECK(procfs::is_status_from_within(kBefore + "NSpid:\t7\nNSpgid:\t7\n", 7));
}

TEST_CASE("procfs: a status from another namespace is not from within") {
  // From an outer namespace there is a number for each; the first may be the very one that we have.
  CHECK_FALSE(procfs::is_status_from_within(kBefore + "NSpid:\t4242\t7\n", 7));
  CHECK_FALSE(procfs::is_status_from_within(kBefore + "NSpid:\t7\t7\n", 7));
  CHECK_FALSE(procfs::is_status_from_within(kBefore + "NSpid:\t4242\n", 7));
  CHECK_FALSE(procfs::is_status_from_within(kBefore + "NSpid:\t\n", 7));
  CHECK_FALSE(procfs::is_status_from_within(kBefore + "NSpid:\t70\n", 7));
}

TEST_CASE("procfs: nothing is no status, and a kernel without NSpid has said all by /proc/self") {
  CHECK_FALSE(procfs::is_status_from_within("", 7));
  CHECK(procfs::is_status_from_within(kBefore, 7));
}

TEST_CASE("procfs: a name that looks like a field deceives nobody") {
  CHECK_FALSE(procfs::is_status_from_within("Name:\tNSpid:\t7\nNSpid:\t4242\t7\n", 7));
}

TEST_CASE("procfs: files of processes are opened, what else is mounted there is not") {
  if (!procfs::trusted()) {
    WARN(procfs::why_not_trusted());
    return;
  }
  CHECK(procfs::open("self/maps", O_RDONLY));
  CHECK(procfs::read("self/comm").has_value());
  CHECK_FALSE(procfs::read("self/no-such-file").has_value());
  // A link that leads out of it is followed only where that is asked for.
  CHECK_FALSE(procfs::open("self/root/", O_RDONLY | O_DIRECTORY));
  CHECK(procfs::open_target("self/root/", O_RDONLY | O_DIRECTORY));
  CHECK(procfs::owner(::getpid()) == ::geteuid());
}

TEST_CASE("maps: foreign text makes no mappings") {
  CHECK(proc::parse_mappings("").empty());
  CHECK(proc::parse_mappings("\n\n\0\n").empty());
  CHECK(proc::parse_mappings("hello world\n").empty());
  const auto with = [](const std::string& permissions) {
    return proc::parse_mappings("1000-2000 " + permissions + " 0 00:00 7 /file\n").at(0);
  };
  CHECK_FALSE(with("r-xp").writable);
  CHECK_FALSE(with("r-xp").shared);
  CHECK(with("rw-p").writable);
  CHECK(with("rw-s").shared);
  CHECK_FALSE(with("r").shared);
  CHECK(proc::parse_mappings("2000-1000 r-xp 0 00:00 0 [vdso]\n").empty());
  CHECK(proc::parse_mappings("1000-1000 r-xp 0 00:00 0 [vdso]\n").empty());
  CHECK(proc::parse_mappings("10000000000000000-20000000000000000 r-xp 0 00:00 0 [vdso]\n").empty());
  CHECK(proc::parse_mappings("-1000-2000 r-xp 0 00:00 0 [vdso]\n").empty());
}

TEST_CASE("maps: a line is read as far as it goes") {
  const auto mappings =
      proc::parse_mappings("1000-2000 r-xp 00003000 08:01 42         /bin/a b\n3000-4000\nrubbish\n5000-6000 r");
  REQUIRE(mappings.size() == 3);
  CHECK(mappings[0].start == 0x1000);
  CHECK(mappings[0].end == 0x2000);
  CHECK((mappings[0].readable && mappings[0].executable));
  CHECK(mappings[0].offset == 0x3000);
  CHECK(mappings[0].inode == 42);
  CHECK(mappings[0].name == "/bin/a b");
  CHECK((mappings[1].start == 0x3000 && mappings[1].name.empty() && !mappings[1].executable));
  CHECK((mappings[2].start == 0x5000 && mappings[2].readable));
}

TEST_CASE("proc: what has ended is known without /proc, too") {
  CHECK(proc::exists(::getpid()));
  CHECK_FALSE(proc::has_ended(::getpid()));
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(0);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
  CHECK(proc::exists(child));
  CHECK(proc::has_ended(child));
  CHECK(proc::has_no_memory(child));
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK_FALSE(proc::exists(child));
  CHECK(proc::has_ended(child));
  CHECK_FALSE(proc::has_no_memory(::getpid()));
}

TEST_CASE("kernel files: only what the kernel itself offers is read") {
  CHECK(kernel_line(KernelFileSystem::proc, "/proc/sys/kernel/ostype") == "Linux");
  CHECK_FALSE(kernel_line(KernelFileSystem::sys, "/proc/sys/kernel/ostype"));
  CHECK_FALSE(kernel_line(KernelFileSystem::sys, VDSOTRACE_TEST_DATA "/vdso_images/README.md"));
  CHECK_FALSE(kernel_line(KernelFileSystem::sys, "/sys/no-such-file"));
}

TEST_CASE("processors: the kernel's lists") {
  CHECK(parse_processors("0") == std::vector<int>{0});
  CHECK(parse_processors("0-3,8") == std::vector<int>{0, 1, 2, 3, 8});
}

TEST_CASE("processors: what is no such list has none") {
  for (const char* text :
       {"", "x", "0-", "-1", "3-1", "0;1", "0-99999999", "8192", "0,x", "0x1", "1 2", "99999999999"}) {
    CAPTURE(text);
    CHECK(parse_processors(text).empty());
  }
  std::string endless;
  for (int i = 0; i < 100; ++i) endless += "0-8191,";
  CHECK(parse_processors(endless + "0").empty());
}

TEST_CASE("processors: there is at least the one that we run on") {
  const auto processors = online_processors();
  REQUIRE(processors.has_value());
  CHECK_FALSE(processors->empty());
}

}  // namespace
}  // namespace vdsotrace

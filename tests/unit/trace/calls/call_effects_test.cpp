// What system calls change that a tracer must know: signal mask and actions, where the vDSO is, what else stops.
#include <asm/prctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "support/catch.hpp"
#include "support/scripted_session.hpp"
#include "support/vdso_images.hpp"
#include "trace/thread/signal_state.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::uint64_t kSigTrap = 1 << (SIGTRAP - 1);

/// A program whose vDSO is patched, and whose traps are the engine's.
struct Scripted : ScriptedTracing {
  Scripted() {
    engine.patches = engine.takes_traps = true;
    kernel.map_vdso(saved_image("6.1.0-50.x86_64"));
  }
  Task& root = kernel.spawned(kRoot).executes();
  std::uint64_t size() const { return kernel.vdso.size(); }
};

}  // namespace

TEST_CASE("a program that blocks SIGTRAP by a call blocks it again after a trap of ours") {
  Scripted traced;
  Task& root = traced.root;
  root.calls("rt_sigprocmask", {SIG_BLOCK, kCode, 0, 8}, 0, [](Task& task) { task.mask = kSigTrap; });
  // The kernel unblocks it by force.
  root.does([&] { root.mask = 0; }).gets(trap(SI_KERNEL));
  std::uint64_t mask = 0;
  root.does([&] { mask = root.mask; }).exits();
  REQUIRE(traced.run());
  CHECK(mask == kSigTrap);
}

TEST_CASE("a program that has unblocked SIGTRAP again has its mask left alone") {
  Scripted traced;
  Task& root = traced.root;
  root.calls("rt_sigprocmask", {SIG_BLOCK, kCode, 0, 8}, 0, [](Task& task) { task.mask = kSigTrap; });
  root.calls("rt_sigprocmask", {SIG_UNBLOCK, kCode, 0, 8}, 0, [](Task& task) { task.mask = 0; });
  root.gets(trap(SI_KERNEL));
  std::uint64_t mask = 1;
  root.does([&] { mask = root.mask; }).exits();
  REQUIRE(traced.run());
  CHECK(mask == 0);
}

TEST_CASE("a mask that a program only asked for is no change of it") {
  Scripted traced;
  Task& root = traced.root;
  root.calls("rt_sigprocmask", {SIG_BLOCK, 0, kCode, 8}, 0, [](Task& task) { task.mask = kSigTrap; });
  root.does([&] { root.mask = 0; }).gets(trap(SI_KERNEL));
  std::uint64_t mask = 1;
  root.does([&] { mask = root.mask; }).exits();
  REQUIRE(traced.run());
  CHECK(mask == 0);
}

TEST_CASE("a vDSO that the program moves is known at its new place") {
  Scripted traced;
  constexpr std::uint64_t kNewBase = kVdsoBase + 0x100000;
  const auto move = [](Task& task) {
    auto node = task.memory->regions.extract(kVdsoBase);
    node.key() = kNewBase;
    task.memory->regions.insert(std::move(node));
  };
  traced.root.calls("mremap", {kVdsoBase, traced.size(), traced.size(), 3, kNewBase}, kNewBase, move).idles();
  traced.root.exits();
  REQUIRE(traced.run());
  CHECK(traced.engine.count("vdso moved 1") == 1);
}

TEST_CASE("another mapping that is moved is no move of the vDSO") {
  for (const std::uint64_t from : {kVdsoBase + 4096, kCode}) {
    Scripted traced;
    traced.root.calls("mremap", {from, 4096, 4096, 3, kCode + 0x10000}, kCode + 0x10000).exits();
    REQUIRE(traced.run());
    CHECK(traced.engine.count("vdso moved 1") == 0);
  }
}

TEST_CASE("a move of the vDSO that fails is none") {
  Scripted traced;
  traced.root.calls("mremap", {kVdsoBase, traced.size(), traced.size(), 3, kCode}, -ENOMEM).exits();
  REQUIRE(traced.run());
  CHECK(traced.engine.count("vdso moved 1") == 0);
}

TEST_CASE("patches are taken back from a vDSO of which the program unmaps a part") {
  struct Case {
    const char* call;
    Arguments args;
    std::int64_t result;
  };
  const std::uint64_t base = kVdsoBase;
  for (const Case& one : {Case{"munmap", {base, 4096}, 0}, Case{"mmap", {base, 4096, 0, MAP_FIXED}, kVdsoBase},
                          Case{"mremap", {kCode, 4096, 4096, 3, base}, kVdsoBase}}) {
    INFO(one.call);
    Scripted traced;
    bool clean = false;
    traced.root.calls(one.call, one.args, one.result).does([&] {
      clean = traced.root.memory->regions.at(kVdsoBase) == traced.kernel.vdso;
    });
    traced.root.exits();
    REQUIRE(traced.run());
    CHECK(clean);
  }
}

TEST_CASE("a mapping beside the vDSO leaves its patches alone") {
  Scripted traced;
  bool patched = false;
  traced.root.calls("munmap", {kVdsoBase - 4096, 4096}).calls("munmap", {kVdsoBase + traced.size(), 4096});
  traced.root.does([&] { patched = traced.root.memory->regions.at(kVdsoBase) != traced.kernel.vdso; }).exits();
  REQUIRE(traced.run());
  CHECK(patched);
}

TEST_CASE("an engine learns of the thread pointer that is set, and of no other") {
  Scripted traced;
  traced.root.calls("arch_prctl", {ARCH_SET_GS, 0x1000})
      .calls("arch_prctl", {ARCH_SET_FS, 0x1000}, -EPERM)
      .calls("arch_prctl", {ARCH_SET_FS, 0x1000})
      .exits();
  REQUIRE(traced.run());
  CHECK(traced.engine.count("thread pointer 1") == 1);
}

TEST_CASE("an engine learns of memory that is locked, where that succeeds") {
  Scripted traced;
  traced.root.calls("mlockall", {MCL_FUTURE}, -ENOMEM).calls("mlockall", {MCL_CURRENT}).exits();
  REQUIRE(traced.run());
  CHECK(traced.engine.count("memory locked 1") == 1);
}

TEST_CASE("a signal action that could not be set is not known") {
  Scripted traced;
  Task& root = traced.root;
  const std::array<std::uint64_t, 4> action{0x401234, 0, 0, 0};
  root.does([&] { root.memory->write(kCode + 64, std::as_bytes(std::span(action))); });
  root.calls("rt_sigaction", {SIGUSR1, kCode + 64, 0, 8}, -EINVAL).gets(SIGUSR1).exits();
  REQUIRE(traced.run());
  CHECK(traced.engine.count("handler 1") == 0);
}

TEST_CASE("a signal action of a number that is none is left out") {
  for (const std::uint64_t signal : {std::uint64_t{0}, std::uint64_t{65}, ~std::uint64_t{0}}) {
    INFO("signal " << signal);
    Scripted traced;
    traced.root.calls("rt_sigaction", {signal, kCode + 64, 0, 8}).gets(SIGUSR1).exits();
    CHECK(traced.run());
  }
}

TEST_CASE("a handler whose mask has SIGTRAP blocks it from its beginning") {
  Scripted traced;
  Task& root = traced.root;
  const std::array<std::uint64_t, 4> action{0x401234, 0, 0, kSigTrap};
  root.does([&] { root.memory->write(kCode + 64, std::as_bytes(std::span(action))); });
  root.calls("rt_sigaction", {SIGUSR1, kCode + 64, 0, 8}).gets(SIGUSR1).gets(trap(SI_KERNEL));
  std::uint64_t mask = 0;
  root.does([&] { mask = root.mask; }).exits();
  REQUIRE(traced.run());
  CHECK(mask == kSigTrap);
}

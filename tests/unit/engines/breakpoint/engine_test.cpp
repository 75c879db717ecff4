// Breakpoints and single steps in the vDSO of a scripted program.
#include "engines/breakpoint/engine.hpp"

#include "engines/breakpoint/step.hpp"
#include "support/catch.hpp"
#include "support/scripted_session.hpp"
#include "support/vdso_images.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr pid_t kChild = kPid + 2;
constexpr std::uint64_t kStack = kStackTop - 4096 - 0x100;

/// Where the functions of the vDSO are, and what a task does there.
template <class Engine>
struct WithVdso : ScriptedTracing {
  WithVdso() {
    kernel.map_vdso(saved_image("6.1.0-50.x86_64"));
    image.emplace(*VdsoImage::parse(kernel.vdso));
    function = image->function_named("__vdso_clock_gettime");
    REQUIRE(function != nullptr);
    instead = &observing;
  }
  std::uint64_t entry() const { return kVdsoBase + function->entry; }
  std::uint64_t ret() const { return kVdsoBase + function->returns.front().offset; }
  std::uint64_t behind_syscall() const {
    return kVdsoBase + function->syscalls.front().offset + function->syscalls.front().length;
  }
  bool is_in_copy(std::uint64_t pc) const {
    return pc >= kVdsoBase + image->unused_from() && pc < kVdsoBase + kernel.vdso.size();
  }
  /// It meets the breakpoint at that instruction.
  void meets(Task& task, std::uint64_t instruction) {
    task.changes([instruction](user_regs_struct& r) { r.rip = instruction + 1; }).gets(trap(SI_KERNEL));
  }
  void enters_function(Task& task, std::uint64_t stack = kStack) {
    task.changes([stack](user_regs_struct& r) { r.rsp = stack, r.rdi = CLOCK_MONOTONIC, r.rsi = kStackTop - 64; });
    meets(task, entry());
  }
  void leaves_function(Task& task, std::int64_t result = 0) {
    task.changes([result](user_regs_struct& r) { r.rax = static_cast<std::uint64_t>(result); });
    meets(task, ret());
  }
  std::ptrdiff_t count(std::string_view line) const { return std::ranges::count(events.lines, line); }

  std::optional<VdsoImage> image;
  const VdsoFunction* function = nullptr;
  Engine observing{needs, events};
};

/// A program that is started.
template <class Engine>
struct Scripted : WithVdso<Engine> {
  Task& root = this->kernel.spawned(kRoot).executes();
};
using Breakpoints = Scripted<BreakpointEngine>;
using Steps = Scripted<StepEngine>;

/// A process that runs already and is attached to.
struct Running : WithVdso<BreakpointEngine> {
  /// Where its program counter is when a trap's stop is waited for.
  std::vector<std::uint64_t> places() {
    std::vector<std::uint64_t> found;
    stops.on_take = [&](const TraceeStop& stop) {
      if (stop.status.kind() == WaitStatus::Kind::signal && stop.status.signal() == SIGTRAP)
        found.push_back(process.registers.rip);
    };
    REQUIRE(seize({process.tid}));
    run_attached();
    return found;
  }
  Task& process = kernel.process(kRoot).idles();
};

}  // namespace

TEST_CASE("a call that meets the breakpoints at entry and return is reported as one of user space") {
  Breakpoints traced;
  traced.enters_function(traced.root);
  traced.leaves_function(traced.root);
  traced.root.exits();
  REQUIRE(traced.run());
  CHECK(traced.count("1 clock_gettime[vdso] = 0") == 1);
  CHECK(traced.root.delivered.empty());
}

TEST_CASE("a thread goes on behind a breakpoint in the copy of its instruction") {
  Breakpoints traced;
  std::uint64_t pc = 0;
  traced.enters_function(traced.root);
  traced.root.does([&] { pc = traced.root.registers.rip; });
  traced.leaves_function(traced.root);
  traced.root.exits();
  REQUIRE(traced.run());
  CHECK(traced.is_in_copy(pc));
}

TEST_CASE("a call that enters the kernel from its function is one fallback") {
  Breakpoints traced;
  traced.enters_function(traced.root);
  traced.root.goes_to(traced.behind_syscall()).calls("clock_gettime", {9}, -22);
  traced.leaves_function(traced.root, -22);
  traced.root.exits();
  REQUIRE(traced.run());
  CHECK(traced.count("1 clock_gettime[vdso->syscall] = -22") == 1);
  CHECK(std::ranges::count_if(traced.events.lines, [](const auto& line) { return line.find("clock_gettime") < 4; }) ==
        1);
}

TEST_CASE("a fallback of a call that nobody saw beginning is reported by its system call") {
  Breakpoints traced;
  traced.root.goes_to(traced.behind_syscall()).calls("clock_gettime", {9}, -22).exits();
  REQUIRE(traced.run());
  CHECK(traced.count("1 clock_gettime[vdso->syscall] = -22") == 1);
}

TEST_CASE("a system call made elsewhere is a direct one") {
  Breakpoints traced;
  traced.root.goes_to(kCode).calls("clock_gettime", {1}).exits();
  REQUIRE(traced.run());
  CHECK(traced.count("1 clock_gettime[syscall] = 0") == 1);
}

TEST_CASE("a call in which the program is killed or executes another is unfinished, once") {
  for (const bool killed : {true, false}) {
    INFO("killed " << killed);
    Breakpoints traced;
    traced.enters_function(traced.root);
    if (killed)
      traced.root.is_killed();
    else
      traced.root.executes().exits();
    REQUIRE(traced.run());
    CHECK(traced.count("1 clock_gettime[vdso] unfinished") == 1);
  }
}

TEST_CASE("a signal at the beginning of a copy finds the thread at the function's entry") {
  Breakpoints traced;
  std::uint64_t pc = 0;
  traced.enters_function(traced.root);
  traced.root.gets(SIGUSR1).does([&] { pc = traced.root.registers.rip; });
  // The handler returns to where it was, and the breakpoint is met again.
  traced.enters_function(traced.root);
  traced.leaves_function(traced.root);
  traced.root.exits();
  REQUIRE(traced.run());
  CHECK(pc == traced.entry());
  CHECK(traced.count("1 clock_gettime[vdso] = 0") == 1);
  CHECK(traced.count("1 clock_gettime[vdso] unfinished") == 0);
}

TEST_CASE("a thread of a running process is back on its breakpoint before its stop is waited for") {
  Running traced;
  std::uint64_t pc = 0;
  traced.enters_function(traced.process);
  traced.process.does([&] { pc = traced.process.registers.rip; });
  traced.leaves_function(traced.process);
  traced.process.exits();
  CHECK(traced.places() == std::vector<std::uint64_t>{traced.entry(), traced.ret()});
  CHECK(traced.is_in_copy(pc));
  CHECK(traced.count("1 clock_gettime[vdso] = 0") == 1);
  CHECK(traced.process.delivered.empty());
}

TEST_CASE("a thread of a running process stays behind a trap of its own") {
  for (const std::uint64_t at : {kCode + 16, kVdsoBase + 8}) {
    INFO("at " << at);
    Running traced;
    traced.meets(traced.process, at);
    traced.process.exits();
    CHECK(traced.places() == std::vector<std::uint64_t>{at + 1});
    CHECK(traced.process.delivered == std::vector<int>{SIGTRAP});
  }
}

TEST_CASE("a trap elsewhere is the program's own") {
  for (const std::uint64_t at : {kCode + 16, kVdsoBase + 8, std::uint64_t{0}}) {
    INFO("at " << at);
    Breakpoints traced;
    traced.meets(traced.root, at);
    traced.root.exits();
    REQUIRE(traced.run());
    CHECK(traced.root.delivered == std::vector<int>{SIGTRAP});
  }
}

TEST_CASE("a fork's child meets the breakpoints that it has inherited") {
  Breakpoints traced;
  Task& child = traced.kernel.unborn(kChild);
  traced.enters_function(child);
  traced.leaves_function(child);
  child.exits();
  traced.root.forks(child).exits();
  REQUIRE(traced.run());
  CHECK(traced.count("2 clock_gettime[vdso] = 0") == 1);
  CHECK(child.delivered.empty());
}

TEST_CASE("a fork's child that is not followed gets its vDSO back as it was") {
  Breakpoints traced;
  traced.options.follow = false;
  Task& child = traced.kernel.unborn(kChild).exits();
  bool patched = false;
  traced.root.forks(child).does([&] { patched = traced.root.memory->regions.at(kVdsoBase) != traced.kernel.vdso; });
  traced.root.exits();
  REQUIRE(traced.run());
  CHECK(patched);
  const bool clean = child.memory->regions.at(kVdsoBase) == traced.kernel.vdso;
  CHECK(clean);
  CHECK(child.detached_with == 0);
}

TEST_CASE("calls of two threads in the same function are kept apart") {
  Breakpoints traced;
  Task& thread = traced.kernel.unborn(kChild);
  traced.enters_function(thread, kStack - 0x800);
  thread.idles();
  traced.leaves_function(thread, -1);
  thread.ends_thread();
  traced.root.clones(thread, 0x10f00);
  traced.enters_function(traced.root);
  traced.root.idles();
  traced.leaves_function(traced.root, 0);
  traced.root.idles().exits();
  REQUIRE(traced.run());
  CHECK(traced.count("1 clock_gettime[vdso] = 0") == 1);
  CHECK(traced.count("2 clock_gettime[vdso] = -1") == 1);
}

TEST_CASE("a vDSO that cannot be written is left alone, and that is said") {
  Breakpoints traced;
  traced.kernel.refuses_writes = true;
  traced.root.exits();
  REQUIRE(traced.run());
  CHECK(traced.count("1 notice: its vDSO cannot be written: vDSO calls are not reported") == 1);
  const bool clean = traced.root.memory->regions.at(kVdsoBase) == traced.kernel.vdso;
  CHECK(clean);
}

TEST_CASE("a program may die at every request while it meets breakpoints") {
  int most = 0;
  for (int request = 0; request <= most; request += request == 0 ? 1 : 7) {
    INFO("dies at request " << request);
    Breakpoints traced;
    traced.enters_function(traced.root);
    traced.root.gets(SIGUSR1);
    traced.enters_function(traced.root);
    traced.leaves_function(traced.root);
    traced.root.is_killed();
    if (request > 0) traced.kernel.die_at(kRoot, request);
    const auto outcome = traced.run();
    if (request == 0) most = traced.kernel.requests_of(kRoot);
    CHECK((!outcome || outcome->signaled));
    CHECK(traced.events.lines.back() == "1 killed by 9");
  }
  CHECK(most > 30);
}

TEST_CASE("a call that is followed by steps is reported with their number") {
  Steps traced;
  const auto& instructions = traced.function->instructions;
  REQUIRE(instructions.size() > 4);
  traced.enters_function(traced.root);
  for (std::size_t i = 1; i < 4; ++i) traced.root.goes_to(kVdsoBase + instructions[i].offset).gets(trap(TRAP_TRACE));
  traced.leaves_function(traced.root);
  traced.root.exits();
  REQUIRE(traced.run());
  // Three steps, and the return that the breakpoint has shown.
  CHECK(traced.count("1 clock_gettime[vdso] = 0 in 4 steps") == 1);
  CHECK(traced.root.delivered.empty());
}

TEST_CASE("a thread is not stepped outside of calls") {
  Steps traced;
  Mode mode = Mode::step;
  traced.root.does([&] { mode = traced.root.mode; }).exits();
  REQUIRE(traced.run());
  CHECK(mode == Mode::syscall);
}

TEST_CASE("a call whose steps a signal interrupts is one call") {
  Steps traced;
  const auto& instructions = traced.function->instructions;
  traced.enters_function(traced.root);
  traced.root.goes_to(kVdsoBase + instructions[1].offset).gets(trap(TRAP_TRACE)).gets(SIGUSR1);
  traced.leaves_function(traced.root);
  traced.root.exits();
  REQUIRE(traced.run());
  CHECK(std::ranges::count_if(traced.events.lines,
                              [](const auto& line) { return line.starts_with("1 clock_gettime[vdso] = 0"); }) == 1);
  CHECK(traced.root.delivered == std::vector<int>{SIGUSR1});
}

TEST_CASE("the trap of the step out of a function ends its call") {
  Steps traced;
  traced.enters_function(traced.root);
  traced.root.changes([](user_regs_struct& r) { r.rip = kCode + 32, r.rsp = kStack + 8, r.rax = 0; });
  traced.root.gets(trap(TRAP_TRACE)).exits();
  REQUIRE(traced.run());
  CHECK(std::ranges::count_if(traced.events.lines,
                              [](const auto& line) { return line.starts_with("1 clock_gettime[vdso] = 0"); }) == 1);
  CHECK(traced.root.delivered.empty());
}

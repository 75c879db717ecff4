// stub_costs KIND COUNT [drained]: makes COUNT calls of the vDSO's clock_gettime(CLOCK_MONOTONIC) through a stub that does what KIND says,
// and prints how many nanoseconds they took. Nobody is traced: what a stub costs by itself, and what it costs that another
// thread takes its records out of the ring meanwhile (`drained`). Else the ring is emptied in pauses that are not counted.
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <asm/prctl.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <string_view>
#include <thread>

#include <fmt/core.h>

#include "arch/stubs.hpp"
#include "engines/stub_region.hpp"
#include "os/clock.hpp"

using namespace vdsotrace;
using arch::StubKind;

namespace {

using Function = int (*)(clockid_t, timespec*);

struct Kind {
  std::string_view name;
  StubKind stub;
  RecordSize size;
  std::uint64_t flags;
  bool timed;
};
constexpr Kind kKinds[] = {
    {"count", StubKind::count, RecordSize::line, 0, false},
    {"times", StubKind::measured, RecordSize::line, RECORD_SHORT_FLAG, true},
    {"values", StubKind::timespec, RecordSize::values, 0, false},
    {"values_and_times", StubKind::timespec, RecordSize::values, 0, true},
};

[[noreturn]] void give_up(std::string_view why) {
  fmt::print(stderr, "stub_costs: {}\n", why);
  std::exit(1);
}

Function vdso_function() {
  void* vdso = ::dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD);
  void* found = vdso != nullptr ? ::dlsym(vdso, "__vdso_clock_gettime") : nullptr;
  if (found == nullptr) give_up("there is no vDSO");
  return reinterpret_cast<Function>(found);
}

/// Memory as a traced process has it, and vdsotrace's side of it.
struct Shared {
  explicit Shared(RecordSize size) {
    const int fd = static_cast<int>(::syscall(SYS_memfd_create, "stubs", MFD_ALLOW_SEALING));
    auto memory = SharedMemory::of_descriptor(::getpid(), fd, REGION_BYTES);
    void* theirs = ::mmap(nullptr, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (!memory || theirs == MAP_FAILED) give_up("no memory can be shared");
    region.emplace(std::move(*memory), reinterpret_cast<std::uint64_t>(theirs), true, size);
    std::uint64_t thread_pointer = 0;
    ::syscall(SYS_arch_prctl, ARCH_GET_FS, &thread_pointer);
    region->bind(thread_pointer);
  }
  std::size_t drain() {
    std::size_t records = 0;
    region->drain(false, [&](const StubRecord& record, const StackWindow&) { records += record.result == 0 ? 1 : 0; });
    return records;
  }
  std::optional<StubRegion> region;
};

/// A jump to `function`, behind the stub if there is one.
Function code_for(const Kind* kind, std::uint64_t region, Function function) {
  auto* code = static_cast<std::byte*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (code == MAP_FAILED) give_up("no memory for code");
  std::byte* at = code;
  std::byte* entry = code;
  if (kind != nullptr) {
    const arch::StubTemplate stub = arch::stub_template(kind->stub, arch::StubShape::clocked);
    const std::array<std::uint64_t, 5> slots{0, region, kind->flags, 0, kind->timed ? 1u : 0u};
    std::memcpy(code, stub.bytes.data(), stub.bytes.size());
    std::memcpy(code, slots.data(), stub.code);
    entry += stub.code;
    at += stub.bytes.size();
  }
  constexpr unsigned char kJump[] = {0xff, 0x25, 0, 0, 0, 0};  // jmp *(rip); the address follows
  std::memcpy(at, kJump, sizeof kJump);
  std::memcpy(at + sizeof kJump, &function, sizeof function);
  return reinterpret_cast<Function>(entry);
}

std::int64_t took(Function function, std::uint64_t count) {
  timespec out;
  const std::int64_t start = monotonic_ns();
  for (std::uint64_t i = 0; i < count; ++i) function(CLOCK_MONOTONIC, &out);
  return monotonic_ns() - start;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) give_up("stub_costs KIND COUNT [drained]");
  const std::string_view name = argv[1];
  const auto* kind = std::ranges::find(kKinds, name, &Kind::name);
  if (kind == std::end(kKinds) && name != "none") give_up("there is no such kind");
  if (kind == std::end(kKinds)) kind = nullptr;
  if (!arch::stubs_usable()) give_up("stubs cannot run here");
  std::uint64_t left = std::strtoull(argv[2], nullptr, 10);
  const bool drained = argc > 3;

  Shared shared(kind != nullptr ? kind->size : RecordSize::line);
  const Function function = code_for(kind, shared.region->address(), vdso_function());
  const std::uint64_t room = RING_BYTES >> static_cast<unsigned>(kind != nullptr ? kind->size : RecordSize::line);
  std::int64_t ns = 0;
  if (!drained) {
    for (std::uint64_t now; left > 0; left -= now) {
      now = std::min(left, room / 2);
      ns += took(function, now);
      shared.drain();
    }
  } else {
    constexpr std::int64_t kBetweenLooksNs = 20'000;  // as trace/drain_pace.hpp polls
    std::atomic<bool> over = false;
    std::thread reader([&] {
      for (std::int64_t looked = 0; !over;) {
        if (monotonic_ns() - looked < kBetweenLooksNs) continue;
        looked = monotonic_ns();
        shared.drain();
      }
    });
    ns = took(function, left);
    over = true;
    reader.join();
  }
  fmt::print("{}\n", ns);
}

// stub_costs KIND COUNT [drained]: makes COUNT calls of the vDSO's clock_gettime(CLOCK_MONOTONIC) through a stub that
// does what KIND says, and prints how many nanoseconds they took. No process is traced: what a stub costs by itself,
// and what it costs that another thread takes its records out of the ring meanwhile (`drained`). Else the ring is
// emptied in pauses that are not counted.
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <asm/prctl.h>
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/core.h>

#include "arch/stubs.hpp"
#include "base/clock.hpp"
#include "engines/inline/region/stub_region.hpp"

using namespace vdsotrace;
using arch::StubKind;

namespace {

using Function = int (*)(clockid_t, timespec*);

struct Kind {
  std::string_view name;
  StubKind open;
  std::optional<StubKind> close;
  RecordSize size;
  std::uint64_t flags;
  bool timed;
  bool by_callers = false;  ///< counted where a path of words of the stack leads to
};
constexpr Kind kKinds[] = {
    {"count", StubKind::count, std::nullopt, RecordSize::line, 0, false},
    {"callers", StubKind::open, StubKind::close, RecordSize::window, RECORD_SHORT_FLAG, false, true},
    {"times", StubKind::open_timed, StubKind::close_timed, RecordSize::line, RECORD_SHORT_FLAG, true},
    {"values", StubKind::open_timed, StubKind::close_timespec, RecordSize::values, 0, false},
    {"values_and_times", StubKind::open_timed, StubKind::close_timespec, RecordSize::values, 0, true},
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
    const std::size_t bytes = StubRegion::first_bytes(size);
    auto memory = SharedMemory::of_descriptor(::getpid(), fd, bytes, bytes);
    void* theirs = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (!memory || theirs == MAP_FAILED) give_up("no memory can be shared");
    region.emplace(std::move(*memory), reinterpret_cast<std::uint64_t>(theirs), bytes, true, size);
    std::uint64_t thread_pointer = 0;
    ::syscall(SYS_arch_prctl, ARCH_GET_FS, &thread_pointer);
    const auto here = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
    region->blocks().bind(thread_pointer, ::gettid(), {here - kStack, here + kStack});
  }
  std::size_t drain() {
    std::size_t records = 0;
    region->rings().drain(false,
                          [&](const StubRecord& record, const StackWindow&) { records += record.result == 0 ? 1 : 0; });
    return records;
  }
  /// Stubs are to count calls like those that were recorded: by return address, and that of took().
  void teach(std::uint64_t outer) {
    paths = region->make_paths(false);
    region->rings().drain(false, [&](const StubRecord& record, const StackWindow& window) {
      WordsLookedAt words(window);
      for (std::uint64_t at = window.from(); window.word(at); at += sizeof outer) {
        if (window.word(at) == outer) words.word(at);
      }
      paths->note(record, true, words);
    });
  }
  static constexpr std::uint64_t kStack = 4096;
  std::optional<StubRegion> region;
  std::shared_ptr<CallerPaths> paths;
};

/// Code as the inline engine makes it: trampolines to the stubs, if there are any, and between them a call of
/// `function`.
class Code {
 public:
  Code(const Kind* kind, std::uint64_t region, Function function) {
    void* mapped = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) give_up("no memory for code");
    end_ = static_cast<std::byte*>(mapped);
    const std::uint64_t index = region + REGION_INDEX, shared = region + REGION_SHARED;
    std::uint64_t open = 0, close = 0;
    if (kind != nullptr && !kind->close) open = place(kind->open, {BLOCK_ROWS, index, shared});
    if (kind != nullptr && kind->close) {
      open = kind->open == StubKind::open
                 ? place(kind->open, {BLOCK_ROWS, index, shared, region, kind->flags})
                 : place(kind->open, {BLOCK_ROWS, index, shared, region, kind->flags, kind->timed ? 1u : 0u});
      const std::uint64_t reads = kind->timed ? 1 : 0, paths = region + REGION_PATHS, clocks = ~std::uint32_t{0};
      switch (*kind->close) {
        case StubKind::close:
          close = place(*kind->close, {index, shared, region, RECORD_WINDOW_WORDS * 8, paths, clocks});
          break;
        case StubKind::close_timed:
          close = place(*kind->close, {index, shared, region, 0, paths, clocks, reads});
          break;
        default: close = place(*kind->close, {index, shared, region, 0, reads}); break;
      }
    }
    const std::uint64_t leave = close != 0 ? place(StubKind::leave, {close}) : 0;
    // Last, as what was displaced comes right behind it.
    entry_ = open != 0 ? place(StubKind::enter, {open}) : here();
    constexpr unsigned char kCall[] = {0x48, 0x83, 0xec, 8, 0x48, 0xb8};    // sub 8, rsp; mov FUNCTION, rax
    constexpr unsigned char kBehind[] = {0xff, 0xd0, 0x48, 0x83, 0xc4, 8};  // call rax; add 8, rsp
    append(std::as_bytes(std::span(kCall)));
    append(std::as_bytes(std::span(&function, 1)));
    append(std::as_bytes(std::span(kBehind)));
    constexpr std::byte kReturn[] = {std::byte{0xc3}};
    if (leave == 0) append(kReturn);
    if (leave != 0) append(*arch::jump(here(), leave));
  }
  Function entry() const { return reinterpret_cast<Function>(entry_); }

 private:
  static constexpr std::size_t kSize = 4096;
  static constexpr std::size_t kAlignment = 64;

  std::uint64_t here() const { return reinterpret_cast<std::uint64_t>(end_); }
  void append(std::span<const std::byte> bytes) { end_ = std::ranges::copy(bytes, end_).out; }
  /// Where its code begins.
  std::uint64_t place(StubKind kind, std::initializer_list<std::uint64_t> slots) {
    const arch::StubTemplate stub = arch::stub_template(kind, arch::StubShape::clocked);
    if (slots.size() != stub.slots()) give_up("a stub has other slots");
    end_ += (kAlignment - here() % kAlignment) % kAlignment;
    const std::uint64_t code = here() + stub.code;
    append(std::as_bytes(std::span(slots)));
    append(stub.bytes.subspan(stub.code));
    return code;
  }

  std::byte* end_;
  std::uint64_t entry_ = 0;
};

/// Where took() was called from.
std::uint64_t outer = 0;

[[gnu::noinline]] std::int64_t took(Function function, std::uint64_t count) {
  timespec out;
  outer = reinterpret_cast<std::uint64_t>(__builtin_return_address(0));
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
  const Function function = Code(kind, shared.region->address(), vdso_function()).entry();
  constexpr std::uint64_t kRoom = 512;  // fits into the ring, whatever its records
  std::int64_t ns = 0;
  if (!drained) {
    bool learns = kind != nullptr && kind->by_callers;
    for (std::uint64_t now; left > 0; left -= now) {
      now = std::min(left, kRoom);
      ns += took(function, now);
      if (std::exchange(learns, false)) shared.teach(outer);
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

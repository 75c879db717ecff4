// Stubs and the memory that they share with vdsotrace, both in this process.
#pragma once

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <asm/prctl.h>
#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "arch/stubs.hpp"
#include "engines/inline/region/stub_region.hpp"
#include "support/catch.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace::testing {

using arch::StubKind;
using arch::StubShape;

inline std::uint64_t own_thread_pointer() {
  std::uint64_t pointer = 0;
  ::syscall(SYS_arch_prctl, ARCH_GET_FS, &pointer);
  return pointer;
}

/// A region as a traced process and vdsotrace have it, both of which we are. The process has mapped all that it may
/// ever need, the region begins with as little as there can be.
class Shared {
 public:
  explicit Shared(std::optional<RecordSize> size = RecordSize::values, bool may_sleep = true, std::size_t overrun = 0)
      : fd_(static_cast<int>(::syscall(SYS_memfd_create, "stubs", MFD_ALLOW_SEALING))) {
    const std::size_t first = StubRegion::first_bytes(size, overrun);
    auto memory = SharedMemory::of_descriptor(::getpid(), fd_, first, kMost);
    REQUIRE(memory);
    mapped_ = memory->bytes().size();
    theirs_ = static_cast<std::byte*>(::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0));
    REQUIRE(theirs_ != MAP_FAILED);
    region.emplace(std::move(*memory), reinterpret_cast<std::uint64_t>(theirs_), first, may_sleep, size, overrun);
  }
  ~Shared() {
    ::munmap(theirs_, mapped_);
    ::close(fd_);
  }
  /// For so many threads at least.
  void make_room(int threads) {
    for (int room = 1; room < threads; room *= 2) region->blocks().grow(region->blocks().bytes_wanted());
  }
  std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(theirs_); }
  template <class T>
  T& at(std::size_t offset) {
    return *reinterpret_cast<T*>(theirs_ + offset);
  }
  /// Offset of the block that the index has for the thread, else of the shared one.
  std::size_t block_of(std::uint64_t thread_pointer) {
    for (std::size_t i = 0; i < INDEX_SLOTS; ++i) {
      const std::size_t slot = REGION_INDEX + (i << SLOT_LOG2);
      if (at<std::uint64_t>(slot + SLOT_KEY) == thread_pointer + 1)
        return at<std::uint64_t>(slot + SLOT_BLOCK) - address();
    }
    return REGION_SHARED;
  }
  /// How many records fit into that block's ring.
  std::uint64_t room_of(std::size_t block) { return std::uint64_t{at<std::uint32_t>(block + BLOCK_LAST)} + 1; }

  static constexpr std::size_t kMost = 64 << 20;

 private:
  int fd_;
  std::byte* theirs_ = nullptr;
  std::size_t mapped_ = 0;

 public:
  std::optional<StubRegion> region;
};

/// A stub, and what is in its slots.
struct Stub {
  StubKind kind;
  StubShape shape = StubShape::plain;
  std::vector<std::uint64_t> slots{};
  std::uint64_t commit =
      0;  ///< of a stub at a return: what its records bear beside their position, for the one at the entry
};

inline std::uint64_t row_of(std::uint64_t function) { return function << ROW_LOG2; }

// With the slots that arch/x86_64/stubs names, for the region at that address.
inline Stub count_stub(std::uint64_t region, StubShape shape, std::uint64_t function = 0) {
  return {StubKind::count, shape, {BLOCK_ROWS + row_of(function), region + REGION_INDEX, region + REGION_SHARED}};
}
inline Stub open_stub(std::uint64_t region, StubShape shape, std::uint64_t function = 0) {
  return {StubKind::open,
          shape,
          {BLOCK_ROWS + row_of(function), region + REGION_INDEX, region + REGION_SHARED, region, function}};
}
inline Stub open_timed_stub(std::uint64_t region, StubShape shape, std::uint64_t function = 0,
                            bool reads_counter = true) {
  Stub stub = open_stub(region, shape, function);
  stub.kind = StubKind::open_timed;
  stub.slots.push_back(reads_counter ? 1 : 0);
  return stub;
}
inline Stub close_stub(StubKind kind, std::uint64_t region, std::uint64_t function = 0, bool reads_counter = true,
                       std::uint64_t stack_bytes = 0) {
  const bool is_short = kind == StubKind::close || kind == StubKind::close_timed;
  Stub stub{kind,
            StubShape::plain,
            {region + REGION_INDEX, region + REGION_SHARED, region, stack_bytes},
            function | (is_short ? RECORD_SHORT_FLAG : 0u)};
  if (is_short) {
    stub.slots.push_back(region + REGION_PATHS);
    stub.slots.push_back(~std::uint32_t{0});
  }
  if (kind != StubKind::close) stub.slots.push_back(reads_counter ? 1 : 0);
  return stub;
}
inline Stub count_fallback_stub(std::uint64_t region, StubShape shape, std::uint64_t function = 0) {
  return {
      StubKind::count_fallback, shape, {region + REGION_FALLBACKS + row_of(function), region, (function + 1) << 32}};
}
inline Stub note_fallback_stub(std::uint64_t region, StubShape shape = StubShape::plain) {
  return {StubKind::note_fallback, shape, {region + REGION_INDEX, region + REGION_SHARED}};
}

/// A system call in the middle of a body, and the stub behind it.
struct Fallback {
  StubKind trampoline;  ///< `called`: the call stays in the body; `call`: a copy is made
  Stub stub;
  Bytes behind{};  ///< of the body
};

/// A function as vdsotrace changes one: a trampoline to `open`, the body, in it the system call if there is one, and
/// instead of its return a trampoline to `close`. Bodies are given without their `ret`.
class Observed {
 public:
  using Function = long (*)(long, long, long);
  Observed(std::optional<Stub> open, const Bytes& body, const std::optional<Stub>& close = {},
           const std::optional<Fallback>& fallback = {}) {
    constexpr std::size_t kCommitSlot = 4;
    if (open && close && open->kind != StubKind::count) open->slots[kCommitSlot] = close->commit;
    code_ = static_cast<std::byte*>(
        ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(code_ != MAP_FAILED);
    end_ = code_;
    const auto opened = open ? place(*open) : 0, closed = close ? place(*close) : 0;
    const auto noted = fallback ? place(fallback->stub) : 0;
    entry_ = end_;
    if (open) pass({StubKind::enter, StubShape::plain, {opened}});
    append(body);
    if (fallback && fallback->trampoline == StubKind::called) {
      append(from_hex("0f 05"));
      pass({StubKind::called, StubShape::plain, {noted}});
    } else if (fallback) {
      pass({StubKind::call, StubShape::plain, {arch::kOwnCallMark, noted}});
    }
    if (fallback) append(fallback->behind);
    if (close) {
      pass({StubKind::leave, StubShape::plain, {closed}});
    } else {
      append(from_hex("c3"));
    }
  }
  Observed(const Observed&) = delete;
  ~Observed() { ::munmap(code_, kSize); }
  const void* entry() const { return entry_; }
  long operator()(long a = 0, long b = 0, long c = 0) const { return reinterpret_cast<Function>(entry_)(a, b, c); }

 private:
  static constexpr std::size_t kSize = 8192;

  void append(std::span<const std::byte> bytes) {
    REQUIRE(bytes.size() <= static_cast<std::size_t>(code_ + kSize - end_));
    end_ = std::ranges::copy(bytes, end_).out;
  }
  /// Where its code begins.
  std::uint64_t place(const Stub& stub) {
    const arch::StubTemplate code = arch::stub_template(stub.kind, stub.shape);
    REQUIRE(stub.slots.size() == code.slots());
    std::byte* const start = end_;
    append(code.bytes);
    std::memcpy(start, stub.slots.data(), code.code);
    return reinterpret_cast<std::uint64_t>(start + code.code);
  }
  /// A trampoline that is run on the way: its slots are jumped over.
  void pass(const Stub& trampoline) {
    const auto here = reinterpret_cast<std::uint64_t>(end_);
    append(*arch::jump(here, here + arch::kJumpSize + sizeof(std::uint64_t) * trampoline.slots.size()));
    place(trampoline);
  }

  std::byte* code_;
  std::byte* end_;
  std::byte* entry_;
};

// xor eax, eax
inline const Bytes kReturnZero = from_hex("31 c0");
// mov [rsi], rdi; mov qword [rsi+8], 7; xor eax, eax
inline const Bytes kFillTimespec = from_hex("48 89 3e 48 c7 46 08 07 00 00 00 31 c0");
// lea rax, [rdi+rsi]; add rax, rdx
inline const Bytes kSum = from_hex("48 8d 04 37 48 01 d0");

/// mov eax, NUMBER: what is in front of a fallback's system call.
inline Bytes number_of_call(std::uint32_t number) {
  Bytes code = from_hex("b8 00 00 00 00");
  std::memcpy(&code[1], &number, sizeof number);
  return code;
}

inline std::vector<StubRecord> drained(Shared& shared, bool final = false) {
  std::vector<StubRecord> records;
  shared.region->rings().drain(final, [&](const StubRecord& record, const StackWindow&) { records.push_back(record); });
  return records;
}

inline bool can_run() {
  if (arch::stubs_usable()) return true;
  WARN("this kernel or processor has no rdfsbase for programs");
  return false;
}

}  // namespace vdsotrace::testing

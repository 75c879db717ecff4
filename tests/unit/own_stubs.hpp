// Stubs and the memory that they share with vdsotrace, both in this process.
#pragma once

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <asm/prctl.h>
#include <cstring>
#include <optional>
#include <vector>

#include "arch/stubs.hpp"
#include "engines/stub_region.hpp"
#include "support/catch.hpp"
#include "vdso_images.hpp"

namespace vdsotrace::testing {

using arch::StubKind;
using arch::StubShape;

inline std::uint64_t own_thread_pointer() {
  std::uint64_t pointer = 0;
  ::syscall(SYS_arch_prctl, ARCH_GET_FS, &pointer);
  return pointer;
}

/// A region as a traced process and vdsotrace have it, both of which we are.
class Shared {
 public:
  explicit Shared(RecordSize size = RecordSize::values)
      : fd_(static_cast<int>(::syscall(SYS_memfd_create, "stubs", MFD_ALLOW_SEALING))) {
    auto memory = SharedMemory::of_descriptor(::getpid(), fd_, REGION_BYTES);
    REQUIRE(memory);
    theirs_ = static_cast<std::byte*>(
        ::mmap(nullptr, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0));
    REQUIRE(theirs_ != MAP_FAILED);
    region.emplace(std::move(*memory), reinterpret_cast<std::uint64_t>(theirs_), true, size);
  }
  ~Shared() {
    ::munmap(theirs_, REGION_BYTES);
    ::close(fd_);
  }
  std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(theirs_); }
  template <class T>
  T& at(std::size_t offset) {
    return *reinterpret_cast<T*>(theirs_ + offset);
  }

 private:
  int fd_;
  std::byte* theirs_;

 public:
  std::optional<StubRegion> region;
};

/// A function that runs the stub and then, as what it observes, `body`.
class Observed {
 public:
  using Function = long (*)(long, long, long);
  Observed(StubKind kind, StubShape shape, std::vector<std::uint64_t> slots, const Bytes& body) {
    const arch::StubTemplate stub = arch::stub_template(kind, shape);
    REQUIRE(slots.size() == stub.slots());
    code_ = static_cast<std::byte*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(code_ != MAP_FAILED);
    std::memcpy(code_, stub.bytes.data(), stub.bytes.size());
    std::memcpy(code_, slots.data(), stub.code);
    std::memcpy(code_ + stub.bytes.size(), body.data(), body.size());
    entry_ = code_ + stub.code;
  }
  ~Observed() { ::munmap(code_, 4096); }
  const void* entry() const { return entry_; }
  long operator()(long a = 0, long b = 0, long c = 0) const { return reinterpret_cast<Function>(entry_)(a, b, c); }

 private:
  std::byte* code_;
  std::byte* entry_;
};

// xor eax, eax; ret
inline const Bytes kReturnZero = from_hex("31 c0 c3");
// mov [rsi], rdi; mov qword [rsi+8], 7; xor eax, eax; ret
inline const Bytes kFillTimespec = from_hex("48 89 3e 48 c7 46 08 07 00 00 00 31 c0 c3");
// lea rax, [rdi+rsi]; add rax, rdx; ret
inline const Bytes kSum = from_hex("48 8d 04 37 48 01 d0 c3");

inline std::vector<StubRecord> drained(Shared& shared, bool final = false) {
  std::vector<StubRecord> records;
  shared.region->drain(final, [&](const StubRecord& record, const StackWindow&) { records.push_back(record); });
  return records;
}

inline bool can_run() {
  if (arch::stubs_usable()) return true;
  WARN("this kernel or processor has no rdfsbase for programs");
  return false;
}

/// Calls a fallback's stub as the code in front of it would: with the system call's number in rax.
inline long fall_back(const Observed& stub, long number, std::uint64_t first, long second = 0, long third = 0) {
  long result = number;
  // The compiler may keep variables in the 128 bytes below the stack pointer.
  asm volatile("lea -128(%%rsp), %%rsp\n\tcall *%[stub]\n\tlea 128(%%rsp), %%rsp"
               : "+a"(result)
               : [stub] "r"(stub.entry()), "D"(first), "S"(second), "d"(third)
               : "rcx", "r11", "memory", "cc");
  return result;
}

}  // namespace vdsotrace::testing

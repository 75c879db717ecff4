// Code that stands for one system call instruction of a program as a call stub does, but records the call in its
// thread's ring (stub_layout.h) instead of counting it: number, arguments, result, and time stamps around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "arch/registers.hpp"

namespace vdsotrace::arch {

struct RecordStubWords {
  std::int64_t number;  ///< of the calls that it records
  std::uint64_t index;  ///< address of the index that leads to the threads' rings
  std::uint64_t back;   ///< as in CallStubWords, as the next two
  std::uint64_t resume;
  std::uint64_t others;
  std::uint64_t leave;  ///< where calls go that cannot be recorded: the thread has no ring, or there is no room in it
};

inline constexpr std::size_t kRecordStubBytes = 576;

/// It has its entry, and the words that change, where a call stub has them.
std::vector<std::byte> make_record_stub(const RecordStubWords& words);
/// Whether the call has been made of a thread whose program counter is so far behind the beginning.
bool has_called_in_record_stub(std::size_t offset);

/// Of a thread that is making its call in such a stub: where its block is, which has the register that shows that.
std::uint64_t record_block(const Registers& registers);
/// Registers of such a thread, right behind the call, as the program has them; `base`: what BLOCK_CALL_BASE says.
Registers with_record_base(Registers registers, std::uint64_t base);

}  // namespace vdsotrace::arch

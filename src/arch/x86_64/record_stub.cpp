#include "arch/record_stub.hpp"

#include <cstring>

#include "arch/call_stub.hpp"
#include "base/check.hpp"

extern "C" {
extern const std::byte vdsotrace_record_stub[];
extern const std::byte vdsotrace_record_stub_enter[];
extern const std::byte vdsotrace_record_stub_called[];
extern const std::byte vdsotrace_record_stub_words[];
extern const std::byte vdsotrace_record_stub_end[];
}

namespace vdsotrace::arch {
namespace {

std::size_t offset_in_record_stub(const std::byte* place) {
  return static_cast<std::size_t>(place - vdsotrace_record_stub);
}

}  // namespace

std::vector<std::byte> make_record_stub(const RecordStubWords& words) {
  std::vector<std::byte> stub(vdsotrace_record_stub, vdsotrace_record_stub_end);
  CHECK(stub.size() <= kRecordStubBytes && offset_in_record_stub(vdsotrace_record_stub_enter) == call_stub_entry());
  const CallStubWords front{-words.number, words.index, words.back, words.resume, words.others};
  std::memcpy(stub.data(), &front, sizeof front);
  const std::uint64_t behind[] = {static_cast<std::uint64_t>(words.number), words.leave};
  std::memcpy(stub.data() + offset_in_record_stub(vdsotrace_record_stub_words), behind, sizeof behind);
  return stub;
}

bool has_called_in_record_stub(std::size_t at) { return at >= offset_in_record_stub(vdsotrace_record_stub_called); }

std::uint64_t record_block(const Registers& registers) { return registers.rbx; }

Registers with_record_base(Registers r, std::uint64_t base) {
  r.rbx = base;
  return r;
}

}  // namespace vdsotrace::arch

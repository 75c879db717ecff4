#include "model/code/x86.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

namespace vdsotrace {
namespace {

struct Meaning {
  Flow flow = Flow::next;
  std::uint8_t displacement = 0;  ///< bytes of it, at the end of the instruction
};
struct OpcodeRange {
  std::uint8_t first;
  std::uint8_t last;
  Meaning meaning;
};

/// Opcodes of one byte, by what they do where that is not Flow::next.
constexpr OpcodeRange kOneByte[] = {
    {0x70, 0x7f, {Flow::branch, 1}},
    {0x9a, 0x9a, {Flow::strange}},  // call far
    {0xc2, 0xc3, {Flow::ret}},
    {0xca, 0xcf, {Flow::strange}},  // retf, int3, int, into, iret
    {0xe0, 0xe3, {Flow::short_branch, 1}},
    {0xe8, 0xe8, {Flow::call, 4}},
    {0xe9, 0xe9, {Flow::jump, 4}},
    {0xea, 0xea, {Flow::strange}},  // jmp far
    {0xeb, 0xeb, {Flow::jump, 1}},
    {0xf1, 0xf1, {Flow::strange}},  // int1
};
/// Opcodes behind 0x0f.
constexpr OpcodeRange kTwoBytes[] = {
    {0x05, 0x05, {Flow::system_call}}, {0x07, 0x07, {Flow::strange}},  // sysret
    {0x0b, 0x0b, {Flow::trap}},        {0x31, 0x31, {Flow::clock_read}},
    {0x34, 0x34, {Flow::sysenter}},    {0x35, 0x35, {Flow::strange}},  // sysexit
    {0x80, 0x8f, {Flow::branch, 4}},
};

using OpcodeMap = std::array<Meaning, 256>;
template <std::size_t size>
constexpr OpcodeMap map_of(const OpcodeRange (&ranges)[size]) {
  OpcodeMap map{};
  for (const OpcodeRange& range : ranges) {
    for (unsigned opcode = range.first; opcode <= range.last; ++opcode) map[opcode] = range.meaning;
  }
  return map;
}
constexpr OpcodeMap kOneByteMap = map_of(kOneByte);
constexpr OpcodeMap kTwoByteMap = map_of(kTwoBytes);

/// Opcodes whose meaning depends on the byte behind them (ModRM or immediate).
struct Extension {
  std::uint8_t opcode;
  bool behind_0f;
  std::uint8_t mask;
  std::uint8_t value;
  Flow flow;
};
constexpr Extension kExtensions[] = {
    {0xff, false, 0x30, 0x10, Flow::indirect_call},                                            // /2, /3
    {0xff, false, 0x30, 0x20, Flow::indirect_jump},                                            // /4, /5
    {0xcd, false, 0xff, 0x80, Flow::system_call},   {0xc6, false, 0xff, 0xf8, Flow::strange},  // xabort
    {0xc7, false, 0xff, 0xf8, Flow::strange},                                                  // xbegin
    {0x01, true, 0xff, 0xf9, Flow::clock_read},
};

constexpr bool is_legacy_prefix(std::uint8_t byte) {
  constexpr std::uint8_t kPrefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};
  return std::find(std::begin(kPrefixes), std::end(kPrefixes), byte) != std::end(kPrefixes);
}

std::int32_t displacement_in(std::span<const std::byte> tail) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < tail.size(); ++i) {
    value |= std::to_integer<std::uint32_t>(tail[i]) << (8 * i);
  }
  return tail.size() == 1 ? static_cast<std::int8_t>(value) : static_cast<std::int32_t>(value);
}

}  // namespace

Instruction classify(std::span<const std::byte> code, bool wide) {
  const auto byte_at = [&](std::size_t i) {
    return i < code.size() ? std::to_integer<std::uint8_t>(code[i]) : std::uint8_t{0};
  };
  std::size_t at = 0;
  while (at < code.size() && is_legacy_prefix(byte_at(at))) ++at;
  if (wide && (byte_at(at) & 0xf0) == 0x40) ++at;

  Instruction result;
  result.length = static_cast<std::uint8_t>(code.size());
  result.prefixed = at != 0;
  const bool behind_0f = byte_at(at) == 0x0f;
  if (behind_0f) ++at;
  const std::uint8_t opcode = byte_at(at++);
  const Meaning meaning = (behind_0f ? kTwoByteMap : kOneByteMap)[opcode];
  result.flow = meaning.flow;
  for (const Extension& row : kExtensions) {
    if (row.opcode == opcode && row.behind_0f == behind_0f && (byte_at(at) & row.mask) == row.value) {
      result.flow = row.flow;
    }
  }
  if (meaning.displacement == 0) return result;
  // Processors disagree on branches with an operand size prefix.
  if (at + meaning.displacement != code.size() || std::find(code.begin(), code.end() - meaning.displacement,
                                                            std::byte{0x66}) != code.end() - meaning.displacement) {
    result.flow = Flow::strange;
    return result;
  }
  result.displacement = displacement_in(code.last(meaning.displacement));
  return result;
}

namespace {

/// A handle of Capstone makes tables when it is first used that take longer than all that a vDSO has to decode.
class Handle {
 public:
  Handle(cs_mode mode, bool details) : error_(cs_open(CS_ARCH_X86, mode, &handle_)) {
    if (error_ == CS_ERR_OK && details) cs_option(handle_, CS_OPT_DETAIL, CS_OPT_ON);
  }
  ~Handle() {
    if (error_ == CS_ERR_OK) cs_close(&handle_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  Result<csh> get() const {
    if (error_ != CS_ERR_OK) return fail(fmt::format("capstone: {}", cs_strerror(error_)));
    return handle_;
  }

 private:
  csh handle_ = 0;
  cs_err error_;
};

template <cs_mode mode, bool details>
Result<csh> shared_handle() {
  thread_local const Handle kHandle(mode, details);
  return kHandle.get();
}

Result<csh> shared_handle(bool wide, bool details) {
  if (wide) return details ? shared_handle<CS_MODE_64, true>() : shared_handle<CS_MODE_64, false>();
  return details ? shared_handle<CS_MODE_32, true>() : shared_handle<CS_MODE_32, false>();
}

}  // namespace

Result<X86Decoder> X86Decoder::open(Machine machine, bool details) {
  const bool wide = machine != Machine::i386;
  const auto handle = shared_handle(wide, details);
  if (!handle) return tl::unexpected(handle.error());
  cs_insn* insn = cs_malloc(*handle);
  if (insn == nullptr) return fail("capstone: out of memory");
  return X86Decoder(*handle, insn, wide);
}

X86Decoder::X86Decoder(X86Decoder&& other) noexcept
    : handle_(std::exchange(other.handle_, 0)), insn_(std::exchange(other.insn_, nullptr)), wide_(other.wide_) {}

X86Decoder::~X86Decoder() {
  if (insn_ != nullptr) cs_free(insn_, 1);
}

std::optional<Instruction> X86Decoder::decode(std::span<const std::byte> code, std::uint64_t address) {
  const auto window = code.first(std::min(code.size(), kLongestInstruction));
  const auto* position = reinterpret_cast<const std::uint8_t*>(window.data());
  std::size_t left = window.size();
  if (!cs_disasm_iter(handle_, &position, &left, &address, insn_)) return std::nullopt;
  return classify(code.first(insn_->size), wide_);
}

}  // namespace vdsotrace

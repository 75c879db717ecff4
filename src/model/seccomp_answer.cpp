#include "model/seccomp_answer.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>

namespace vdsotrace {
namespace {

/// A classic BPF program at work, with what seccomp_check_filter (kernel/seccomp.c) lets through.
class Machine {
 public:
  explicit Machine(const seccomp_data& call) : call_(call) {}

  std::uint32_t run(const SeccompFilter& filter) {
    for (std::size_t at = 0; at < filter.size(); ++at) {
      const sock_filter& code = filter[at];
      if (BPF_CLASS(code.code) == BPF_RET) return BPF_RVAL(code.code) == BPF_A ? a_ : code.k;
      const auto jump = step(code);
      if (!jump) break;
      at += *jump;
    }
    return SECCOMP_RET_KILL_PROCESS;
  }

 private:
  /// How many instructions to pass over. Nothing: none of those.
  std::optional<std::uint32_t> step(const sock_filter& code) {
    switch (BPF_CLASS(code.code)) {
      case BPF_LD: return load(code, a_);
      case BPF_LDX: return load(code, x_);
      case BPF_ST: return store(code, a_);
      case BPF_STX: return store(code, x_);
      case BPF_ALU: return compute(code);
      case BPF_JMP: return jump(code);
      case BPF_MISC:
        if (BPF_MISCOP(code.code) == BPF_TAX) {
          x_ = a_;
        } else {
          a_ = x_;
        }
        return 0;
      default: return std::nullopt;
    }
  }

  std::optional<std::uint32_t> load(const sock_filter& code, std::uint32_t& into) {
    switch (BPF_MODE(code.code)) {
      case BPF_ABS:
        if (code.k % sizeof into != 0 || code.k > sizeof call_ - sizeof into) return std::nullopt;
        std::memcpy(&into, reinterpret_cast<const std::byte*>(&call_) + code.k, sizeof into);
        return 0;
      case BPF_MEM:
        if (code.k >= memory_.size()) return std::nullopt;
        into = memory_[code.k];
        return 0;
      case BPF_LEN: into = sizeof call_; return 0;
      case BPF_IMM: into = code.k; return 0;
      default: return std::nullopt;
    }
  }

  std::optional<std::uint32_t> store(const sock_filter& code, std::uint32_t value) {
    if (code.k >= memory_.size()) return std::nullopt;
    memory_[code.k] = value;
    return 0;
  }

  std::uint32_t operand(const sock_filter& code) const { return BPF_SRC(code.code) == BPF_X ? x_ : code.k; }

  std::optional<std::uint32_t> compute(const sock_filter& code) {
    const std::uint32_t b = operand(code);
    switch (BPF_OP(code.code)) {
      case BPF_ADD: a_ += b; break;
      case BPF_SUB: a_ -= b; break;
      case BPF_MUL: a_ *= b; break;
      case BPF_DIV:
        // By zero: the program ends with 0, which is SECCOMP_RET_KILL_THREAD.
        if (b == 0) return std::nullopt;
        a_ /= b;
        break;
      case BPF_AND: a_ &= b; break;
      case BPF_OR: a_ |= b; break;
      case BPF_XOR: a_ ^= b; break;
      case BPF_LSH: a_ <<= b & 31; break;
      case BPF_RSH: a_ >>= b & 31; break;
      case BPF_NEG: a_ = -a_; break;
      default: return std::nullopt;
    }
    return 0;
  }

  std::optional<std::uint32_t> jump(const sock_filter& code) const {
    const std::uint32_t b = operand(code);
    const auto branch = [&](bool taken) { return std::uint32_t{taken ? code.jt : code.jf}; };
    switch (BPF_OP(code.code)) {
      case BPF_JA: return code.k;
      case BPF_JEQ: return branch(a_ == b);
      case BPF_JGT: return branch(a_ > b);
      case BPF_JGE: return branch(a_ >= b);
      case BPF_JSET: return branch((a_ & b) != 0);
      default: return std::nullopt;
    }
  }

  const seccomp_data& call_;
  std::uint32_t a_ = 0;
  std::uint32_t x_ = 0;
  std::array<std::uint32_t, BPF_MEMWORDS> memory_{};
};

/// The stricter an action, the lower its number as a signed one.
std::int32_t rank(std::uint32_t answer) { return static_cast<std::int32_t>(answer & SECCOMP_RET_ACTION_FULL); }

}  // namespace

std::uint32_t seccomp_answer(std::span<const SeccompFilter> filters, const seccomp_data& call) {
  std::uint32_t strictest = SECCOMP_RET_ALLOW;
  for (const SeccompFilter& filter : filters) {
    const std::uint32_t answer = Machine(call).run(filter);
    if (rank(answer) < rank(strictest)) strictest = answer;
  }
  return strictest;
}

/// Half of it is enough.
bool looks_at_instruction(const SeccompFilter& filter) {
  constexpr std::uint32_t kFrom = offsetof(seccomp_data, instruction_pointer);
  return std::ranges::any_of(filter, [](const sock_filter& code) {
    return code.code == (BPF_LD | BPF_W | BPF_ABS) && code.k >= kFrom &&
           code.k < kFrom + sizeof(seccomp_data::instruction_pointer);
  });
}

}  // namespace vdsotrace

// What a printer of arguments has to work with. A printer reads memory through the
// context only: live at a stop, from a Capture afterwards; so capturing the
// arguments of a call and printing them are the same code run twice.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/append_format.hpp"
#include "vdsotrace/call.hpp"
#include "vdsotrace/decode_limits.hpp"

namespace vdsotrace {

/// Of a socket that the kernel does not report: one that has no address yet, or is in another network namespace.
inline constexpr std::uint16_t kUnknownNetlinkProtocol = 0xffff;

/// Where a printer learns what a descriptor or a number of a process refers to.
class DescriptorSource {
 public:
  virtual ~DescriptorSource() = default;
  /// Null if nothing is known of it. Valid until the next question.
  virtual const DescriptorFacts* find(std::int32_t fd) = 0;
  /// The protocol of a netlink socket (NETLINK_ROUTE, ...), or kUnknownNetlinkProtocol; nothing of any other
  /// descriptor.
  virtual std::optional<std::uint16_t> netlink_protocol(std::int32_t) { return std::nullopt; }
  /// The same of a number of a process.
  virtual const ProcessFacts* find_process(pid_t /*number*/, ProcessKind /*kind*/) { return nullptr; }
};

/// The text that printers write.
class ArgText {
 public:
  explicit ArgText(std::string& out) : out_(out) {}

  std::string& out() { return out_; }
  void put(std::string_view text) { out_.append(text); }
  /// As print("{}", number) at a fraction of its cost.
  template <class Integer>
  void put_number(Integer number) {
    std::array<char, 24> digits;
    out_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
  }
  template <class... T>
  void print(fmt::format_string<T...> format, T&&... args) {
    append_format(out_, format, std::forward<T>(args)...);
  }

 private:
  std::string& out_;
};

/// Which argument is printed, and whether at the call's entry or at its end.
class ArgTurn {
 public:
  unsigned index() const { return index_; }
  void set_index(unsigned index) { index_ = index; }
  bool exiting() const { return exiting_; }
  void set_exiting(bool exiting) { exiting_ = exiting; }

  /// For arguments of When::either: says that this one is known only at the end of the call. Returns true if that is
  /// yet to come; the printer then returns at once and is called again at the end:
  ///     if (command == F_GETLK && c.wait_for_exit()) return;
  bool wait_for_exit() {
    waiting_ = !exiting_;
    return waiting_;
  }
  /// Whether the last printer waits; forgets it.
  bool take_waiting() { return std::exchange(waiting_, false); }

 private:
  unsigned index_ = 0;
  bool exiting_ = false;
  bool waiting_ = false;
};

class ArgContext : public ArgText, public ArgTurn {
 public:
  ArgContext(const Call& call, Memory& entry, Memory& exit, const DecodeLimits& limits, std::string& out,
             DescriptorSource* source = nullptr)
      : ArgText(out),
        call_(call),
        entry_(entry),
        exit_(exit),
        limits_(limits),
        constants_(limits.constants),
        source_(source) {
    if (limits.sets != nullptr) follow(*limits.sets);
  }

  const Call& call() const { return call_; }
  const DecodeLimits& limits() const { return limits_; }
  /// Of descriptors; null: what was noted in the call.
  DescriptorSource* source() const { return source_; }
  unsigned word() const { return word_size(call_.abi); }
  /// Structures behind pointers have the layout of the x86-64 headers only then;
  /// otherwise a printer of a structure prints the address.
  bool native_layout() const { return call_.abi == Abi::x86_64; }

  /// As the limits have it, but for what stands in a comment: see print_meaning().
  ConstantStyle constants() const { return constants_; }
  void set_constants(ConstantStyle style) { constants_ = style; }

  std::uint64_t value() const { return call_.args[index()]; }
  std::uint64_t arg(unsigned i) const { return call_.args[i]; }
  std::int32_t as_int() const { return static_cast<std::int32_t>(value()); }
  std::uint32_t as_uint() const { return static_cast<std::uint32_t>(value()); }

  /// Whether the call has returned with an error, or its results were not seen: out-arguments are then
  /// addresses only.
  bool failed() const {
    return (call_.ending == Ending::returned && call_.error != 0) || call_.ending == Ending::unseen;
  }
  /// How many bytes or elements the call has put where there is room for so many. Its result alone may be more: a
  /// datagram's length (MSG_TRUNC in recv(2)), the size that was asked for (getxattr(2)), a supervisor's answer
  /// (seccomp_unotify(2)).
  std::uint64_t filled(std::uint64_t room) const {
    return failed() || call_.result < 0 ? 0 : std::min(static_cast<std::uint64_t>(call_.result), room);
  }

  /// Whether structures and arrays are cut to what matters.
  bool abbreviated() const { return abbreviated_; }
  /// Whether structures that pointers lead to are shown.
  bool structures() const { return structures_; }
  /// Whether every argument and the result are hexadecimal numbers.
  bool raw() const { return raw_; }

  /// Memory as it is when this argument is printed. Where structures are not wanted it seems unreadable.
  Memory& memory() { return structures_ ? text_memory() : unreadable_memory(); }
  /// Memory as it was when the call began.
  Memory& entry_memory() { return structures_ ? entry_ : unreadable_memory(); }
  /// The same for strings and buffers, which are always wanted.
  Memory& text_memory() { return exiting() ? exit_ : entry_; }

 private:
  static Memory& unreadable_memory();
  void follow(const ArgumentSets& sets);

  const Call& call_;
  Memory& entry_;
  Memory& exit_;
  const DecodeLimits& limits_;
  ConstantStyle constants_;
  DescriptorSource* source_;
  bool abbreviated_ = true;
  bool structures_ = true;
  bool raw_ = false;
};

}  // namespace vdsotrace

// A system call made of nothing: registers and a few bytes of memory, run through capturing and
// printing as a tracer would. The text comes from the captures alone; the memory is gone by then.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/core.h>

#include "model/syscalls/render.hpp"
#include "model/syscalls/spec.hpp"
#include "model/syscalls/traced_paths.hpp"
#include "vdsotrace/argument_sets.hpp"

namespace vdsotrace::testing {

class FakeMemory final : public Memory {
 public:
  void write(std::uint64_t address, std::span<const std::byte> bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes_[address + i] = bytes[i];
  }
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override {
    std::size_t done = 0;
    auto at = bytes_.find(address);
    while (done < into.size() && at != bytes_.end() && at->first == address + done) {
      into[done++] = at->second;
      ++at;
    }
    return done;
  }

 private:
  std::map<std::uint64_t, std::byte> bytes_;
};

struct FakeTable final : DescriptorTable {
  DescriptorFacts look_up(std::int32_t fd) override { return facts.contains(fd) ? facts[fd] : DescriptorFacts{}; }
  std::optional<std::uint16_t> netlink_protocol(std::int32_t fd) override {
    const auto known = protocols.find(fd);
    return known != protocols.end() ? std::optional(known->second) : std::nullopt;
  }
  std::map<std::int32_t, DescriptorFacts> facts;
  std::map<std::int32_t, std::uint16_t> protocols;
};

/// What -v shows.
inline const ArgumentSets& in_full() {
  static const ArgumentSets sets = [] {
    std::vector<std::string> expressions{"abbrev=none"};
    return *ArgumentSets::take(expressions);
  }();
  return sets;
}

class DecodedCall {
 public:
  explicit DecodedCall(std::string_view name, std::vector<std::uint64_t> args, Abi abi = Abi::x86_64) {
    call_.abi = abi;
    call_.nr = number_of(abi, name);
    call_.name = name;
    std::copy_n(args.begin(), std::min(args.size(), call_.args.size()), call_.args.begin());
  }

  /// A call by number, whether or not it has a name.
  DecodedCall(std::int64_t number, std::vector<std::uint64_t> args, Abi abi = Abi::x86_64)
      : DecodedCall("", std::move(args), abi) {
    call_.nr = number;
  }

  /// Puts an object, or a string with its NUL, into the program's memory.
  template <class T>
  DecodedCall& put(std::uint64_t address, const T& value) {
    if constexpr (std::is_convertible_v<T, std::string_view>) {
      const std::string text(value);
      memory_.write(address, std::as_bytes(std::span(text.c_str(), text.size() + 1)));
    } else {
      static_assert(std::is_trivially_copyable_v<T>);
      memory_.write(address, std::as_bytes(std::span(&value, 1)));
    }
    return *this;
  }

  DecodedCall& strings(std::size_t limit) {
    limits_.string = limit;
    return *this;
  }
  DecodedCall& hex(HexStrings which) {
    limits_.hex = which;
    return *this;
  }
  DecodedCall& constants(ConstantStyle style) {
    limits_.constants = style;
    return *this;
  }
  DecodedCall& descriptors(const DescriptorDetails& details) {
    limits_.descriptors = details;
    return *this;
  }
  /// From now on that descriptor refers to that.
  DecodedCall& open(std::int32_t fd, const DescriptorFacts& facts) {
    table_.facts[fd] = facts;
    return *this;
  }
  /// That descriptor is a netlink socket.
  DecodedCall& netlink(std::int32_t fd, std::uint16_t protocol) {
    table_.protocols[fd] = protocol;
    return *this;
  }
  /// `sets` must live as long as this.
  DecodedCall& sets(const ArgumentSets& sets) {
    limits_.sets = &sets;
    return *this;
  }
  DecodedCall& stack(std::uint64_t pointer) {
    call_.stack_pointer = pointer;
    return *this;
  }

  /// The call begins; what is put from now on is what the kernel writes.
  DecodedCall& enter() {
    if (!entered_) capture_entry(call_, memory_, limits_, &table_);
    entered_ = true;
    return *this;
  }

  /// It returns. Negative results are errors, as in the register.
  DecodedCall& leave(std::int64_t result) {
    enter();
    call_.ending = Ending::returned;
    call_.result = result;
    call_.error = result < 0 && result > -4096 ? static_cast<int>(-result) : 0;
    capture_exit(call_, memory_, limits_, &table_);
    return *this;
  }
  DecodedCall& never_return() {
    enter();
    call_.ending = Ending::unfinished;
    return *this;
  }

  const Call& call() const { return call_; }
  Memory& memory() { return memory_; }
  /// `-P`, at the beginning.
  bool uses(std::vector<std::string> paths) { return uses_path(call_, memory_, table_, paths); }
  CallText text() const { return render(call_, limits_); }
  CallText beginning() const { return render_entry(call_, limits_); }

  /// "name(args) = result"
  std::string line() const {
    const CallText shown = text();
    return fmt::format("{}({}) = {}", display_name(call_), shown.arguments(), shown.result());
  }

 private:
  Call call_;
  FakeMemory memory_;
  FakeTable table_;
  DecodeLimits limits_;
  bool entered_ = false;
};

/// The arguments one by one.
inline std::vector<std::string> args_of(const CallText& text) {
  std::vector<std::string> args;
  for (std::size_t i = 0; i < text.count; ++i) args.emplace_back(text.argument(i));
  return args;
}

/// A line of a call that needs nothing but registers.
inline std::string line_of(std::string_view name, std::vector<std::uint64_t> args, std::int64_t result = 0) {
  return DecodedCall(name, std::move(args)).leave(result).line();
}

}  // namespace vdsotrace::testing

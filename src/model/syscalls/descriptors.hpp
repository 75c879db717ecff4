// Arguments and results that are file descriptors.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/syscalls/print.hpp"
#include "model/syscalls/spec.hpp"
#include "vdsotrace/descriptor.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// `--decode-fds=SET`. Errors: unknown words.
Result<DescriptorDetails> descriptor_details_named(std::string_view set);

/// The number and, where that is asked for, what it refers to: "3</tmp/x>".
void print_fd(ArgContext& c, std::int32_t fd);
/// What is known of a descriptor, if descriptors are asked for; null: nothing.
const DescriptorFacts* descriptor_facts(ArgContext& c, std::int32_t fd);
/// What it refers to: "</tmp/x>", or nothing.
void print_descriptor(ArgContext& c, std::int32_t fd);

/// The protocol of a netlink socket; nothing of any other descriptor.
std::optional<std::uint16_t> netlink_protocol(ArgContext& c, std::int32_t fd);

void print_fd_arg(ArgContext& c);
void print_fd_pair_at_arg(ArgContext& c);
/// `text` as strace shows it in brackets: "<text>", escaped like a string, and '<' and '>' too.
void append_in_brackets(std::string& out, std::string_view text, HexStrings hex = HexStrings::none);
/// Of a call that makes a descriptor.
void result_fd(ArgContext& c);

/// Whether something of such calls may be shown as a descriptor: an argument, a result, or what these lead to. Not
/// of calls whose pointers lead to more than pointees.hpp has plans for: there some structure may have one.
bool may_have_descriptors(const CallSpec& spec);

inline constexpr ArgKind kFdPairOut{print_fd_pair_at_arg, When::exit};  ///< [3, 4]

/// Notes in a call what was looked up for it.
class DescriptorRecorder final : public DescriptorSource {
 public:
  /// No call refers to more of them than an ordinary process may have open.
  static constexpr std::size_t kMost = 1024;

  DescriptorRecorder(DescriptorTable& table, Call& into, bool at_exit)
      : table_(table), noted_(into.descriptors), processes_(into.processes), at_exit_(at_exit) {}
  const DescriptorFacts* find(std::int32_t fd) override;
  std::optional<std::uint16_t> netlink_protocol(std::int32_t fd) override;
  const ProcessFacts* find_process(pid_t number, ProcessKind kind) override;

 private:
  DescriptorTable& table_;
  std::vector<NotedDescriptor>& noted_;
  std::vector<NotedProcess>& processes_;
  bool at_exit_;
  std::optional<std::int32_t> other_;  ///< what was asked about last and is no netlink socket
};

}  // namespace vdsotrace

#include "model/syscalls/processes.hpp"

#include <algorithm>

#include "model/syscalls/descriptors.hpp"
#include "model/words.hpp"

namespace vdsotrace {

Result<ProcessDetails> process_details_named(std::string_view set) {
  ProcessDetails details;
  const bool inverted = take_negation(set);
  do {
    const auto word = take_word(set);
    const bool all = word == "all";
    if (!all && word != "comm" && word != "pidns" && word != "none")
      return fail(fmt::format("--decode-pids={}: unknown", word), "some of comm, pidns; all or none");
    details.name |= all || word == "comm";
    details.translated |= all || word == "pidns";
  } while (!set.empty());
  if (inverted) details = {!details.name, !details.translated};
  return details;
}

void append_process(std::string& out, pid_t number, ProcessKind kind, const ProcessFacts& facts,
                    const ProcessDetails& wanted, HexStrings hex) {
  const bool has_name = kind == ProcessKind::thread || kind == ProcessKind::process;
  if (wanted.name && has_name && !facts.name.empty()) append_in_brackets(out, facts.name, hex);
  if (wanted.translated && facts.outside != 0 && facts.outside != number)
    append_format(out, " /* {} in strace's PID NS */", facts.outside);
}

void print_process_facts(ArgContext& c, pid_t number, ProcessKind kind) {
  const ProcessDetails& wanted = c.limits().processes;
  if (!wanted.any() || number <= 0) return;
  const ProcessFacts* facts = c.source() != nullptr ? c.source()->find_process(number, kind)
                                                    : find_noted_process(c.call().processes, number, kind, c.exiting());
  if (facts != nullptr) append_process(c.out(), number, kind, *facts, wanted, c.limits().hex);
}

void print_process(ArgContext& c, pid_t number, ProcessKind kind) {
  c.put_number(number);
  print_process_facts(c, number, kind);
}

void print_process_or_group(ArgContext& c, pid_t number) {
  c.put_number(number);
  // -1 stands for all processes.
  if (number > 0) print_process_facts(c, number, ProcessKind::process);
  if (number >= -1 || !c.limits().processes.any()) return;
  // The number of a group is never shown without its sign.
  print_process_facts(c, -number, ProcessKind::group);
}

void print_process_of_type(ArgContext& c, std::uint32_t process, std::uint32_t group) {
  const auto type = static_cast<std::uint32_t>(c.arg(c.index() - 1));
  c.put_number(c.as_int());
  if (type == process) print_process_facts(c, c.as_int(), ProcessKind::process);
  if (type == group) print_process_facts(c, c.as_int(), ProcessKind::group);
}

const ProcessFacts* find_noted_process(std::span<const NotedProcess> noted, pid_t number, ProcessKind kind,
                                       bool at_exit) {
  const auto found = std::ranges::find_if(noted, [&](const NotedProcess& one) {
    return one.number == number && one.kind == kind && one.at_exit == at_exit;
  });
  return found != noted.end() ? &found->facts : nullptr;
}

}  // namespace vdsotrace

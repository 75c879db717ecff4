#include "trace/reporter.hpp"

#include "os/proc/process_numbers.hpp"

namespace vdsotrace {

void Reporter::note_name(const Thread& thread, Event::Body& body) {
  const auto name = [&] { return process_facts(thread.tid, 0, ProcessKind::thread, {true, false}).name; };
  if (auto* started = std::get_if<Started>(&body)) started->name = name();
  if (auto* execed = std::get_if<Execed>(&body)) execed->name = name();
}

}  // namespace vdsotrace

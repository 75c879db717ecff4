#include "sinks/seen_run_sink.hpp"

#include <fmt/core.h>

#include "model/syscalls/errno.hpp"
#include "model/syscalls/render.hpp"

namespace vdsotrace {

void SeenRunSink::consume(const Event& event) {
  const auto* call = std::get_if<Call>(&event.body);
  if (call == nullptr) return;
  const CallText text = render(*call, limits_);
  SeenCall seen;
  seen.tid = event.tid;
  seen.name = display_name(*call);
  seen.text = fmt::format("{}({}{}) = {}", seen.name, text.beginning(), text.remainder(), text.result());
  if (call->error != 0) seen.error = errno_name(call->error);
  if (call->ending == Ending::returned && call->error == 0) seen.result = call->result;
  seen.route = call->route;
  run_.add(std::move(seen));
}

}  // namespace vdsotrace

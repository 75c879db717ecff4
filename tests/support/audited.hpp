// Events that an audit adds up, made by hand.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "audit/tally.hpp"
#include "pipeline/explainer.hpp"
#include "support/event_stream.hpp"

namespace vdsotrace::testing {

inline Counts counts_of(std::string_view name, std::optional<std::uint64_t> clock, Route route, std::uint64_t count) {
  return Counts{name, Abi::x86_64, clock, route, count, 0, {}};
}

/// What a pipeline does with events in front of an audit's tally.
struct Tallied {
  Explainer explainer;
  AuditTally tally{explainer};

  void add(Event::Body body) {
    Event one = event(std::move(body));
    explainer.note(one);
    if (auto* call = std::get_if<Call>(&one.body)) call->reason = explainer.reason_of(one.pid, *call);
    tally.add(one);
  }
};

}  // namespace vdsotrace::testing

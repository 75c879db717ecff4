// What observing a program adds to its own processor time, found out by observing a program of ours.
#pragma once

#include <optional>
#include <string_view>

#include "cli/options/options.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace::cli {

struct AddedPrices {
  double call_ns =
      0;  ///< to a call through the vDSO that is observed without a stop: its stub, the waits for room in its ring
  double stop_ns = 0;    ///< to a thread that stops for us: the kernel's side of it
  double stamps_ns = 0;  ///< to the duration of a call through the vDSO, where Needs::vdso_durations are measured
};

/// Whether that engine observes calls through the vDSO without a stop, so that AddedPrices::call_ns is of any use.
bool observes_without_stops(std::string_view engine);

/// Runs /proc/self/exe under `engine`, asked for `needs`, where it makes some calls, and compares them with the same
/// calls made by a process that is not observed. All of that in a child process. Nothing where that cannot be done.
std::optional<AddedPrices> added_prices(std::string_view engine, const Needs& needs);

/// What main is to do where it is that program; nothing where it is not.
std::optional<int> run_as_observed(int argc, char** argv);

}  // namespace vdsotrace::cli

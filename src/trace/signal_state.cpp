#include "trace/signal_state.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kDefault = 0;  // SIG_DFL
constexpr std::uint64_t kIgnore = 1;   // SIG_IGN

}  // namespace

bool SignalActions::has_handler(int signal) const {
  return of(signal).handler != kDefault && of(signal).handler != kIgnore;
}

bool SignalActions::ignored(int signal) const { return of(signal).handler == kIgnore; }

void SignalActions::reset_handlers() {
  for (int signal = 1; signal <= kSignals; ++signal) {
    if (!ignored(signal)) set(signal, {});
  }
}

}  // namespace vdsotrace

#include "trace/signal_state.hpp"

namespace vdsotrace {
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

#include "os/self/own_signals.hpp"

#include <unistd.h>

#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

/// Puts actions back as they were.
class Ignored {
 public:
  explicit Ignored(int signal) : signal_(signal), before_(::signal(signal, SIG_IGN)) {}
  ~Ignored() { ::signal(signal_, before_); }
  Ignored(const Ignored&) = delete;
  Ignored& operator=(const Ignored&) = delete;

 private:
  int signal_;
  void (*before_)(int);
};

std::optional<int> taken(OwnSignals& signals, int sent) {
  ::kill(::getpid(), sent);
  const auto signal = signals.take();
  return signal ? std::optional(signal->signal) : std::nullopt;
}

bool ignores(int signal) {
  struct sigaction action {};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

}  // namespace

TEST_CASE("SIGINT and SIGTERM are acted upon though they were ignored, SIGHUP is not") {
  const Ignored interrupt(SIGINT), terminate(SIGTERM), hangup(SIGHUP);
  {
    OwnSignals signals;
    CHECK(taken(signals, SIGINT) == SIGINT);
    CHECK(taken(signals, SIGTERM) == SIGTERM);
    CHECK_FALSE(taken(signals, SIGHUP));
  }
  // As a child gets them, too.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) CHECK(ignores(signal));
}

TEST_CASE("signals repeat each other within two seconds") {
  constexpr std::int64_t kSecond = 1'000'000'000;
  constexpr OwnSignal kInterrupt{SIGINT, true};
  Repetitions repetitions;
  CHECK(repetitions.add(kInterrupt, 10 * kSecond) == 1);
  CHECK(repetitions.add(kInterrupt, 12 * kSecond) == 2);
  CHECK(repetitions.add(kInterrupt, 13 * kSecond) == 3);
  CHECK(repetitions.add(kInterrupt, 15 * kSecond + 1) == 1);
  CHECK(repetitions.add({SIGTERM, false}, 15 * kSecond + 2) == 1);
}

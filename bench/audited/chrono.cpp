// As clock.c, by std::chrono::steady_clock.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  std::array<Clock::duration, 50> took;
  const long count = (argc > 1 ? std::atol(argv[1]) : 0) / static_cast<long>(took.size());
  for (auto& batch : took) {
    const auto start = Clock::now();
    for (long i = 0; i < count; ++i) static_cast<void>(Clock::now());
    batch = Clock::now() - start;
  }
  std::sort(took.begin(), took.end());
  std::printf("%lld\n", static_cast<long long>(std::chrono::nanoseconds(took[25] * took.size()).count()));
}

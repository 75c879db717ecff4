// chrono [ROUNDS]: asks libstdc++ for the time, which asks the C library. Says as callers.c what it called from where.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#ifdef __clang__
#define KEPT __attribute__((noinline, optnone))
#else
#define KEPT __attribute__((noinline, noclone, noipa))
#endif

namespace {

volatile long sum;

}  // namespace

namespace app {

KEPT void by_chrono(int) { sum = sum + std::chrono::steady_clock::now().time_since_epoch().count(); }

struct Server {
  template <class Clock>
  KEPT void serve() {
    sum = sum + Clock::now().time_since_epoch().count();
  }
};

}  // namespace app

int main(int argc, char **argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 1;
  app::Server server;
  for (int i = 0; i < 4 * rounds; ++i) app::by_chrono(i);
  for (int i = 0; i < 3 * rounds; ++i) server.serve<std::chrono::system_clock>();
  std::printf("called clock_gettime vdso app::by_chrono(int) %d\n", 4 * rounds);
  std::printf("called clock_gettime vdso void app::Server::serve<std::chrono::_V2::system_clock>() %d\n", 3 * rounds);
  return 0;
}

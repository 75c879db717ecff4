// chrono: asks libstdc++ for the time, which asks the C library. Says as callers.c what it called from where.
#include <chrono>
#include <cstdio>

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

int main() {
  app::Server server;
  for (int i = 0; i < 4; ++i) app::by_chrono(i);
  for (int i = 0; i < 3; ++i) server.serve<std::chrono::system_clock>();
  std::puts("called clock_gettime vdso app::by_chrono(int) 4");
  std::puts("called clock_gettime vdso void app::Server::serve<std::chrono::_V2::system_clock>() 3");
  return 0;
}

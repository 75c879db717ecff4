// When a thread's calls are such that they are better made by stubs.
#include "engines/syscalls/call_mix.hpp"

#include "support/catch.hpp"

using namespace vdsotrace;

TEST_CASE("stubs suit a thread of whose last calls they can make more than a third") {
  CallMix mix;
  CHECK_FALSE(mix.suits_stubs());
  for (int i = 0; i < 2; ++i) mix.note(true);
  CHECK_FALSE(mix.suits_stubs());
  mix.note(true);
  CHECK(mix.suits_stubs());
  for (int i = 0; i < 5; ++i) mix.note(false);
  CHECK(mix.suits_stubs());
  mix.note(false);
  CHECK_FALSE(mix.suits_stubs());
}

TEST_CASE("stubs suit no thread that makes a quarter of calls for them") {
  CallMix mix;
  for (int i = 0; i < 100; ++i) {
    mix.note(i % 4 == 0);
    CHECK_FALSE(mix.suits_stubs());
  }
}

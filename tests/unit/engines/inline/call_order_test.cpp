#include "engines/inline/call_order.hpp"

#include <initializer_list>
#include <string>
#include <tuple>
#include <utility>

#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

/// What has passed, a letter for each event: a call's is its result.
class Passed final : public EventSink {
 public:
  void accept(Event&& event) override {
    const auto* call = std::get_if<Call>(&event.body);
    text += call != nullptr ? static_cast<char>(call->result) : 'L';
  }
  std::string take() { return std::exchange(text, {}); }

  std::string text;
};

Event call(char letter, pid_t pid, pid_t tid, std::int64_t start_ns) {
  Event event;
  event.pid = pid;
  event.tid = tid;
  Call& call = std::get<Call>(event.body);
  call.result = letter;
  call.start_ns = start_ns;
  return event;
}

}  // namespace

TEST_CASE("direct calls pass before the stubs' call that follows them") {
  Passed passed;
  CallOrder order(passed, [] { return true; });
  for (auto [letter, start] : {std::pair('a', 10), {'d', 40}, {'b', 20}})
    order.direct().accept(call(letter, 1, 1, start));
  CHECK(passed.take().empty());
  order.accept(call('C', 1, 1, 30));
  CHECK(passed.take() == "abC");
  order.accept(call('E', 1, 1, 50));
  CHECK(passed.take() == "dE");
}

TEST_CASE("direct calls of other threads wait for what stubs may have recorded while rings were read") {
  Passed passed;
  CallOrder order(passed, [] { return true; });
  order.begin_batch(15);
  for (auto [letter, tid, start] : {std::tuple('a', 1, 10), {'b', 1, 20}, {'x', 2, 12}, {'y', 2, 22}})
    order.direct().accept(call(letter, 1, tid, start));
  const auto pass = [&order](std::initializer_list<Event> batch) {
    const Together together(order);
    for (Event event : batch) order.accept(std::move(event));
  };
  pass({call('C', 1, 1, 30)});
  CHECK(passed.take() == "axbC");
  CHECK_FALSE(order.end_batch());
  order.begin_batch(100);
  pass({call('W', 1, 2, 21), call('Z', 1, 2, 23)});
  CHECK(passed.take() == "WyZ");
}

TEST_CASE("direct calls wait while calls that stubs have recorded are missing") {
  Passed passed;
  bool complete = false;
  CallOrder order(passed, [&complete] { return complete; });
  order.direct().accept(call('b', 1, 1, 20));
  order.begin_batch(30);
  CHECK_FALSE(order.end_batch());
  complete = true;
  order.accept(call('A', 1, 1, 10));
  CHECK(order.end_batch());
  CHECK(passed.take() == "Ab");
}

TEST_CASE("direct calls are looked for before stubs' calls pass") {
  Passed passed;
  CallOrder* known = nullptr;
  CallOrder order(passed, [&known] {
    known->direct().accept(call('a', 1, 1, 10));
    return true;
  });
  known = &order;
  const Together together(order);
  order.accept(call('B', 1, 1, 20));
  CHECK(passed.take() == "aB");
}

TEST_CASE("direct calls pass when nothing before them can come") {
  Passed passed;
  CallOrder order(passed, [] { return true; });
  for (auto [letter, start] : {std::pair('b', 20), {'a', 10}, {'c', 30}})
    order.direct().accept(call(letter, 1, 1, start));
  order.begin_batch(30);
  CHECK(order.end_batch());
  CHECK(passed.take() == "ab");
  CHECK_FALSE(order.end_batch());
  order.pass_all();
  CHECK(passed.take() == "c");
}

TEST_CASE("what began at one moment stays as it came") {
  Passed passed;
  CallOrder order(passed, [] { return true; });
  for (const char letter : {'a', 'b', 'c'}) order.direct().accept(call(letter, 1, 1, 7));
  order.pass_all();
  CHECK(passed.take() == "abc");
}

TEST_CASE("the direct calls of a thread that has stopped pass alone") {
  Passed passed;
  CallOrder order(passed, [] { return true; });
  for (auto [letter, tid, start] : {std::tuple('b', 2, 30), {'x', 3, 10}, {'a', 2, 5}})
    order.direct().accept(call(letter, 1, tid, start));
  order.pass_thread(2);
  CHECK(passed.take() == "ab");
  order.pass_all();
  CHECK(passed.take() == "x");
}

TEST_CASE("what is no call passes at once") {
  Passed passed;
  CallOrder order(passed, [] { return true; });
  order.direct().accept(call('a', 1, 1, 10));
  order.direct().accept({0, 0, 1, 1, Lost{1}});
  order.accept({0, 0, 1, 1, Lost{1}});
  CHECK(passed.take() == "LL");
}

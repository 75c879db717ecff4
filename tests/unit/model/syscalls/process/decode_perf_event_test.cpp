// perf_event_open; expected lines are strace 6.1's.
#include <array>
#include <cstring>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kAttributes = 0x7f0000003000;

/// struct perf_event_attr.
struct EventBytes {
  std::array<std::byte, 136> bytes{};

  template <class T>
  EventBytes& set(std::size_t offset, T value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
    return *this;
  }
};

EventBytes event(std::uint32_t type, std::uint64_t config, std::uint32_t size = 128) {
  return EventBytes{}.set(0, type).set(4, size).set(8, config);
}

std::string shown(const EventBytes& event, std::int64_t result = 3, const ArgumentSets* sets = nullptr) {
  DecodedCall call("perf_event_open", {kAttributes, 0, UINT64_MAX, UINT64_MAX, 8});
  if (sets != nullptr) call.sets(*sets);
  return args_of(call.put(kAttributes, event.bytes).leave(result).text()).at(0);
}

/// What an event is, without the members that are alike.
std::string config_of(const EventBytes& event) {
  const std::string text = shown(event);
  return text.substr(0, text.find(", sample_period"));
}

}  // namespace

TEST_CASE("what is measured has a name by its type", "[perf_event]") {
  CHECK(config_of(event(0, 1)) ==
        "{type=PERF_TYPE_HARDWARE, size=PERF_ATTR_SIZE_VER7, config=PERF_COUNT_HW_INSTRUCTIONS");
  CHECK(config_of(event(0, 0x1234567800000001)) ==
        "{type=PERF_TYPE_HARDWARE, size=PERF_ATTR_SIZE_VER7, config=0x12345678<<32|PERF_COUNT_HW_INSTRUCTIONS");
  CHECK(config_of(event(1, 99, 64)) ==
        "{type=PERF_TYPE_SOFTWARE, size=PERF_ATTR_SIZE_VER0, config=0x63 /* PERF_COUNT_SW_??? */");
  CHECK(config_of(event(2, 77)) == "{type=PERF_TYPE_TRACEPOINT, size=PERF_ATTR_SIZE_VER7, config=77");
  CHECK(config_of(event(3, 0xff010203)) ==
        "{type=PERF_TYPE_HW_CACHE, size=PERF_ATTR_SIZE_VER7, config=0xff<<24|PERF_COUNT_HW_CACHE_RESULT_MISS<<16|"
        "PERF_COUNT_HW_CACHE_OP_PREFETCH<<8|PERF_COUNT_HW_CACHE_DTLB");
  CHECK(config_of(event(4, 3, 0)) == "{type=PERF_TYPE_RAW, size=0 /* PERF_ATTR_SIZE_??? */, config=0x3");
}

TEST_CASE("of a perf event's bits those are shown that are set", "[perf_event]") {
  CHECK(shown(event(1, 0).set(16, std::uint64_t{4000}).set(24, std::uint64_t{5}).set(40, std::uint64_t{0x10401})) ==
        "{type=PERF_TYPE_SOFTWARE, size=PERF_ATTR_SIZE_VER7, config=PERF_COUNT_SW_CPU_CLOCK, sample_freq=4000, "
        "sample_type=PERF_SAMPLE_IP|PERF_SAMPLE_TIME, read_format=0, disabled=1, freq=1, "
        "precise_ip=2 /* requested to have 0 skid */, ...}");
}

TEST_CASE("in full a perf event ends where its size says", "[perf_event]") {
  const auto end_of = [&](const EventBytes& event, std::int64_t result = 3) {
    const std::string text = shown(event, result, &in_full());
    return text.substr(text.find(", sigtrap="));
  };
  CHECK(end_of(event(0, 0, 66).set(64, 5)) == ", sigtrap=0, wakeup_events=0, config1=0, config2=0x5}");
  CHECK(end_of(event(0, 0, 64)) == ", sigtrap=0, wakeup_events=0, config1=0}");
  CHECK(end_of(event(5, 0, 80).set(52, 4).set(56, std::uint64_t{0x1000}).set(64, std::uint64_t{8})) ==
        ", sigtrap=0, wakeup_events=0, bp_type=HW_BREAKPOINT_X, bp_addr=0x1000, bp_len=8}");
  CHECK(shown(event(5, 0).set(52, 6), 3, &in_full()).find("bp_type=0x6 /* HW_BREAKPOINT_INVALID */") !=
        std::string::npos);
  CHECK(shown(event(5, 0).set(52, 8), 3, &in_full()).find("bp_type=0x8 /* HW_BREAKPOINT_??? */") != std::string::npos);
  const EventBytes sampled = event(0, 0, 136)
                                 .set(24, std::uint64_t{0x2800})
                                 .set(40, ~std::uint64_t{0})
                                 .set(72, std::uint64_t{9})
                                 .set(88, 16)
                                 .set(92, 1)
                                 .set(110, std::uint16_t{5});
  CHECK(end_of(sampled) ==
        ", sigtrap=1, __reserved_1=0x3ffffff /* Bits 63..38 */, wakeup_watermark=0, config1=0, config2=0, "
        "branch_sample_type=PERF_SAMPLE_BRANCH_USER|PERF_SAMPLE_BRANCH_ANY, sample_regs_user=0, "
        "sample_stack_user=0x10, clockid=CLOCK_MONOTONIC, sample_regs_intr=0, aux_watermark=0, "
        "sample_max_stack=0 /* bytes 110..111: 0x5 */, aux_sample_size=0, sig_data=0, ...}");
}

TEST_CASE("a perf event that is too short or unreadable is an address", "[perf_event]") {
  CHECK(shown(event(0, 0, 63), -7) == "0x7f0000003000");
  CHECK(args_of(DecodedCall("perf_event_open", {kAttributes, 0, 0, 0, 0}).leave(-14).text()).at(0) == "0x7f0000003000");
  DecodedCall larger("perf_event_open", {kAttributes, 0, UINT64_MAX, UINT64_MAX, 8});
  larger.put(kAttributes, event(0, 0, 200).bytes).enter().put(kAttributes + 4, std::uint32_t{128});
  CHECK(args_of(larger.leave(-7).text()).at(0).find("size=0xc8 /* PERF_ATTR_SIZE_??? */ => PERF_ATTR_SIZE_VER7, ") !=
        std::string::npos);
}

}  // namespace vdsotrace::testing

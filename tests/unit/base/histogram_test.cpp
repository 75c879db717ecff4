#include "base/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

bool near(double found, double value) { return std::abs(found - value) <= value * Histogram::kError; }

/// The least value that so many of 100 do not exceed.
std::int64_t exact_percentile(std::vector<std::int64_t> values, double percent) {
  std::ranges::sort(values);
  const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace

TEST_CASE("small values come out of a histogram as they went in") {
  for (std::int64_t value = 0; value < 64; ++value) {
    Histogram histogram;
    histogram.add(0);
    histogram.add(value, 3);
    histogram.add(1'000'000);
    CHECK(histogram.percentile(50) == value);
  }
}

TEST_CASE("every value comes out of a histogram within the stated error") {
  for (std::int64_t value = 1; value < Histogram::kTop; value += value / 7 + 1) {
    Histogram histogram;
    // What is shortest and longest is known exactly, so it would not show.
    histogram.add(0);
    histogram.add(value, 3);
    histogram.add(Histogram::kTop);
    CHECK(near(static_cast<double>(histogram.percentile(50)), static_cast<double>(value)));
  }
}

TEST_CASE("percentiles are those of the values within the stated error") {
  std::mt19937_64 random(20261126);
  std::lognormal_distribution<double> spread(6, 2.5);
  std::vector<std::int64_t> values;
  Histogram histogram;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(static_cast<std::int64_t>(spread(random)));
    histogram.add(values.back());
  }
  for (const double percent : {1.0, 10.0, 50.0, 90.0, 99.0, 99.9})
    CHECK(near(static_cast<double>(histogram.percentile(percent)),
               static_cast<double>(exact_percentile(values, percent))));
  CHECK(histogram.count() == values.size());
  CHECK(histogram.shortest() == std::ranges::min(values));
  CHECK(histogram.longest() == std::ranges::max(values));
  CHECK(histogram.percentile(100) == histogram.longest());
}

TEST_CASE("histograms add up") {
  Histogram low, high, all, none;
  for (std::int64_t value = 1; value <= 1000; ++value) {
    (value <= 500 ? low : high).add(value);
    all.add(value);
  }
  none.add(high);
  none.add(low);
  none.add(Histogram());
  CHECK(none.count() == 1000);
  CHECK(none.shortest() == 1);
  CHECK(none.longest() == 1000);
  for (const double percent : {1.0, 50.0, 51.0, 99.0}) CHECK(none.percentile(percent) == all.percentile(percent));
}

TEST_CASE("a histogram without values has none, and one of strange values stays small") {
  Histogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.percentile(50) == 0);
  CHECK(histogram.longest() == 0);
  histogram.add(-5);
  CHECK(histogram.percentile(50) == 0);
  histogram.add(INT64_MAX, 3);
  CHECK(histogram.count() == 4);
  CHECK(histogram.longest() == INT64_MAX);
  CHECK(histogram.percentile(99) >= Histogram::kTop);
  CHECK(histogram.above(1e9).count == 3);
}

TEST_CASE("what lies above a bound is summed up") {
  Histogram histogram;
  histogram.add(30, 1000);
  histogram.add(2'000'000, 3);
  const Histogram::Part part = histogram.above(10'000);
  CHECK(part.count == 3);
  CHECK(near(part.sum, 6'000'000));
  CHECK(histogram.above(2'000'001).count == 0);
  CHECK(histogram.up_to(10'000).count == 1000);
  CHECK(histogram.up_to(10'000).sum == 30'000);
}

TEST_CASE("a histogram changes its unit") {
  Histogram ticks;
  for (std::int64_t value = 100; value < 100'000; value += 10) ticks.add(value);
  const Histogram ns = ticks.scaled(0.4);
  CHECK(ns.count() == ticks.count());
  CHECK(ns.shortest() == 40);
  CHECK(ns.longest() == 39'996);
  for (const double percent : {10.0, 50.0, 99.0}) {
    const double exact = 0.4 * static_cast<double>(ticks.percentile(percent));
    CHECK(std::abs(static_cast<double>(ns.percentile(percent)) - exact) <= 2 * Histogram::kError * exact);
  }
}

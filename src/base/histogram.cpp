#include "base/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace vdsotrace {

/// Values below 64 have a bucket each. From there on a value has its power of two and its five bits below the highest.
std::size_t Histogram::bucket_of(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(std::clamp<std::int64_t>(value, 0, kTop));
  if (bits < std::uint64_t{2} << kLogWidth) return bits;
  const auto shift = static_cast<unsigned>(std::bit_width(bits)) - 1 - kLogWidth;
  return (std::size_t{shift} << kLogWidth) + (bits >> shift);
}

std::int64_t Histogram::middle(std::size_t bucket) const {
  const std::size_t power = bucket >> kLogWidth;
  const std::size_t shift = power > 1 ? power - 1 : 0;
  const auto first = static_cast<std::int64_t>((bucket - (shift << kLogWidth)) << shift);
  return std::clamp(first + (std::int64_t{1} << shift) / 2, shortest_, longest_);
}

void Histogram::add(std::int64_t value, std::uint64_t count) {
  if (count == 0) return;
  value = std::max<std::int64_t>(value, 0);
  const std::size_t bucket = bucket_of(value);
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
  buckets_[bucket] += count;
  shortest_ = count_ > 0 ? std::min(shortest_, value) : value;
  longest_ = std::max(longest_, value);
  count_ += count;
}

void Histogram::add(const Histogram& more) {
  if (more.count_ == 0) return;
  if (buckets_.size() < more.buckets_.size()) buckets_.resize(more.buckets_.size());
  for (std::size_t i = 0; i < more.buckets_.size(); ++i) buckets_[i] += more.buckets_[i];
  shortest_ = count_ > 0 ? std::min(shortest_, more.shortest_) : more.shortest_;
  longest_ = std::max(longest_, more.longest_);
  count_ += more.count_;
}

Histogram Histogram::scaled(double factor, double offset) const {
  Histogram result;
  const auto times = [factor, offset](std::int64_t value) {
    constexpr double kMost = 1e18;
    return static_cast<std::int64_t>(
        std::llround(std::clamp(static_cast<double>(value) * factor - offset, 0.0, kMost)));
  };
  for (std::size_t i = 0; i < buckets_.size(); ++i) result.add(times(middle(i)), buckets_[i]);
  result.shortest_ = times(shortest_);
  result.longest_ = times(longest_);
  return result;
}

std::int64_t Histogram::percentile(double percent) const {
  const double wanted = std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(count_);
  double seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += static_cast<double>(buckets_[i]);
    if (buckets_[i] > 0 && seen >= wanted) return middle(i);
  }
  return longest_;
}

Histogram::Part Histogram::part(double bound, bool above) const {
  Part part;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    const auto value = static_cast<double>(middle(i));
    if (buckets_[i] == 0 || (value > bound) != above) continue;
    part.count += buckets_[i];
    part.sum += value * static_cast<double>(buckets_[i]);
  }
  return part;
}

Histogram::Part Histogram::above(double bound) const { return part(bound, true); }

Histogram::Part Histogram::up_to(double bound) const { return part(bound, false); }

}  // namespace vdsotrace

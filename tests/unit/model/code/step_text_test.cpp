#include "model/code/step_text.hpp"

#include "support/catch.hpp"
#include "support/vdso_images.hpp"

using namespace vdsotrace;

namespace {

std::string folded(const std::vector<std::uint32_t>& path) {
  std::string text;
  for (const FoldedSteps& piece : fold(path))
    text += std::to_string(piece.first) + "+" + std::to_string(piece.length) + "*" + std::to_string(piece.times) + " ";
  return text;
}

}  // namespace

TEST_CASE("a straight path is one piece") {
  CHECK(folded({}).empty());
  CHECK(folded({1, 2, 3}) == "0+3*1 ");
}

TEST_CASE("what repeats at once is folded, whatever stands around it") {
  CHECK(folded({1, 2, 3, 2, 3, 2, 3, 4, 5}) == "0+1*1 1+2*3 7+2*1 ");
  CHECK(folded({7, 7, 7}) == "0+1*3 ");
  CHECK(folded({1, 2, 3, 1, 2, 4}) == "0+6*1 ");
}

TEST_CASE("pieces together are the path") {
  std::vector<std::uint32_t> path;
  for (std::uint32_t i = 0; i < 3000; ++i) path.push_back(i * i % 7 * (i % 3));
  std::size_t next = 0;
  for (const FoldedSteps& piece : fold(path)) {
    REQUIRE(piece.first == next);
    REQUIRE(piece.length > 0);
    next += piece.length * piece.times;
  }
  CHECK(next == path.size());
}

TEST_CASE("steps are shown with what the disassembly says of them") {
  const VdsoImage image = VdsoImage::parse(testing::saved_image("6.18.15+deb13.x86_64")).value();
  const CodeListing code(image);
  const VdsoFunction* time = image.function_named("__vdso_time");
  REQUIRE(time != nullptr);
  StepFacts steps;
  for (const CodeSite& site : time->instructions) steps.path.push_back(site.offset);
  steps.instructions = steps.path.size();
  const std::string text = text_of(steps, code);
  CHECK(text.starts_with("    " + std::to_string(steps.instructions) + " instructions, no seqlock retry\n    <"));
  CHECK(text.find("; return\n") != std::string::npos);
  steps.retries = 2;
  steps.path = {time->entry, time->entry, 0xffffff};
  steps.instructions = 7;
  CHECK(text_of(steps, code).starts_with("    7 instructions, 2 seqlock retries\n"));
  CHECK(text_of(steps, code).find("the last instruction once more\n    ffffff:\n            ...\n") !=
        std::string::npos);
}

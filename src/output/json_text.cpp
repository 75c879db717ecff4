#include "output/json_text.hpp"

#include "base/escape.hpp"

namespace vdsotrace {

std::string dumped(const Json& json) { return json.dump(-1, ' ', true); }

Json json_text(std::string_view chosen) {
  try {
    Json json(chosen);
    static_cast<void>(dumped(json));
    return json;
  } catch (const Json::type_error&) {
    return escaped(chosen);
  }
}

Json json_texts(const std::vector<std::string>& chosen) {
  Json array = Json::array();
  for (const std::string& one : chosen) array.push_back(json_text(one));
  return array;
}

Json json_text_or_null(std::string_view chosen) { return chosen.empty() ? Json(nullptr) : json_text(chosen); }

}  // namespace vdsotrace

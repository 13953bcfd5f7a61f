#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "djm/error.hpp"
#include "djm/ids.hpp"
#include "djm/job_spec.hpp"
#include "model/json_parse.hpp"
#include "model/text.hpp"

namespace djm::tool {

using json = nlohmann::json;

/// A place in a JSON document, as an RFC 6901 pointer.
class pointer {
public:
  pointer() = default;

  pointer operator/(std::string_view key) const {
    pointer result = *this;
    result.text_ += '/';
    for (char c : key) {
      if (c == '~') {
        result.text_ += "~0";
      } else if (c == '/') {
        result.text_ += "~1";
      } else {
        result.text_ += c;
      }
    }
    return result;
  }
  pointer operator/(std::size_t index) const { return *this / std::to_string(index); }

  /// For error texts: on one line and not too long, whatever the keys of the document are.
  std::string str() const {
    if (text_.empty()) {
      return "/";
    }
    const auto quoted = impl::quote(text_, 400);
    return quoted.substr(1, quoted.find_last_of('"') - 1);
  }

private:
  std::string text_;
};

/// Thrown inside the reader only; carries the finished text.
struct fault {
  errc code = errc::invalid_file;
  std::string text;
};

[[noreturn]] inline void refuse(const pointer& at, const json& value, const std::string& rule,
                                errc code = errc::invalid_file) {
  throw fault{code, at.str() + ": " + impl::shown(value) + ": " + rule};
}

inline const json& object_at(const json& x, const pointer& at) {
  if (!x.is_object()) {
    refuse(at, x, "must be an object");
  }
  return x;
}

inline const json& array_at(const json& x, const pointer& at) {
  if (!x.is_array()) {
    refuse(at, x, "must be an array");
  }
  return x;
}

/// Refuses keys that are not in `known`.
inline void known_keys(const json& x, const pointer& at, std::initializer_list<std::string_view> known) {
  object_at(x, at);
  for (const auto& [key, value] : x.items()) {
    bool found = false;
    for (auto k : known) {
      found = found || k == key;
    }
    if (!found) {
      refuse(at / key, value, "is not a key of this object");
    }
  }
}

inline std::string text_at(const json& x, const pointer& at) {
  if (!x.is_string()) {
    refuse(at, x, "must be a string");
  }
  return x.get<std::string>();
}

inline std::string id_at(const json& x, const pointer& at) {
  auto result = text_at(x, at);
  if (!is_valid_id(result)) {
    refuse(at, x, "must be an id: [a-zA-Z0-9._-]+, at most 120 characters, not \".\" or \"..\"");
  }
  return result;
}

inline bool flag_at(const json& x, const pointer& at) {
  if (!x.is_boolean()) {
    refuse(at, x, "must be true or false");
  }
  return x.get<bool>();
}

inline std::uint64_t natural_at(const json& x, const pointer& at, std::uint64_t most) {
  if (!x.is_number_integer() || (!x.is_number_unsigned() && x.get<std::int64_t>() < 0) ||
      x.get<std::uint64_t>() > most) {
    refuse(at, x, "must be a whole number from 0 to " + std::to_string(most));
  }
  return x.get<std::uint64_t>();
}

/// A number with up to three decimals, in milli-units.
inline std::int64_t amount_at(const json& x, const pointer& at, bool positive) {
  const auto bound = std::to_string(max_amount / 1000);
  const auto rule = positive ? "must be a number above 0, at most " + bound : "must be a number from 0 to " + bound;
  if (!x.is_number()) {
    refuse(at, x, rule);
  }
  const auto value = x.get<double>();
  if (!std::isfinite(value) || value < 0 || value > static_cast<double>(max_amount) / 1000) {
    refuse(at, x, rule);
  }
  const auto result = static_cast<std::int64_t>(std::llround(value * 1000));
  if (std::abs(value * 1000 - static_cast<double>(result)) > 1e-6 * std::max(1.0, value * 1000)) {
    refuse(at, x, "must have at most three decimals");
  }
  if (positive && result == 0) {
    refuse(at, x, rule);
  }
  return result;
}

} // namespace djm::tool

#pragma once

#include <string>
#include <utility>

#include "djm/user_config.hpp"
#include "djm/value_reader.hpp"

namespace djm::store {

/// A configuration that is kept for long and hardly ever looked at: a sixth of the bytes of one that can be, which has
/// its tree beside its text.
class packed_config {
public:
  packed_config() = default;
  packed_config(const user_config& c) : text_(c.empty() ? std::string{} : c.to_json()) {}

  /// As it was put in. Parses it, which a configuration has done with that very text before it could be put in.
  user_config unpacked() const {
    return text_.empty() ? user_config{} : user_config::parse(text_).value_or(user_config{});
  }

  void write_to(value_sink& sink) const { unpacked().write_to(sink); }
  void read_from(const value_view& v, value_reader& reader) {
    user_config c;
    c.read_from(v, reader);
    *this = c;
  }

  friend bool operator==(const packed_config& a, const packed_config& b) { return a.text_ == b.text_; }
  friend bool operator!=(const packed_config& a, const packed_config& b) { return !(a == b); }

private:
  std::string text_; ///< empty for one without values
};

} // namespace djm::store

#include "tools/djmd/toml_text.hpp"

#include <cstddef>
#include <sstream>

#include <toml++/toml.h>

#include "djm/json.hpp"

namespace djm::daemon {

namespace {

std::string escaped(std::string_view key) {
  std::string result;
  for (const char c : key) {
    result += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return result;
}

class walker {
public:
  explicit walker(std::map<std::string, int>& lines) : lines_(lines) {}

  void walk(const toml::node& n, const std::string& pointer) {
    lines_.emplace(pointer, static_cast<int>(n.source().begin.line));
    if (const auto* table = n.as_table()) {
      sink_.begin_map();
      for (const auto& [key, value] : *table) {
        sink_.key(key.str());
        const auto place = pointer + "/" + escaped(key.str());
        lines_.emplace(place, static_cast<int>(key.source().begin.line));
        walk(value, place);
      }
      sink_.end_map();
    } else if (const auto* array = n.as_array()) {
      sink_.begin_list();
      std::size_t i = 0;
      for (const auto& element : *array) {
        sink_.element();
        walk(element, pointer + "/" + std::to_string(i++));
      }
      sink_.end_list();
    } else {
      leaf(n);
    }
  }

  std::string take() { return sink_.take(); }

private:
  void leaf(const toml::node& n) {
    if (const auto* text = n.as_string()) {
      sink_.text(text->get());
    } else if (const auto* integer = n.as_integer()) {
      sink_.integer(integer->get());
    } else if (const auto* real = n.as_floating_point()) {
      sink_.real(real->get());
    } else if (const auto* flag = n.as_boolean()) {
      sink_.boolean(flag->get());
    } else {
      std::ostringstream shown; // a date: no key takes one, and the complaint shows it
      n.visit([&](const auto& x) { shown << x; });
      sink_.text(shown.str());
    }
  }

  std::map<std::string, int>& lines_;
  json_sink sink_;
};

} // namespace

int toml_text::line_of(std::string pointer) const {
  while (true) {
    if (const auto i = lines.find(pointer); i != lines.end()) {
      return i->second;
    }
    const auto end = pointer.rfind('/');
    if (end == pointer.npos) {
      return 0;
    }
    pointer.erase(end);
  }
}

toml_text parse_toml(std::string_view text) {
  toml_text result;
  try {
    const auto root = toml::parse(text);
    walker w{result.lines};
    w.walk(root, "");
    auto values = value_document::parse(w.take());
    if (values) {
      result.values = std::move(*values);
    } else {
      result.fault = values.error().text;
    }
  } catch (const toml::parse_error& e) {
    result.fault = std::string{e.description()};
    result.fault_line = static_cast<int>(e.source().begin.line);
  }
  return result;
}

} // namespace djm::daemon

#include "djm/options.hpp"

#include <algorithm>
#include <fstream>
#include <optional>

#include <nlohmann/json.hpp>

#include "model/json_parse.hpp"
#include "model/text.hpp"

namespace djm {

namespace {

using nlohmann::json;

constexpr std::string_view digest_key = "store.digest";
constexpr std::string_view digest_file = "store.digest-file";

std::string variable_of(std::string_view prefix, std::string_view name) {
  std::string result{prefix};
  for (char c : name) {
    result += c == '.' || c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return result;
}

error wrong(const std::string& source, std::string_view value, const std::string& rule) {
  return {errc::invalid_config, source + " " + impl::quote(value) + ": " + rule};
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return parts;
}

/// A text as the value of a key; what the key itself refuses is refused when the whole is read.
expected<json> value_of(const config_key& key, const std::string& text, const std::string& source) {
  switch (key.type) {
  case config_type::time_span:
  case config_type::text: return json(text);
  case config_type::boolean:
    if (text != "true" && text != "false") {
      return tl::make_unexpected(wrong(source, text, "must be true or false"));
    }
    return json(text == "true");
  case config_type::integer: {
    const auto x = impl::parse_json(text, impl::duplicate_keys::refused);
    if (!x || !x->is_number_integer()) {
      return tl::make_unexpected(wrong(source, text, "must be a whole number"));
    }
    return *x;
  }
  case config_type::text_list: return json(split(text));
  case config_type::integer_map: {
    auto map = json::object();
    for (const auto& part : split(text)) {
      const auto equals = part.find('=');
      const auto amount = equals == std::string::npos
                            ? tl::make_unexpected(std::string{})
                            : impl::parse_json(part.substr(equals + 1), impl::duplicate_keys::refused);
      if (!amount || !amount->is_number_integer() || equals == 0) {
        return tl::make_unexpected(wrong(source, text, "must be NAME=WHOLE NUMBER, separated by commas"));
      }
      map[part.substr(0, equals)] = *amount;
    }
    return map;
  }
  }
  return tl::make_unexpected(wrong(source, text, "is of no known type"));
}

/// "a.b" stands within the object "a".
void put(json& tree, const std::string& key, json value) {
  const auto dot = key.find('.');
  if (dot == std::string::npos) {
    tree[key] = std::move(value);
    return;
  }
  auto& inner = tree[key.substr(0, dot)];
  if (!inner.is_object()) {
    inner = json::object();
  }
  inner[key.substr(dot + 1)] = std::move(value);
}

expected<std::string> whole_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (!in || in.bad()) {
    return fail(errc::invalid_file, "file " + impl::quote(path, 400) + " cannot be read");
  }
  return text;
}

expected<json> tree_of_file(const std::string& path) {
  // It is read whole by its own rules first, so that a complaint is about the file and not about what was put on top.
  if (auto good = load_node_config(path); !good) {
    return tl::make_unexpected(good.error());
  }
  const auto text = whole_file(path);
  if (!text) {
    return tl::make_unexpected(text.error());
  }
  auto tree = impl::parse_json(*text, impl::duplicate_keys::refused);
  if (!tree) {
    return fail(errc::invalid_file, "file " + impl::quote(path, 400) + ": " + tree.error());
  }
  return *std::move(tree);
}

/// An option as it was typed, or nothing where the argument is none.
struct typed_option {
  std::string name;
  std::optional<std::string> value;
};

std::optional<typed_option> option_in(const std::string& argument) {
  if (argument.size() < 3 || argument.compare(0, 2, "--") != 0) {
    return std::nullopt;
  }
  const auto equals = argument.find('=');
  typed_option o{argument.substr(2, equals == std::string::npos ? equals : equals - 2), std::nullopt};
  if (equals != std::string::npos) {
    o.value = argument.substr(equals + 1);
  }
  return o;
}

std::string padded(std::string text, std::size_t width) {
  text += std::string(width > text.size() ? width - text.size() : 1, ' ');
  return text;
}

} // namespace

options::options(std::string program, std::string summary)
  : program_(std::move(program)), summary_(std::move(summary)) {}

options& options::add(std::string name, std::string value, std::string text, std::string fallback) {
  own_.push_back({std::move(name), std::move(value), std::move(text), std::move(fallback)});
  return *this;
}

options& options::variables(std::string prefix) {
  prefix_ = std::move(prefix);
  return *this;
}

namespace {

using lookup = std::function<const char*(const std::string& name)>;

/// What is on a command line and in an environment, put on top of a file.
class option_reader {
public:
  explicit option_reader(const lookup& environment) : environment_(environment), keys_(config_keys()) {}

  const config_key* key_of(const std::string& name) const {
    const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const auto& k) { return k.name == name; });
    return key != keys_.end() ? &*key : nullptr;
  }
  bool knows(const std::string& name) const {
    return key_of(name) != nullptr || name == "config" || name == digest_file;
  }
  bool is_flag(const std::string& name) const {
    const auto* key = key_of(name);
    return key != nullptr && key->type == config_type::boolean;
  }
  void put_typed(const std::string& name, std::string value) { typed_[name] = std::move(value); }

  expected<node_config> read() const {
    auto tree = json::object();
    if (const auto file = given("config")) {
      auto whole = tree_of_file(*file);
      if (!whole) {
        return tl::make_unexpected(whole.error());
      }
      tree = *std::move(whole);
    }
    if (auto ok = put_keys(tree); !ok) {
      return tl::make_unexpected(ok.error());
    }
    if (const auto file = given(digest_file)) {
      const auto text = whole_file(*file);
      if (!text) {
        return tl::make_unexpected(text.error());
      }
      put(tree, std::string{digest_key}, text->substr(0, text->find_first_of("\r\n")));
    }
    return parse_node_config(tree.dump(-1, ' ', false, json::error_handler_t::replace));
  }

private:
  std::optional<std::string> given(std::string_view name) const {
    if (const auto t = typed_.find(std::string{name}); t != typed_.end()) {
      return t->second;
    }
    const auto* set = environment_(variable_of("DJM_", name));
    return set != nullptr ? std::optional<std::string>{set} : std::nullopt;
  }
  expected<void> put_keys(json& tree) const {
    for (const auto& key : keys_) {
      const auto text = given(key.name);
      if (!text) {
        continue;
      }
      const auto source = typed_.count(key.name) > 0 ? "--" + key.name : variable_of("DJM_", key.name);
      auto value = value_of(key, *text, source);
      if (!value) {
        return tl::make_unexpected(value.error());
      }
      put(tree, key.name, *std::move(value));
    }
    return {};
  }

  const lookup& environment_;
  std::vector<config_key> keys_;
  std::map<std::string, std::string> typed_;
};

} // namespace

expected<parsed_options> options::parse(const std::vector<std::string>& arguments, const lookup& environment) const {
  parsed_options result;
  option_reader reader{environment};
  for (const auto& o : own_) {
    const auto* set = prefix_.empty() ? nullptr : environment(variable_of(prefix_, o.name));
    result.values[o.name] = set != nullptr ? set : o.value.empty() && o.fallback.empty() ? "false" : o.fallback;
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--") {
      result.rest.insert(result.rest.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, arguments.end());
      break;
    }
    const auto o = option_in(arguments[i]);
    if (!o) {
      result.rest.push_back(arguments[i]);
      continue;
    }
    if (o->name == "help") {
      result.help = true;
      return result;
    }
    if (o->name == digest_key) {
      return fail(errc::invalid_config,
                  "--" + o->name + ": a secret does not belong on a command line; use --" + std::string{digest_file});
    }
    const auto mine = std::find_if(own_.begin(), own_.end(), [&](const auto& x) { return x.name == o->name; });
    if (mine == own_.end() && !reader.knows(o->name)) {
      return fail(errc::invalid_config, "--" + o->name + " is no option; see --help");
    }
    auto value = o->value;
    if (!value && (mine != own_.end() ? mine->value.empty() : reader.is_flag(o->name))) {
      value = "true";
    } else if (!value && ++i < arguments.size()) {
      value = arguments[i];
    }
    if (!value) {
      return fail(errc::invalid_config, "--" + o->name + " needs a value");
    }
    if (mine != own_.end()) {
      result.values[o->name] = *value;
    } else {
      reader.put_typed(o->name, *value);
    }
  }
  auto config = reader.read();
  if (!config) {
    return tl::make_unexpected(config.error());
  }
  result.config = *std::move(config);
  return result;
}

std::string options::help() const {
  constexpr std::size_t column = 34;
  std::string text = "usage: " + program_ + " [OPTION...]\n";
  text += summary_.empty() ? "" : "  " + summary_ + "\n";
  text += "\n";
  for (const auto& o : own_) {
    text += "  " + padded("--" + o.name + (o.value.empty() ? "" : " " + o.value), column) + o.text +
            (o.fallback.empty() ? "" : " (" + o.fallback + ")") + "\n";
  }
  text += "  " + padded("--config FILE", column) + "a JSON file with the keys below\n";
  text +=
    "  " + padded("--help", column) + "these lines\n\nThe node; each also as a variable, such as DJM_STORE_CONNECT:\n";
  for (const auto& key : config_keys()) {
    const bool secret = key.name == digest_key;
    const auto name = secret ? std::string{digest_file} + " FILE" : key.name + " " + to_string(key.type);
    text += "  " + padded("--" + name, column) + (secret ? "a file whose first line it is: " : "") + key.text + "; " +
            key.range + (key.default_value.empty() ? "" : " (" + key.default_value + ")") + "\n";
  }
  return text;
}

} // namespace djm

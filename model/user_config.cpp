#include "djm/user_config.hpp"

#include <set>

#include "djm/ids.hpp"
#include "djm/json.hpp"
#include "model/config_text.hpp"
#include "model/config_tree.hpp"
#include "model/json_parse.hpp"
#include "model/never_destroyed.hpp"
#include "model/text.hpp"
#include "model/tree_sink.hpp"
#include "model/value_access.hpp"

namespace djm {

namespace {

using nlohmann::json;

// White space and escapes do not count, but nobody shall make us parse any number of bytes.
constexpr std::size_t max_text_size = 1U << 20;

std::string json_of(const json& tree) {
  json_sink sink;
  impl::write_tree(sink, tree);
  return sink.take();
}

std::string too_many(std::size_t size, std::size_t most) {
  return std::to_string(size) + " bytes; at most " + std::to_string(most) + " are allowed";
}

void check_names(const json& tree, complaint_list& found) {
  for (auto i = tree.begin(); i != tree.end(); ++i) {
    if (!is_valid_id(i.key())) {
      found.add_at(i.key(), "the name breaks the rule: letters, digits, \".\", \"_\" and \"-\" only, 1 to " +
                              std::to_string(max_id_length) + " characters, not \".\" or \"..\"");
    }
  }
}

void check_texts(json& tree, complaint_list& found) {
  impl::each_text(tree, found, [&found](const std::string& text) {
    if (const auto parts = impl::split_text(text); !parts) {
      found.add(parts.error());
    }
  });
}

// A configuration holds nothing but texts that can be taken apart.
std::vector<impl::text_part> parts_of(const std::string& text) {
  return impl::split_text(text).value();
}

/// Looks references up, each once, and puts texts together.
class resolver {
public:
  resolver(const reference_lookup& lookup, complaint_list& found) : lookup_(lookup), found_(found) {}

  void resolve(std::string& text) {
    const auto parts = parts_of(text);
    std::string result;
    for (const auto& part : parts) {
      if (const auto* reference = std::get_if<config_reference>(&part)) {
        result += look_up(*reference);
      } else {
        result += std::get<std::string>(part);
      }
    }
    text = std::move(result);
  }

private:
  std::string look_up(const config_reference& reference) {
    auto i = known_.find(reference);
    if (i == known_.end()) {
      i = known_.emplace(reference, checked(lookup_(reference))).first;
    }
    if (!i->second) {
      found_.add(to_string(reference) + ": " + i->second.error().text);
    }
    return i->second.value_or(std::string{});
  }

  static expected<std::string> checked(expected<std::string> text) {
    if (text && text->size() > max_config_size) {
      return fail(errc::too_large, "stands for " + too_many(text->size(), max_config_size));
    }
    if (text && !impl::is_utf8(*text)) {
      return fail(errc::invalid_config, "stands for bytes that are not UTF-8");
    }
    return text;
  }

  const reference_lookup& lookup_;
  complaint_list& found_;
  std::map<config_reference, expected<std::string>> known_;
};

} // namespace

struct user_config::state {
  std::string text = "{}"; // the tree in its one form
  std::uint64_t hash = impl::hash_of("{}");
  json tree = json::object(); // as it is parsed from the text
  std::optional<json> resolved;
};

struct user_config::access {
  static const state& of(const user_config& c) {
    static impl::never_destroyed<state> nothing;
    return c.state_ ? *c.state_ : *nothing;
  }

  /// From any tree that breaks no rule; complaints about others, and the size, go to `found`.
  static user_config make(json tree, complaint_list& found, errc& code) {
    code = errc::invalid_config;
    if (!tree.is_object()) {
      found.add(impl::shown(tree) + " is not an object");
      return {};
    }
    if (tree.empty()) {
      return {}; // most jobs have none, and a job's configuration is kept in some twenty places
    }
    check_names(tree, found);
    check_texts(tree, found);
    if (!found.empty()) {
      return {};
    }
    auto text = json_of(tree);
    if (text.size() > max_config_size) {
      code = errc::too_large;
      found.add("the configuration has " + too_many(text.size(), max_config_size));
      return {};
    }
    auto parsed = impl::parse_json(text);
    if (!parsed) { // what was made of a value nests too deep
      found.add(parsed.error());
      return {};
    }
    user_config result;
    const auto hash = impl::hash_of(text);
    result.state_ = std::make_shared<const state>(state{std::move(text), hash, std::move(*parsed), {}});
    return result;
  }

  static expected<user_config> make(json tree) {
    complaint_list found;
    auto code = errc::none;
    auto result = make(std::move(tree), found, code);
    if (auto ok = found.result(code); !ok) {
      return tl::make_unexpected(std::move(ok.error()));
    }
    return result;
  }

  /// From a part of what one holds, which breaks no rule either.
  static user_config part(json tree) { return make(std::move(tree)).value_or(user_config{}); }
};

expected<user_config> user_config::parse(std::string_view text) {
  if (text.size() > max_text_size) {
    return fail(errc::too_large, "the text has " + too_many(text.size(), max_text_size));
  }
  auto tree = impl::parse_json(text, impl::duplicate_keys::refused);
  if (!tree) {
    return fail(errc::invalid_config, "the configuration is not well-formed JSON: " + tree.error());
  }
  if (const auto number = impl::find_long_integer(text); !number.empty()) {
    return fail(errc::invalid_config, "the integer " + impl::quote(number) + " does not fit into 64 bits");
  }
  return access::make(std::move(*tree));
}

expected<user_config> user_config::from_texts(const std::map<std::string, std::string>& texts) {
  return of(texts);
}

expected<user_config> user_config::written(const writer& write) {
  complaint_list found;
  impl::tree_sink sink{found};
  write(sink);
  if (auto ok = found.result(); !ok) {
    return tl::make_unexpected(std::move(ok.error()));
  }
  return access::make(sink.take());
}

expected<user_config> user_config::with_written(const std::string& name, const writer& write) const {
  complaint_list found;
  impl::tree_sink sink{found};
  sink.begin_map();
  for (const auto& [other, x] : access::of(*this).tree.items()) {
    if (other != name) {
      sink.key(other);
      impl::write_tree(sink, x);
    }
  }
  sink.key(name);
  write(sink);
  sink.end_map();
  if (auto ok = found.result(); !ok) {
    return tl::make_unexpected(std::move(ok.error()));
  }
  return access::make(sink.take());
}

user_config user_config::without(std::string_view name) const {
  return filter([name](const std::string& other) { return other != name; });
}

user_config user_config::filter(const std::function<bool(const std::string&)>& keep) const {
  auto tree = json::object();
  for (const auto& [name, x] : access::of(*this).tree.items()) {
    if (keep(name)) {
      tree[name] = x;
    }
  }
  return access::part(std::move(tree));
}

expected<user_config> user_config::merged(const user_config& other) const {
  auto tree = access::of(*this).tree;
  tree.update(access::of(other).tree);
  return access::make(std::move(tree));
}

bool user_config::contains(std::string_view name) const {
  return view().find(name).has_value();
}

std::vector<std::string> user_config::names() const {
  std::vector<std::string> result;
  for (const auto& [name, x] : access::of(*this).tree.items()) {
    result.push_back(name);
  }
  return result;
}

bool user_config::empty() const {
  return access::of(*this).tree.empty();
}

std::map<std::string, std::string> user_config::to_texts() const {
  std::map<std::string, std::string> result;
  for (const auto& [name, x] : access::of(*this).tree.items()) {
    result[name] = x.is_string() ? x.get<std::string>() : json_of(x);
  }
  return result;
}

const std::string& user_config::to_json() const noexcept {
  return access::of(*this).text;
}

std::uint64_t user_config::hash() const noexcept {
  return access::of(*this).hash;
}

value_view user_config::view() const noexcept {
  const auto& s = access::of(*this);
  return s.resolved ? impl::value_access::view(*s.resolved, s.tree) : impl::value_access::view(s.tree);
}

std::vector<config_reference> user_config::references() const {
  std::set<config_reference> result;
  complaint_list unused;
  auto tree = access::of(*this).tree;
  impl::each_text(tree, unused, [&result](const std::string& text) {
    const auto parts = parts_of(text);
    for (const auto& part : parts) {
      if (const auto* reference = std::get_if<config_reference>(&part)) {
        result.insert(*reference);
      }
    }
  });
  return {result.begin(), result.end()};
}

expected<user_config> user_config::resolved(const reference_lookup& lookup) const {
  complaint_list found;
  resolver r{lookup, found};
  auto s = access::of(*this);
  s.resolved.emplace(s.tree);
  impl::each_text(*s.resolved, found, [&r](std::string& text) { r.resolve(text); });
  if (auto ok = found.result(); !ok) {
    return tl::make_unexpected(std::move(ok.error()));
  }
  user_config result;
  result.state_ = std::make_shared<const state>(std::move(s));
  return result;
}

bool user_config::is_resolved() const noexcept {
  return access::of(*this).resolved.has_value();
}

void user_config::write_to(value_sink& sink) const {
  impl::write_tree(sink, access::of(*this).tree);
}

void user_config::read_from(const value_view& v, value_reader& reader) {
  auto code = errc::none;
  complaint_list& found = reader.complaints();
  const auto before = found.list().size();
  auto result = access::make(impl::value_access::stored(v), found, code);
  if (found.list().size() == before) {
    *this = std::move(result);
  }
}

} // namespace djm

#include "djm/node_config.hpp"

#include <algorithm>
#include <set>

#include "djm/job_spec.hpp"
#include "djm/json.hpp"
#include "model/config_rules.hpp"
#include "model/connect_string.hpp"
#include "model/paths.hpp"
#include "model/text.hpp"

namespace djm {

namespace {

constexpr std::size_t max_root_length = 200;
constexpr std::size_t max_version_length = 200;

std::string bounds_of(const impl::config_rule& rule, bool is_duration) {
  const auto show = [is_duration](std::int64_t n) {
    return is_duration ? describe_duration(duration{n}) : std::to_string(n);
  };
  return show(rule.least) + " to " + show(rule.most);
}

/// Walks the numbers and durations with the table of rules.
struct range_checker {
  std::vector<error>& complaints;
  std::string prefix = {};

  template <class... Ts>
  void operator()(const char*, named_field<Ts>... fs) {
    (check(prefix + fs.name, fs.value), ...);
  }

  template <class T>
  void check(const std::string& key, const T& x) {
    if constexpr (has_fields<T>) {
      visit_fields(range_checker{complaints, key + "."}, x);
    } else if constexpr (std::is_same_v<T, duration>) {
      within(key, x.count(), describe_duration(x), true);
    } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      within(key, std::int64_t{x}, std::to_string(x), false);
    }
  }

  void within(const std::string& key, std::int64_t value, const std::string& shown, bool is_duration) {
    const auto& rule = impl::rule_of(key);
    if (value < rule.least || value > rule.most) {
      complaints.push_back(
        {errc::invalid_config, key + " is " + shown + "; it must be from " + bounds_of(rule, is_duration)});
    }
  }
};

/// What the table cannot say.
class text_checker {
public:
  explicit text_checker(std::vector<error>& complaints) : complaints_(complaints) {}

  void check(const store_config& c) {
    const auto place = impl::place_of_store(c.connect);
    if (!place) {
      complain("store.connect", place.error().text, place.error().code);
    }
    const auto root = impl::join_paths(place ? place->chroot : std::string{}, c.root);
    if (!impl::is_store_path(c.root) || root.size() > max_root_length || root == "/zookeeper" ||
        root.rfind("/zookeeper/", 0) == 0) {
      complain_rule("store.root", impl::quote(root));
    }
    const auto colon = c.digest.find(':');
    const bool printable = c.digest.find_first_of(std::string_view{"\0\n\r", 3}) == std::string::npos;
    if (!c.digest.empty() && (colon == std::string::npos || colon == 0 || !printable)) {
      complain("store.digest", "is not user:password (the value is not shown)");
    }
    if (c.secure_tree && c.digest.empty()) {
      complain("store.secure_tree", "is true without store.digest: to whom would the tree belong?");
    }
  }

  void check(const node_config& c) {
    if (c.id.empty()) {
      complain("id", "is missing; every node needs one that is unique in the cluster", errc::invalid_id);
    } else if (const auto ok = check_id(c.id); !ok) {
      complain("id", ok.error().text, ok.error().code);
    }
    check(c.store);
    if (!c.zone.empty() && !is_valid_id(c.zone)) {
      complain_rule("zone", impl::quote(c.zone));
    }
    std::set<std::string_view> seen;
    for (const auto& label : c.labels) {
      if (!is_valid_id(label) || !seen.insert(label).second) {
        complain_rule("labels", impl::quote(label));
      }
    }
    for (const auto& [name, amount] : c.capacity) {
      if (!is_valid_id(name) || amount < 0 || amount > max_amount) {
        complain_rule("capacity", impl::quote(name) + ": " + std::to_string(amount));
      }
    }
    if (c.software_version.size() > max_version_length || !impl::is_utf8(c.software_version)) {
      complain_rule("software_version", impl::quote(c.software_version));
    }
  }

private:
  void complain(const char* key, const std::string& text, errc code = errc::invalid_config) {
    complaints_.push_back({code, std::string{key} + ": " + text});
  }

  void complain_rule(const char* key, const std::string& value) {
    complaints_.push_back({errc::invalid_config, std::string{key} + " has " + value + "; it must be " +
                                                   std::string{impl::rule_of(key).range}});
  }

  std::vector<error>& complaints_;
};

// Only called when every value is within its range, so that no sum overflows.
void check_fit(const node_config& c, std::vector<error>& complaints) {
  const auto complain = [&complaints](std::string text) {
    complaints.push_back({errc::invalid_config, std::move(text)});
  };
  const auto at_least = [&](const char* name, duration value, const char* least_name, duration least) {
    if (value < least) {
      complain(std::string{name} + " is " + format_duration(value) + "; it must not be below " + least_name + ", " +
               format_duration(least));
    }
  };
  at_least("rebalance_max_wait", c.rebalance_max_wait, "rebalance_debounce", c.rebalance_debounce);
  at_least("backoff_max", c.backoff_max, "backoff_min", c.backoff_min);
  const auto longest = longest_stop_grace(c, c.store.session_timeout);
  if (c.stop_grace > longest) {
    const auto ms = [](duration d) {
      return format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(d));
    };
    complain("stop_grace (" + format_duration(c.stop_grace) + "), store.operation_deadline (" +
             format_duration(c.store.operation_deadline) + "), store.session_timeout T (" +
             format_duration(c.store.session_timeout) + ") and detach_tolerance D (" +
             format_duration(c.detach_tolerance) +
             ") do not fit: stop_grace + T/3 + operation_deadline must be below T + D - T/3 - 5 % of (T + D); " +
             (longest < duration::zero() ? "shorten operation_deadline or lengthen T or D by at least " + ms(-longest)
                                         : "stop_grace may be " + ms(longest) + " at most"));
  }
}

struct key_lister {
  std::vector<config_key>& keys;
  std::string prefix = {};

  template <class... Ts>
  void operator()(const char*, named_field<Ts>... fs) {
    (add(prefix + fs.name, fs.value), ...);
  }

  template <class T>
  static config_type type_of() {
    if constexpr (std::is_same_v<T, bool>) {
      return config_type::boolean;
    } else if constexpr (std::is_integral_v<T>) {
      return config_type::integer;
    } else if constexpr (std::is_same_v<T, duration>) {
      return config_type::time_span;
    } else if constexpr (std::is_same_v<T, std::string> || is_id<T> || std::is_enum_v<T>) {
      return config_type::text;
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      return config_type::text_list;
    } else {
      return config_type::integer_map;
    }
  }

  template <class T>
  void add(const std::string& key, const T& x) {
    if constexpr (has_fields<T>) {
      visit_fields(key_lister{keys, key + "."}, x);
    } else {
      const auto& rule = impl::rule_of(key);
      keys.push_back({key, type_of<T>(), key == "id" ? "" : to_json_text(x),
                      rule.range.empty() ? bounds_of(rule, std::is_same_v<T, duration>) : std::string{rule.range},
                      std::string{rule.text}, std::string{rule.change_when}});
    }
  }
};

} // namespace

duration longest_stop_grace(const node_config& config, any_duration session_timeout) {
  // Far beyond what a configuration may hold: so that no sum overflows.
  const auto cut = [](duration d) { return std::clamp(d, -max_schedule_duration, max_schedule_duration); };
  const auto t = cut(session_timeout);
  const auto d = cut(config.detach_tolerance);
  // The rule says "below": one tick less.
  return t + d - lease_margin(t, d) - t / 3 - t / 3 - cut(config.store.operation_deadline) - duration{1};
}

std::vector<error> check(const node_config& config) {
  std::vector<error> complaints;
  visit_fields(range_checker{complaints}, config);
  const bool in_range = complaints.empty();
  text_checker{complaints}.check(config);
  if (in_range) {
    check_fit(config, complaints);
  }
  return complaints;
}

expected<void> validate(const node_config& config) {
  const auto complaints = check(config);
  if (complaints.empty()) {
    return {};
  }
  std::string text;
  for (const auto& c : complaints) {
    text += (text.empty() ? "" : "; ") + c.text;
  }
  return fail(complaints.front().code, text);
}

std::vector<config_key> config_keys() {
  std::vector<config_key> keys;
  visit_fields(key_lister{keys}, node_config{});
  return keys;
}

} // namespace djm

#include "execution/command/command_talk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "djm/json.hpp"
#include "djm/value_reader.hpp"
#include "djm/value_view.hpp"
#include "model/text.hpp"

namespace djm::exec {

namespace {

void write_view(value_sink& sink, const value_view& v) {
  switch (v.kind()) {
  case value_kind::none: sink.none(); break;
  case value_kind::boolean: sink.boolean(*v.as_boolean()); break;
  case value_kind::integer:
    if (const auto x = v.as_integer()) {
      sink.integer(*x);
    } else {
      sink.natural(v.as_natural().value_or(0));
    }
    break;
  case value_kind::real: sink.real(*v.as_real()); break;
  case value_kind::text: sink.text(*v.as_text()); break;
  case value_kind::list:
    sink.begin_list();
    for (std::size_t i = 0; i < v.size(); ++i) {
      sink.element();
      write_view(sink, v.element(i));
    }
    sink.end_list();
    break;
  case value_kind::object:
    sink.begin_map();
    v.each_member([&](const std::string& name, value_view x) {
      sink.key(name);
      write_view(sink, x);
    });
    sink.end_map();
    break;
  }
}

void write_state(value_sink& sink, const bytes& state) {
  const std::string text(state.data.begin(), state.data.end());
  if (impl::is_utf8(text)) {
    sink.key("state");
    sink.text(text);
  } else {
    sink.key("state_base64");
    sink.text(to_word(state));
  }
}

/// An item that is one of these, or the only one.
expected<std::string> item_of(const std::optional<std::string>& named, const std::vector<work_item>& items,
                              const char* word) {
  if (!named) {
    if (items.size() == 1) {
      return items.front().id.str();
    }
    return fail(errc::invalid_config, fmt::format("\"{}\" names no item, and there are {}", word, items.size()));
  }
  const auto held = std::any_of(items.begin(), items.end(), [&](const work_item& w) { return w.id.str() == *named; });
  return held ? expected<std::string>{*named}
              : fail(errc::invalid_config, fmt::format("\"{}\" names the item \"{}\", which is none of this run", word,
                                                       readable(*named, 200)));
}

std::string how_it_ended(const exited& how) {
  if (!how.signalled) {
    return fmt::format("exit code {}", how.code);
  }
  const char* name = sigabbrev_np(how.code);
  return name != nullptr ? fmt::format("killed by signal {} (SIG{})", how.code, name)
                         : fmt::format("killed by signal {}", how.code);
}

verdict judge_refusal(const refused& why, const std::string& program) {
  using kind = verdict::kind;
  const auto text = std::generic_category().message(why.error);
  switch (why.at) {
  case stage::program: return {kind::declined, fmt::format("cannot execute {}: {}", program, text)};
  case stage::folder: return {kind::declined, fmt::format("cannot run {} in its folder: {}", program, text)};
  case stage::lease: return {kind::failed, "it was not started: the lease was about to end"};
  case stage::containment: return {kind::failed, fmt::format("its processes cannot be held: {}", text)};
  case stage::setup: return {kind::failed, fmt::format("its user, limits or descriptors cannot be set: {}", text)};
  case stage::order: break;
  }
  return {kind::failed, "its helper did not understand the order"};
}

} // namespace

expected<command_word> read_word(const line& l, const std::vector<work_item>& items) {
  if (l.cut) {
    return fail(errc::too_large, fmt::format("a line on descriptor 3 is longer than {} bytes", max_line));
  }
  auto document = value_document::parse(l.text);
  if (!document) {
    return fail(errc::invalid_file, "a line on descriptor 3 is no JSON: " + readable(document.error().text, 300));
  }
  command_word word;
  value_reader reader;
  reader.read(document->root(), word);
  if (auto ok = reader.complaints().result(); !ok) {
    return fail(errc::invalid_config, "a line on descriptor 3: " + readable(ok.error().text, 500));
  }
  if (word.save) {
    if (word.save->text.has_value() == word.save->base64.has_value()) {
      return fail(errc::invalid_config, R"(a line on descriptor 3: "save" must have either "text" or "base64")");
    }
    auto item = item_of(word.save->item, items, "save");
    if (!item) {
      return tl::make_unexpected(std::move(item.error()));
    }
    word.save->item = std::move(*item);
  }
  if (word.fail) {
    auto item = item_of(word.fail->item, items, "fail");
    if (!item) {
      return tl::make_unexpected(std::move(item.error()));
    }
    word.fail->item = std::move(*item);
  }
  return word;
}

std::string make_input(const job_context& ctx, const std::string& run, const std::map<item_id, bytes>& states) {
  json_sink sink;
  sink.begin_map();
  const auto text = [&](const char* name, const std::string& x) {
    sink.key(name);
    sink.text(x);
  };
  const auto number = [&](const char* name, std::int64_t x) {
    sink.key(name);
    sink.integer(x);
  };
  text("job", ctx.job().str());
  text("run", run);
  number("attempt", ctx.attempt());
  if (const auto slot = ctx.slot()) {
    number("slot", slot->time_since_epoch().count());
  }
  number("config_rev", ctx.config_rev());
  sink.key("config");
  write_view(sink, ctx.config().view());
  sink.key("items");
  sink.begin_list();
  for (const auto& w : ctx.items()) {
    sink.element();
    sink.begin_map();
    text("id", w.id.str());
    number("token", w.token);
    if (const auto state = states.find(w.id); state != states.end()) {
      write_state(sink, state->second);
    }
    sink.end_map();
  }
  sink.end_list();
  sink.end_map();
  return sink.take() + "\n";
}

verdict judge_service(verdict v, duration took, duration start_time) {
  using kind = verdict::kind;
  const bool has_started = took >= start_time;
  if (v.what == kind::finished && !has_started) {
    return {kind::failed, fmt::format("it ended after {}; it has started after {} (start_time)",
                                      describe_duration(took), describe_duration(start_time))};
  }
  if (v.what == kind::failed && has_started) {
    v.what = kind::failed_for_good;
  }
  return v;
}

verdict judge(const command_end& end, const std::string& program, const std::string& wrong) {
  using kind = verdict::kind;
  const auto with_tail = [&](std::string text) {
    const auto tail = readable(end.rest.tail, 2000);
    return tail.empty() ? text : text + "; its output ended with: " + tail;
  };
  if (end.helper_lost) {
    return {kind::failed, "its helper was killed or did not answer, and the command was killed with it"};
  }
  if (end.why_not) {
    return judge_refusal(*end.why_not, program);
  }
  if (end.not_ready) {
    return {kind::failed, with_tail("it was not ready in time")};
  }
  if (!end.how) {
    return {kind::failed, "it was not started: it was to stop before"};
  }
  constexpr int temporary = 75, usage = 64, configuration = 78;
  if (!end.how->signalled && end.how->code == temporary && wrong.empty()) {
    return {kind::postponed, with_tail("exit code 75")};
  }
  if (end.how->signalled || end.how->code != 0) {
    const bool for_good = !end.how->signalled && (end.how->code == usage || end.how->code == configuration);
    return {for_good ? kind::failed_for_good : kind::failed,
            with_tail(how_it_ended(*end.how) + (wrong.empty() ? "" : "; " + wrong))};
  }
  return wrong.empty() ? verdict{} : verdict{kind::failed, wrong};
}

std::string readable(std::string_view tail, std::size_t most) {
  if (tail.size() > most) {
    tail.remove_prefix(tail.size() - most);
    while (!tail.empty() && (static_cast<unsigned char>(tail.front()) & 0xc0u) == 0x80u) {
      tail.remove_prefix(1); // not in the middle of a character
    }
  }
  std::string text{tail};
  const bool utf8 = impl::is_utf8(text);
  for (auto& c : text) {
    const auto u = static_cast<unsigned char>(c);
    if ((u < 0x20 && c != '\n' && c != '\t') || u == 0x7f || (!utf8 && u >= 0x80)) {
      c = '?';
    }
  }
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  return text;
}

} // namespace djm::exec

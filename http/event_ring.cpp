#include "http/event_ring.hpp"

#include <algorithm>
#include <charconv>

namespace djm::http {

std::uint64_t event_ring::add(std::string type, std::string json) {
  bytes_ += type.size() + json.size();
  entries_.push_back({next_, std::move(type), std::move(json)});
  // One that is too large by itself is kept as long as it is the latest.
  while (entries_.size() > 1 && (entries_.size() > limits_.events || bytes_ > limits_.bytes)) {
    bytes_ -= entries_.front().type.size() + entries_.front().json.size();
    entries_.pop_front();
  }
  return next_++;
}

void event_ring::lose() {
  entries_.clear();
  bytes_ = 0;
  ++next_;
}

std::optional<std::uint64_t> event_ring::number_of(std::string_view id) const {
  if (id.size() <= life_.size() + 1 || id.substr(0, life_.size()) != life_ || id[life_.size()] != '-') {
    return std::nullopt;
  }
  id.remove_prefix(life_.size() + 1);
  std::uint64_t number = 0;
  const auto* end = id.data() + id.size();
  const auto read = std::from_chars(id.data(), end, number);
  return read.ec == std::errc{} && read.ptr == end ? std::optional{number} : std::nullopt;
}

std::vector<const event_ring::entry*> event_ring::from(std::uint64_t number, std::string_view type,
                                                       std::size_t most) const {
  std::vector<const entry*> found;
  const auto skip = number > first() ? number - first() : 0;
  for (auto i = static_cast<std::size_t>(std::min<std::uint64_t>(skip, entries_.size()));
       i < entries_.size() && found.size() < most; ++i) {
    if (type.empty() || entries_[i].type == type) {
      found.push_back(&entries_[i]);
    }
  }
  return found;
}

std::string event_ring::stream(std::uint64_t& next, std::size_t most) const {
  std::string out;
  if (next < first()) {
    const auto missed = next == 0 ? std::string{"null"} : std::to_string(first() - next);
    out = "event: gap\ndata: {\"missed\":" + missed + "}\n\n";
    next = first();
  }
  while (next < next_ && out.size() < most) {
    const auto& e = entries_[static_cast<std::size_t>(next - first())];
    out += "id: " + id_of(e.number) + "\nevent: " + e.type + "\ndata: " + e.json + "\n\n";
    ++next;
  }
  return out;
}

} // namespace djm::http

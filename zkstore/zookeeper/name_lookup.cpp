#include "zkstore/zookeeper/name_lookup.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>

#include "model/never_destroyed.hpp"

namespace djm::store {

namespace {

/// A request to the C library, which reads and writes it until it has answered.
struct lookup_request {
  std::string host;
  addrinfo hints{};
  gaicb block{};

  explicit lookup_request(std::string name) : host{std::move(name)} {
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    block.ar_name = host.c_str();
    block.ar_request = &hints;
  }
  ~lookup_request() {
    if (block.ar_result != nullptr) {
      freeaddrinfo(block.ar_result);
    }
  }
  lookup_request(const lookup_request&) = delete;
  lookup_request& operator=(const lookup_request&) = delete;
};

struct left_behind {
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<lookup_request>> requests;
};

// The C library goes on writing into what is in it, also while the process ends.
left_behind& the_left_behind() {
  static impl::never_destroyed<left_behind> instance;
  return *instance;
}

void let_go(lookup_request* r) {
  std::unique_ptr<lookup_request> owned{r};
  if (gai_error(&r->block) != EAI_INPROGRESS || gai_cancel(&r->block) == EAI_CANCELED) {
    return;
  }
  auto& left = the_left_behind();
  std::lock_guard<std::mutex> guard{left.mutex};
  auto [i, fresh] = left.requests.emplace(r->host, nullptr);
  // A second one of the same name (of another factory) stays for ever: nobody may free it now.
  if (fresh) {
    i->second = std::move(owned);
  } else {
    static_cast<void>(owned.release());
  }
}

std::unique_ptr<lookup_request> take_up(const std::string& host) {
  auto& left = the_left_behind();
  std::lock_guard<std::mutex> guard{left.mutex};
  auto i = left.requests.find(host);
  if (i == left.requests.end()) {
    return nullptr;
  }
  auto found = std::move(i->second);
  left.requests.erase(i);
  // An answer from then says nothing of now.
  return gai_error(&found->block) == EAI_INPROGRESS ? std::move(found) : nullptr;
}

looked_up answer_of(const lookup_request& r, int code) {
  looked_up result;
  if (code != 0) {
    result.fault = gai_strerror(code);
    return result;
  }
  for (const auto* a = r.block.ar_result; a != nullptr; a = a->ai_next) {
    char text[NI_MAXHOST] = {};
    if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text), nullptr, 0, NI_NUMERICHOST) == 0) {
      result.addresses.emplace_back(text);
    }
  }
  if (result.addresses.empty()) {
    result.fault = "no address";
  }
  return result;
}

name_lookup begin(const std::string& host) {
  auto owned = take_up(host);
  if (!owned) {
    owned = std::make_unique<lookup_request>(host);
    gaicb* list[] = {&owned->block};
    if (const auto code = getaddrinfo_a(GAI_NOWAIT, list, 1, nullptr); code != 0) {
      return [text = std::string{gai_strerror(code)}] { return looked_up{{}, text}; };
    }
  }
  std::shared_ptr<lookup_request> r{owned.release(), let_go};
  return [r]() -> std::optional<looked_up> {
    const auto code = gai_error(&r->block);
    if (code == EAI_INPROGRESS) {
      return std::nullopt;
    }
    return answer_of(*r, code);
  };
}

} // namespace

name_service system_names() {
  return begin;
}

} // namespace djm::store

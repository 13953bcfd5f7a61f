#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/run_page.hpp"
#include "sockets.hpp"

namespace djm::test {

/// Somebody on loopback who answers every request with the same text, as it is; or never.
class fake_web {
public:
  /// Takes connections and says nothing.
  fake_web();
  explicit fake_web(std::string answer);
  ~fake_web();
  fake_web(const fake_web&) = delete;
  fake_web& operator=(const fake_web&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// Requests so far, up to the end of their headers.
  std::vector<std::string> requests() const;

private:
  void serve();

  socket_fd listener_;
  std::uint16_t port_ = 0;
  std::string answer_;
  std::atomic<bool> over_{false};
  mutable std::mutex guard_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

/// The text of a whole answer.
std::string web_answer(const std::string& body, const std::string& status = "200 OK");
/// What a node says of its runs.
std::string web_answer(const http::run_page& page);

} // namespace djm::test

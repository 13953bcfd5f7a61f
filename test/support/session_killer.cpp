#include "session_killer.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

#include "sockets.hpp"

namespace djm::test {

namespace {

template <class T>
void put(std::string& out, T value) {
  auto bits = static_cast<std::uint64_t>(value);
  for (std::size_t i = sizeof value; i-- > 0;) {
    out += static_cast<char>(bits >> (8 * i) & 0xff);
  }
}

std::int32_t int_at(const std::string& bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
  }
  return static_cast<std::int32_t>(value);
}

// SessionTracker's generatePasswd: java.util.Random seeded with the id and a constant.
std::string password_of(std::int64_t session) {
  constexpr std::uint64_t mask = (std::uint64_t{1} << 48) - 1;
  constexpr std::uint64_t factor = 0x5DEECE66D;
  auto seed = (static_cast<std::uint64_t>(session) ^ 0xB3415C00 ^ factor) & mask;
  std::string bytes;
  while (bytes.size() < 16) {
    seed = (seed * factor + 0xB) & mask;
    auto word = static_cast<std::uint32_t>(seed >> 16);
    for (int i = 0; i < 4; ++i, word >>= 8) {
      bytes += static_cast<char>(word & 0xff);
    }
  }
  return bytes;
}

std::string frame(const std::string& body) {
  std::string packet;
  put(packet, static_cast<std::int32_t>(body.size()));
  return packet + body;
}

std::string farewell(std::int64_t session) {
  std::string hello;
  put(hello, std::int32_t{0});     // protocol
  put(hello, std::int64_t{0});     // latest zxid seen
  put(hello, std::int32_t{10000}); // timeout
  put(hello, session);
  put(hello, std::int32_t{16});
  hello += password_of(session);
  hello += '\0'; // read-only
  std::string close;
  put(close, std::int32_t{1});   // xid
  put(close, std::int32_t{-11}); // closeSession
  return frame(hello) + frame(close);
}

} // namespace

void kill_session(const std::string& address, std::uint16_t port, std::int64_t session) {
  auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (std::chrono::steady_clock::now() < give_up) {
    // The owner may snatch the session back before we can close it: then we are told nothing and try again.
    auto answer = ask(address, port, farewell(session), std::chrono::milliseconds{200});
    // Length, protocol, timeout: a timeout of 0 says that there is no such session (any more).
    if (answer && answer->size() >= 12 && int_at(*answer, 8) == 0) {
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  throw std::runtime_error{"the server does not end session " + std::to_string(session)};
}

} // namespace djm::test

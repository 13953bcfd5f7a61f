#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace djm::test {

/// Hosts on one Ethernet: network namespaces, each joined by a veth pair to a bridge in our own namespace, from where
/// all of them can be reached. One lab at a time in a process. Needs root, `ip` (iproute2) and `nft` (nftables).
/// Removed by the destructor; what a killed test has left behind is removed by the next one. Throws
/// `std::runtime_error` with the command that failed.
class net_lab {
public:
  /// Whether this process may build one here.
  static bool available();

  explicit net_lab(std::size_t hosts);
  ~net_lab();
  net_lab(const net_lab&) = delete;
  net_lab& operator=(const net_lab&) = delete;

  std::size_t size() const noexcept { return hosts_.size(); }
  const std::string& name(std::size_t host) const { return hosts_.at(host).name; }
  const std::string& address(std::size_t host) const { return hosts_.at(host).address; }

  /// Drops all packets between the two, silently and both ways.
  void cut(std::size_t one, std::size_t other);
  /// Drops what `from` sends to `to`.
  void cut_one_way(std::size_t from, std::size_t to);
  /// Cuts the host from all others; from our own namespace it stays reachable.
  void isolate(std::size_t host);
  /// Drops everything between the host and our own namespace.
  void cut_from_us(std::size_t host);
  /// Drops everything the host sends or should get, from the others and from us: as if its cable was out. Quick enough
  /// to be done several times a second.
  void block(std::size_t host);
  /// Ends `block`, and nothing else.
  void unblock(std::size_t host);
  /// Ends every cut; what is blocked stays so.
  void heal_cuts();
  /// Ends everything.
  void heal();

private:
  struct machine {
    std::string name;
    std::string address;
  };

  void remove() noexcept;
  void drop_from(std::size_t host, const std::string& address);

  std::string tag_;
  std::string bridge_;
  std::string own_address_;
  std::vector<machine> hosts_;
};

} // namespace djm::test

#include "app/listen_address.hpp"

#include <charconv>

namespace syncline::app {

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto wrong = [text] {
    return Error(ErrorCode::bad_request, "'" + std::string(text) +
                                             "' is no address to listen on; write it like "
                                             "127.0.0.1:8437 or [::1]:8437");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view address = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (address.starts_with('[')) {
    if (!address.ends_with(']')) return wrong();
    address = address.substr(1, address.size() - 2);
    if (address.find(':') == std::string_view::npos) return wrong();  // no IPv6 address
  } else if (address.find(':') != std::string_view::npos) {
    return wrong();
  }
  ListenAddress result;
  result.address = address.empty() ? "127.0.0.1" : std::string(address);
  const auto [end, status] =
      std::from_chars(digits.data(), digits.data() + digits.size(), result.port);
  if (status != std::errc() || end != digits.data() + digits.size()) return wrong();
  return result;
}

InitialTenant parse_initial_tenant(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {.id = std::string(text)};
  return {.id = std::string(text.substr(0, colon)), .plan = std::string(text.substr(colon + 1))};
}

}  // namespace syncline::app

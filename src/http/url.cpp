#include "http/url.hpp"

#include <charconv>
#include <cstdint>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace syncline::http {

namespace {

bool is_port(const std::string& text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

}  // namespace

Result<ServerUrl> parse_server_url(std::string_view text) {
  const auto wrong = [text](const char* reason) {
    return Error(ErrorCode::bad_request, "\"" + std::string(text) + "\" is not a server's URL: " +
                                             reason + "; right is http://host:port.");
  };
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view(text.data(), text.size()));
  if (!parsed) return wrong("it is malformed");
  const boost::urls::url_view url = *parsed;
  if (url.scheme() != "http") return wrong("only http is spoken");
  if (url.host().empty()) return wrong("it names no host");
  if (url.has_userinfo()) return wrong("it carries a user");
  if (url.has_query() || url.has_fragment()) return wrong("it goes on after the path");
  ServerUrl server;
  server.host = url.host_address();
  server.port = url.has_port() ? std::string(url.port()) : "80";
  if (!is_port(server.port)) return wrong("its port is not one");
  server.authority = std::string(url.encoded_host_and_port());
  server.prefix = std::string(url.encoded_path());
  while (server.prefix.ends_with('/')) server.prefix.pop_back();
  return server;
}

}  // namespace syncline::http

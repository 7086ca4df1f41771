#include "support/fault_proxy.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <list>
#include <mutex>
#include <poll.h>
#include <random>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "support/fault_link.hpp"

namespace syncline::test {
namespace {

using Time = Lane::Clock::time_point;

constexpr std::size_t max_links = 256;
constexpr std::uint64_t break_within_bytes = 4096;
constexpr std::string_view refusal =
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

Descriptor listen_anywhere(std::uint16_t& port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const pointer = reinterpret_cast<sockaddr*>(&address);
  const bool good = ::bind(socket.get(), pointer, size) == 0 &&
                    ::listen(socket.get(), SOMAXCONN) == 0 &&
                    ::getsockname(socket.get(), pointer, &size) == 0;
  if (!good) throw std::runtime_error("the fault proxy cannot listen");
  port = ntohs(address.sin_port);
  return socket;
}

}  // namespace

struct FaultProxy::Impl {
  Impl(std::uint16_t to, const Faults& given)
      : server_port(to), listener(listen_anywhere(port)), wake(::eventfd(0, EFD_CLOEXEC)) {
    set(given);
    thread = std::thread([this] { run(); });
  }

  void set(const Faults& given);
  void run();
  void wait();
  int wait_ms() const;
  void accept_clients();
  void serve(Link& link, Time now);
  void read(Link& link, bool answers, Time now);
  void repeat(const std::string& request);
  std::size_t let_through(Link& link, bool answers, std::size_t bytes);
  void flush(Link& link, Time now);

  const std::uint16_t server_port;
  std::uint16_t port = 0;
  Descriptor listener;
  Descriptor wake;

  mutable std::mutex mutex;  // over all that follows but the thread
  Faults faults;
  ProxyCounts counts;
  std::uint64_t request_bytes = 0;  // since the faults were set
  std::uint64_t answer_bytes = 0;
  bool is_cut = false;  // since then
  std::mt19937_64 random;
  bool stopping = false;
  std::list<Link> links;

  std::thread thread;
};

void FaultProxy::Impl::set(const Faults& given) {
  {
    const std::lock_guard lock(mutex);
    if (given.seed != faults.seed || given.break_percent != faults.break_percent) {
      random.seed(given.seed);
    }
    faults = given;
    request_bytes = 0;
    answer_bytes = 0;
    is_cut = false;
    if (faults.break_percent == 0) {
      for (Link& link : links) link.break_after.reset();
    }
  }
  ::eventfd_write(wake.get(), 1);
}

void FaultProxy::Impl::run() {
  while (true) {
    wait();
    const std::lock_guard lock(mutex);
    if (stopping) return;
    accept_clients();
    if (faults.hold) continue;
    const Time now = Lane::Clock::now();
    // New links may come at the end while this goes on.
    for (auto link = links.begin(); link != links.end(); ++link) serve(*link, now);
    links.remove_if([](const Link& link) { return link.dead; });
  }
}

/// Until something can be done. While it holds, sockets are left alone.
void FaultProxy::Impl::wait() {
  std::vector<pollfd> waiting{{wake.get(), POLLIN, 0}, {listener.get(), POLLIN, 0}};
  int timeout_ms = -1;
  {
    const std::lock_guard lock(mutex);
    if (!faults.hold) timeout_ms = wait_ms();
    for (const Link& link : links) {
      if (faults.hold) break;
      const auto want = [&](const Descriptor& at, const Lane& in, const Lane& out) {
        if (at.get() < 0) return;
        const auto due = out.next_due();
        const bool late = due && *due <= Lane::Clock::now();
        const int events = (!in.full() && !in.ended ? POLLIN : 0) | (late ? POLLOUT : 0);
        if (events != 0) waiting.push_back({at.get(), static_cast<short>(events), 0});
      };
      want(link.client, link.requests, link.answers);
      want(link.server, link.answers, link.requests);
    }
  }
  ::poll(waiting.data(), waiting.size(), timeout_ms);
  eventfd_t count = 0;
  if ((waiting[0].revents & POLLIN) != 0) ::eventfd_read(wake.get(), &count);
}

/// Until the first piece that is not due yet; -1 if there is none. What is late waits for its
/// socket.
int FaultProxy::Impl::wait_ms() const {
  const Time now = Lane::Clock::now();
  std::optional<Time> first;
  for (const Link& link : links) {
    for (const Lane* lane : {&link.requests, &link.answers}) {
      const auto due = lane->next_due();
      if (due && *due > now && (!first || *due < *first)) first = due;
    }
  }
  if (!first) return -1;
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(*first - now).count());
}

void FaultProxy::Impl::accept_clients() {
  while (true) {
    Descriptor client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client.get() < 0) return;
    if (links.size() >= max_links || (is_cut && faults.stay_cut)) continue;
    prepare_socket(client.get());
    ++counts.connections;
    Link& link = links.emplace_back();
    link.client = std::move(client);
    if (random() % 100 < faults.break_percent) {
      link.break_after = random() % break_within_bytes;
      link.break_answers = random() % 2 == 0;
    }
  }
}

void FaultProxy::Impl::serve(Link& link, Time now) {
  if (link.server.get() < 0) {
    link.server = connect_to(server_port);
    if (link.server.get() < 0) link.dead = true;
  }
  if (!link.dead && link.client.get() >= 0) read(link, false, now);
  if (!link.dead) read(link, true, now);
  if (!link.dead) flush(link, now);
}

void FaultProxy::Impl::read(Link& link, bool answers, Time now) {
  Lane& lane = answers ? link.answers : link.requests;
  const int from = answers ? link.server.get() : link.client.get();
  std::array<char, 16'384> bytes{};
  while (!lane.ended && !lane.full()) {
    const ssize_t size = ::recv(from, bytes.data(), bytes.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (size <= 0) {
      lane.ended = true;
      return;
    }
    const std::string_view read(bytes.data(), static_cast<std::size_t>(size));
    if (link.client.get() < 0) {  // the answer to a request that was repeated
      ++counts.repeated;
      link.dead = true;
      return;
    }
    if (!answers && faults.refuse_upgrades && asks_for_upgrade(read)) {
      ++counts.refused;
      link.answers.put(std::string(refusal), now + faults.delay, faults.bytes_per_second);
      link.answers.ended = true;
      return;
    }
    if (!answers && faults.repeat_requests) {
      for (auto request = link.framer.take(read); request; request = link.framer.take({})) {
        repeat(*request);
      }
    }
    const std::size_t passed = let_through(link, answers, read.size());
    lane.put(std::string(read.substr(0, passed)), now + faults.delay, faults.bytes_per_second);
  }
}

void FaultProxy::Impl::repeat(const std::string& request) {
  Link& link = links.emplace_back();
  link.server = connect_to(server_port);
  link.requests.put(request, Lane::Clock::now(), 0);
  link.dead = link.server.get() < 0;
}

/// How many of these bytes go on. If not all may, or none after them, the direction ends with them.
std::size_t FaultProxy::Impl::let_through(Link& link, bool answers, std::size_t bytes) {
  std::uint64_t& since_set = answers ? answer_bytes : request_bytes;
  std::uint64_t& in_all = answers ? counts.answer_bytes : counts.request_bytes;
  auto& cut_after = answers ? faults.cut_answers_after : faults.cut_requests_after;
  std::uint64_t passed = bytes;
  bool ends = false;
  if (cut_after && since_set + bytes >= *cut_after) {
    passed = *cut_after - since_set;
    cut_after.reset();
    is_cut = true;
    ++counts.cuts;
    ends = true;
  }
  if (link.break_after && link.break_answers == answers) {
    const std::uint64_t left = *link.break_after - link.passed_bytes;
    if (passed >= left) {
      passed = left;
      ++counts.broken;
      link.break_after.reset();
      ends = true;
    }
    link.passed_bytes += passed;
  }
  since_set += passed;
  in_all += passed;
  if (ends) link.requests.ended = link.answers.ended = true;
  return passed;
}

void FaultProxy::Impl::flush(Link& link, Time now) {
  const bool sent = link.requests.send_due(link.server.get(), now) &&
                    (link.client.get() < 0 || link.answers.send_due(link.client.get(), now));
  const bool requests_over = link.requests.ended && link.requests.empty();
  const bool answers_over = link.answers.ended && link.answers.empty();
  // Neither side does anything for the other once one of them is gone.
  if (!sent || answers_over || (requests_over && link.answers.empty())) link.dead = true;
}

FaultProxy::FaultProxy(std::uint16_t server_port, const Faults& faults)
    : impl_(std::make_unique<Impl>(server_port, faults)) {}

FaultProxy::~FaultProxy() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  ::eventfd_write(impl_->wake.get(), 1);
  impl_->thread.join();
}

std::uint16_t FaultProxy::port() const noexcept { return impl_->port; }

std::string FaultProxy::url() const { return "http://127.0.0.1:" + std::to_string(impl_->port); }

void FaultProxy::set(const Faults& faults) { impl_->set(faults); }

ProxyCounts FaultProxy::counts() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->counts;
}

}  // namespace syncline::test

// Rounds of a client with a server that answers anything. The input is a sequence of steps, each an
// answer: its kind says the status and the format.
#include "syncline/sync_client.hpp"

#include <array>

#include "support/check.hpp"
#include "support/steps.hpp"
#include "support/world.hpp"
#include "sync/body.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

constexpr std::array statuses{200U, 200U, 200U, 200U, 400U, 409U, 410U, 503U};

/// Gives one answer after the other, whatever is asked, and then none any more.
class Answers final : public Transport {
 public:
  explicit Answers(std::vector<Step> steps) : steps_(std::move(steps)) {}

  bool more() const { return next_ < steps_.size(); }

  Result<HttpResponse> send(const HttpRequest& request) override {
    FUZZ_CHECK(request.target.starts_with("/v1/tenants/shop/sync/"));
    const auto type = request.headers.find("Content-Type");
    if (type != request.headers.end()) {
      const bool packed = type->second == media_type(BodyFormat::msgpack);
      FUZZ_CHECK(
          parse_body(request.body, packed ? BodyFormat::msgpack : BodyFormat::json).has_value());
    }
    if (!more()) return Error{ErrorCode::unavailable, "there are no more answers"};
    const Step step = steps_[next_++];
    const bool packed = step.kind % 2 == 1;
    HttpResponse response;
    response.status = statuses[step.kind / 2U % statuses.size()];
    response.headers["Content-Type"] = media_type(packed ? BodyFormat::msgpack : BodyFormat::json);
    response.body = text_of(step.bytes);
    return response;
  }
  TransportStatistics statistics() const override { return {}; }

 private:
  std::vector<Step> steps_;
  std::size_t next_ = 0;
};

}  // namespace

void sync_client(Bytes bytes) {
  ManualClock clock{world_begins_us};
  SeededRandom random{77};
  const std::unique_ptr<Replica> edge = make_edge(clock, random);
  Answers answers(read_steps(bytes));
  SyncClient::Options options;
  options.tenant = "shop";
  SyncClient client(*edge, answers, options);
  constexpr int most_rounds = 4;
  for (int round = 0; round < most_rounds && answers.more(); ++round) {
    const Result<SyncReport> report = client.sync();
    if (!report) check_error(report.error());
    clock.advance_us(1'000'000);
  }
  check_replica(*edge);
}

}  // namespace syncline::fuzz

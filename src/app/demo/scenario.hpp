// The story of the demo: load, part, edit, come back.
#pragma once

#include <functional>
#include <memory>

#include "app/api_client.hpp"
#include "app/demo/collisions.hpp"
#include "app/demo/edge.hpp"
#include "app/demo/iso_codes.hpp"
#include "app/demo/result.hpp"

namespace syncline::app {

/// How slow edge B's clock is.
inline constexpr std::int64_t slow_clock_offset_s = -300;

/// Two edges against a cloud node that is there already.
class Scenario {
 public:
  using OnStep = std::function<void(const DemoStep&)>;

  /// `api` and `result` have to outlive it; every step is put into the result and told to
  /// `on_step`.
  Scenario(ApiClient& api, DemoResult& result, OnStep on_step)
      : api_(api), result_(result), on_step_(std::move(on_step)) {}

  /// Opens the edges. Errors: those of the edges.
  Result<void> open(const std::string& url);
  /// Edge A loads countries and subdivisions, edge B languages; both synchronise.
  Result<void> load(const IsoCodes& source);
  /// Both go offline and edit.
  Result<void> edit_offline(const IsoCodes& source, const std::vector<Collision>& plan);
  /// Both come back and synchronise in turns until nothing moves any more.
  Result<void> come_back();
  /// A fresh replica takes everything from the cloud, so that the cloud's contents can be compared.
  Result<void> audit(const std::string& url);

  Edge& edge_a() noexcept { return *edge_a_; }
  Edge& edge_b() noexcept { return *edge_b_; }
  Edge& auditor() noexcept { return *auditor_; }

 private:
  void add_step(DemoStep step);
  Result<SyncReport> sync(Edge& edge, const std::string& what);
  Result<void> load_one(Edge& edge, const std::vector<const std::vector<SourceRow>*>& tables,
                        const std::string& what);
  Result<void> edit_collisions(Edge& edge, const std::vector<Collision>& plan, bool a_first,
                               const std::string& what);
  Result<void> edit_apart(Edge& edge, const std::vector<SourceRow>& rows,
                          const std::vector<Collision>& plan, std::size_t stride,
                          const std::string& what);
  Result<void> write_at_cloud();

  ApiClient& api_;
  DemoResult& result_;
  OnStep on_step_;
  std::unique_ptr<Edge> edge_a_;
  std::unique_ptr<Edge> edge_b_;
  std::unique_ptr<Edge> auditor_;
};

}  // namespace syncline::app

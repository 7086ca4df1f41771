// How a replica stands to its tenant, kept with it between two starts: which replica is the home,
// its policies, how much of the log is kept, and which id it gave up.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "syncline/tenant.hpp"

namespace syncline {

/// What holds for a tenant: policies, who is its home, how much of the log is kept.
struct TenantTerms {
  PolicySettings policies;
  std::uint64_t version = 0;  ///< of the settings
  std::uint64_t max_clock_drift_ms = 0;
  std::optional<NodeId> home;
  Retention retention;
};

/// The tenant's home as the server told it last; nullopt: there is none, or no server was heard.
std::optional<NodeId> home_of(const Replica& replica);
/// The tenant's retention, likewise.
Retention retention_of(const Replica& replica);
/// The home of the tenant that this replica has joined: it has exchanged everything once with the
/// home or with a node that answers for it there. nil: it has not.
NodeId joined_home(const Replica& replica);
/// Keeps that it has joined that home, if this is new. Errors: those of `Replica::set_property`.
Result<void> note_joined_home(Replica& replica, const NodeId& home);
/// The number of the stable marker with which this replica came back after it had been given up:
/// nobody has waited for what those behind it wrote before they had applied that. 0: it never was.
std::uint64_t came_back_at(const Replica& replica);
/// The home has given it up, and it has not come back yet.
bool was_given_up(const Replica& replica);
/// Keeps that the home gave it up. Errors: those of `Replica::set_property`.
Result<void> note_given_up(Replica& replica);
/// Keeps that it came back with that marker. Errors: as above.
Result<void> note_came_back(Replica& replica, std::uint64_t marker);
/// The home has no later marker than that: it came back older itself. Errors: as above.
Result<void> limit_came_back(Replica& replica, std::uint64_t marker);
/// Goes by these terms from now on. Errors: those of `Replica::set_property`.
Result<void> keep_terms(Replica& replica, const TenantTerms& terms);
/// Goes by the policies and the clock drift that were told last, after a new start: rows have to
/// show the same winner also before a server is reached. If what `replica` was opened with is of a
/// newer version, or nothing was told, that stays.
void recall_policies(Replica& replica);
/// Keeps that a server knows of the id given up. Errors: as above.
Result<void> forget_replaced_id(Replica& replica);

/// What this node tells others: its own settings or, if its replica is one that registered with
/// somebody, those that it was told. So a node that passes changes on passes the home's word on.
TenantTerms terms_of(const Tenant& tenant);

/// True if the node goes by what it was told: its replica has heard of a home, and that is another.
bool goes_by_another(const Tenant& tenant);
/// The tenant's home as this node goes by it; nullopt: there is none, or none was heard of.
std::optional<NodeId> known_home(const Tenant& tenant);
/// The tenant's settings as this node goes by them: its own, with the terms that it was told.
TenantSettings known_settings(const Tenant& tenant);

/// True if what `teller` says of the tenant counts more than what `replica` goes by: it is the home
/// itself, nobody was heard before, or it has heard of newer settings of the same home.
bool is_newer_word(const Replica& replica, const NodeId& teller, const TenantTerms& said);

/// Whom a server named as given up when this replica was new to it.
std::set<NodeId> told_given_up(const Replica& replica);
/// Keeps more of them. Errors: as above.
Result<void> note_told_given_up(Replica& replica, const std::vector<NodeId>& nodes);

/// The id that this replica gave up and no server knows of yet; nil: none.
NodeId replaced_id(const Replica& replica);
/// Keeps it until a server knows. Errors: as above.
Result<void> note_replaced_id(Replica& replica, const NodeId& before);

/// Ids under which a home wrote until it was found to be an older copy of itself. What it holds of
/// them behind its last stable marker may be something else than what others hold.
std::set<NodeId> left_ids(const Replica& replica);
/// Adds one. Errors: as above.
Result<void> note_left_id(Replica& replica, const NodeId& before);

}  // namespace syncline

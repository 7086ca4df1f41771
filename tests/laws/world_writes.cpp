#include <algorithm>

#include "laws/verify.hpp"
#include "laws/world.hpp"

namespace syncline::laws {
namespace {

constexpr std::string_view same_bytes = "\"same\"";

bool is_resolving(Act act) { return act == Act::resolve_lesser || act == Act::resolve_new; }

}  // namespace

bool World::deleted(const Site& site, std::size_t row) const {
  const ExpectedRow& expected = graph_.expected(row, site.held);
  return expected.heads.empty() ||
         graph_.at(expected.heads.front()).change.operation == Operation::erase;
}

std::size_t World::head_count(const Site& site, std::size_t row) const {
  return graph_.expected(row, site.held).heads.size();
}

std::string World::payload_of(Act act) const {
  if (act == Act::put_same || act == Act::put_same_raw) return std::string(same_bytes);
  return "{\"n\":" + std::to_string(graph_.size()) + "}";
}

bool World::write(std::size_t index, std::size_t row, Act act) {
  if (failed()) return true;
  tell(std::string(to_string(act)) + " row", index, row);
  Site& site = sites_[index];
  return is_resolving(act) ? resolve(site, row, act) : put_or_erase(site, row, act);
}

namespace {

Payload payload(Act act, std::string_view bytes) {
  return act == Act::put_same_raw ? Payload::raw(bytes) : Payload::json(bytes);
}

}  // namespace

/// A row with siblings under a policy that does not settle: a write that does not show that it
/// knows of them is refused.
void World::expect_refusal(Site& site, std::size_t row, Act act) {
  const RowName& name = graph_.name(row);
  const std::string data = payload_of(act);
  const auto result = act == Act::erase
                          ? site.replica->erase(name.table, name.row_id)
                          : site.replica->put(name.table, name.row_id, payload(act, data));
  expect(!result, "a plain write on an open conflict is refused");
  if (failed()) return;
  const bool nothing_there = act == Act::erase && deleted(site, row);
  expect(result.error().code == ErrorCode::conflict_open || nothing_there,
         "it is refused as conflict_open");
  expect(site.replica->log().last_lsn() == site.held.count(), "a refused write leaves nothing");
}

bool World::put_or_erase(Site& site, std::size_t row, Act act) {
  const RowName& name = graph_.name(row);
  const std::string data = payload_of(act);
  WriteOptions options;
  std::string token;
  if (!graph_.settles() && head_count(site, row) > 1) {
    expect_refusal(site, row, act);
    token = site.replica->token(name.table, name.row_id);
    options.if_match = token;
  }
  if (failed()) return true;
  const bool absent = deleted(site, row);
  Replica& replica = *site.replica;
  if (act == Act::erase) {
    const auto result = replica.erase(name.table, name.row_id, options);
    if (absent) {
      expect(!result && result.error().code == ErrorCode::row_not_found,
             "what is not there cannot be deleted");
      return false;
    }
    if (!result) {
      fail("erase: " + to_string(result.error()));
    } else {
      written(site, row, *result, Operation::erase);
    }
    return true;
  }
  const Payload value = payload(act, data);
  if (absent) {
    const auto wrong = replica.update(name.table, name.row_id, value, options);
    expect(!wrong && wrong.error().code == ErrorCode::row_not_found, "update needs a row");
  } else {
    const auto wrong = replica.insert(name.table, name.row_id, value, options);
    expect(!wrong && wrong.error().code == ErrorCode::precondition_failed, "insert needs none");
  }
  const auto exact = [&] {
    return absent ? replica.insert(name.table, name.row_id, value, options)
                  : replica.update(name.table, name.row_id, value, options);
  };
  const auto result =
      graph_.size() % 2 == 0 ? replica.put(name.table, name.row_id, value, options) : exact();
  if (!result) {
    fail("write: " + to_string(result.error()));
  } else {
    written(site, row, *result, absent ? Operation::insert : Operation::update);
    expect(failed() || graph_.at(graph_.size() - 1).change.payload() == value,
           "the payload is what was written");
  }
  return true;
}

void World::expect_no_resolving(Site& site, const ConflictId& id) {
  Settlement settlement;
  settlement.how = Settlement::How::pick_local;
  const auto result = site.replica->resolve(id, settlement);
  expect(!result && result.error().code == ErrorCode::conflict_resolved,
         "a conflict that is settled cannot be resolved");
}

bool World::resolve(Site& site, std::size_t row, Act act) {
  const ExpectedRow& expected = graph_.expected(row, site.held);
  const auto overruled = [&](const ExpectedConflict& conflict) {
    return std::any_of(expected.heads.begin(), expected.heads.end(), [&](std::size_t head) {
      return graph_.at(head).saw[conflict.tip_x] && graph_.at(head).saw[conflict.tip_y];
    });
  };
  const auto resolvable = [&](const ExpectedConflict& conflict) {
    if (!graph_.settles()) return conflict.status == ConflictStatus::open;
    return conflict.status == ConflictStatus::resolved && !overruled(conflict);
  };
  const auto found = std::find_if(expected.conflicts.begin(), expected.conflicts.end(), resolvable);
  if (found == expected.conflicts.end()) {
    for (const ExpectedConflict& conflict : expected.conflicts) {
      if (!graph_.settles() || overruled(conflict)) expect_no_resolving(site, conflict.id);
    }
    return false;
  }
  const ConflictId id = found->id;
  const bool x_is_less = graph_.dated_before(found->tip_x, found->tip_y);
  const Change lesser = graph_.at(x_is_less ? found->tip_x : found->tip_y).change;
  const std::string data = payload_of(act);
  Settlement settlement;
  Payload value = Payload::json(data);
  if (act == Act::resolve_new) {
    settlement.how = Settlement::How::data;
    settlement.payload = value;
  } else {
    value = lesser.payload();
    settlement.how = Settlement::How::pick_dot;
    settlement.dot = lesser.dot;
    const auto report = site.replica->conflict(id);
    if (!report) {
      fail("a conflict cannot be looked up: " + to_string(report.error()));
      return true;
    }
    if (graph_.size() % 2 == 0) {
      settlement.how = report->local.dot == lesser.dot ? Settlement::How::pick_local
                                                       : Settlement::How::pick_remote;
    }
  }
  const bool erases = act == Act::resolve_lesser && lesser.operation == Operation::erase;
  const Operation operation = erases               ? Operation::erase
                              : deleted(site, row) ? Operation::insert
                                                   : Operation::update;
  const auto result = site.replica->resolve(id, settlement);
  if (!result) {
    fail("resolve: " + to_string(result.error()));
    return true;
  }
  written(site, row, *result, operation);
  if (failed()) return true;
  const Made& made = graph_.at(graph_.size() - 1);
  expect(made.change.payload() == value, "a conflict is resolved by the value asked for");
  expect(made.resolves == id, "the change names the conflict that it resolves");
  return true;
}

void World::check_date(const Site& site, HybridTime time) {
  std::uint64_t seen = 0;
  for (const std::size_t i : members(site.held)) {
    seen = std::max(seen, graph_.at(i).change.hlc.value);
  }
  expect(time.value > seen, "a write is dated after everything that its replica holds");
  const std::uint64_t now = HybridTime::from_us(site.clock->now_us()).value;
  expect(time.value >= now, "a write is not dated before the clock");
  const std::uint64_t latest = HybridTime::from_us(site.latest_us).value;
  expect(time.value <= std::max(seen, latest) + site.written + 1,
         "a write is dated no later than the clock and what was seen demand");
}

void World::written(Site& site, std::size_t row, const WriteResult& result, Operation operation) {
  const RowName& name = graph_.name(row);
  const ExpectedRow& before = graph_.expected(row, site.held);
  const LogReader reader = site.replica->log();
  const Lsn winner_before =
      before.heads.empty() ? 0 : reader.find(graph_.at(before.heads.front()).change.dot);
  ++site.written;
  expect(result.dot == Dot{site.node, site.written}, "an origin's changes count from 1 by one");
  expect(result.lsn == site.held.count() + 1, "a write comes next in the log");
  expect(result.operation == operation, "the operation is what the writer did, as it saw the row");
  expect(reader.last_lsn() >= result.lsn && result.lsn > 0, "a write is in the log");
  if (failed()) return;
  const LogEntry entry = reader.at(result.lsn);
  Change change = entry.change.to_change();
  expect(change.dot == result.dot && change.hlc == result.hlc && change.operation == operation,
         "the log holds what was written");
  expect(change.table == name.table && change.row_id == name.row_id, "under the name of its row");
  expect(change.context == graph_.clock_of(site.held & graph_.of_row(row)),
         "a write's context is all that its replica holds of the row");
  expect(change.stable == 0, "there is no marker");
  check_date(site, change.hlc);
  std::string record(reinterpret_cast<const char*>(entry.change.record.data()),
                     entry.change.record.size());
  const std::size_t index = graph_.add(std::move(change), std::move(record), row, site.held);
  site.held.set(index);
  check_filed(site, index, Verdict::applied, winner_before);
}

void World::transaction(std::size_t index, std::span<const RowAct> acts) {
  if (failed()) return;
  Site& site = sites_[index];
  std::vector<Write> writes;
  std::vector<std::string> texts;
  texts.reserve(2 * acts.size());
  std::vector<bool> present(graph_.rows());
  std::vector<bool> touched(graph_.rows());
  for (std::size_t row = 0; row < graph_.rows(); ++row) present[row] = !deleted(site, row);
  std::vector<Operation> operations;
  for (const RowAct& each : acts) {
    tell("in a transaction " + std::string(to_string(each.act)) + " row", index, each.row);
    if (each.act == Act::erase && !present[each.row]) continue;
    const RowName& name = graph_.name(each.row);
    Write write{each.act == Act::erase ? WriteKind::erase : WriteKind::put,
                name.table,
                name.row_id,
                {},
                {}};
    texts.push_back(payload_of(each.act));
    if (each.act != Act::erase) write.payload = payload(each.act, texts.back());
    if (!touched[each.row] && head_count(site, each.row) > 1) {
      texts.push_back(site.replica->token(name.table, name.row_id));
      write.options.if_match = texts.back();
    }
    writes.push_back(write);
    operations.push_back(each.act == Act::erase ? Operation::erase
                         : present[each.row]    ? Operation::update
                                                : Operation::insert);
    touched[each.row] = true;
    present[each.row] = each.act != Act::erase;
  }
  if (writes.size() < 2) return;
  const auto results = site.replica->transaction(writes);
  if (!results) return fail("transaction: " + to_string(results.error()));
  expect(results->size() == writes.size(), "a transaction answers for each of its writes");
  const Sequence first = site.written + 1;
  for (std::size_t i = 0; i < results->size() && !failed(); ++i) {
    const RowName name{std::string(writes[i].table), std::string(writes[i].row_id)};
    std::size_t row = 0;
    while (graph_.name(row).table != name.table || graph_.name(row).row_id != name.row_id) ++row;
    written(site, row, (*results)[i], operations[i]);
    const TransactionPart part{first, static_cast<std::uint32_t>(i),
                               static_cast<std::uint32_t>(writes.size())};
    expect(failed() || graph_.at(graph_.size() - 1).change.transaction == part,
           "a change knows its place in the transaction");
  }
}

void World::batch(std::size_t index, std::span<const RowAct> acts) {
  if (failed()) return;
  Site& site = sites_[index];
  std::vector<Write> writes;
  std::vector<std::string> texts;
  texts.reserve(acts.size());
  for (const RowAct& each : acts) {
    tell("in a batch " + std::string(to_string(each.act)) + " row", index, each.row);
    const RowName& name = graph_.name(each.row);
    texts.push_back(payload_of(each.act));
    Write write{each.act == Act::erase ? WriteKind::erase : WriteKind::put,
                name.table,
                name.row_id,
                {},
                {}};
    if (each.act != Act::erase) write.payload = payload(each.act, texts.back());
    writes.push_back(write);
  }
  const BatchResult result = site.replica->write_batch(writes);
  const LogReader reader = site.replica->log();
  std::size_t failures = 0;
  Lsn lsn = site.held.count();
  for (std::size_t i = 0; i < acts.size() && !failed(); ++i) {
    const std::size_t row = acts[i].row;
    const bool erases = acts[i].act == Act::erase;
    const bool absent = deleted(site, row);
    const bool open = !graph_.settles() && head_count(site, row) > 1;
    if (open || (erases && absent)) {
      expect(failures < result.failures.size() && result.failures[failures].index == i,
             "a batch tells which of its writes failed");
      ++failures;
      continue;
    }
    if (++lsn > reader.last_lsn()) return fail("a batch leaves out a write");
    const ChangeView change = reader.at(lsn).change;
    written(site, row, {change.dot, lsn, change.hlc, change.operation},
            erases   ? Operation::erase
            : absent ? Operation::insert
                     : Operation::update);
  }
  expect(result.failures.size() == failures, "no more writes of a batch fail than have to");
  expect(result.written + failures == acts.size(), "a batch counts what it wrote");
}

}  // namespace syncline::laws

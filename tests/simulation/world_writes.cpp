// What users write.

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "world.hpp"

namespace syncline::sim {
namespace {

/// A value that no cloud takes.
constexpr std::size_t poison_bytes = cloud_change_bytes + 50;

}  // namespace

std::string World::table_of(std::uint32_t row) const {
  const Setup& setup = script_.setup;
  return std::string(1, static_cast<char>('t' + (row / setup.rows) % setup.tables));
}

std::string World::table_at(const Site& site, std::uint32_t row) const {
  // What was chosen last is there once a round has brought it.
  const std::vector<std::string>& held =
      site.lines.empty() ? site.tables : site.lines.front().session->tables();
  if (held.empty()) return table_of(row);
  return held[(row / script_.setup.rows) % held.size()];
}

std::string World::row_of(std::uint32_t row) const {
  return std::string(1, static_cast<char>('a' + row % script_.setup.rows));
}

std::string World::next_value(const Site& site, const Step& step) {
  if (step.act == Act::put_same) return step.number % 2 == 0 ? "\"same\"" : "\"other\"";
  std::string value = "\"~v";
  if (homes() > 1) value = '"' + std::string(value_marks[site.tenant]);
  value += std::to_string(++values_);
  if (step.act == Act::poison) value.append(poison_bytes, 'x');
  return value + '"';
}

void World::note(Site& site, const Result<WriteResult>& written) {
  touch(site);
  if (!written) {
    events_.add(Event::writes_refused);
    if (told()) *story_ << "      refused: " << to_string(written.error()) << '\n';
    if (written.error().code == ErrorCode::unavailable)
      judge_of(site).wrote_perhaps(site.judged_as);
    if (written.error().code == ErrorCode::internal) {
      fail("no_internal_error", "a write failed: " + to_string(written.error()));
    }
    return;
  }
  events_.add(Event::writes);
  if (told()) {
    *story_ << "      wrote " << to_string(written->dot) << " at " << written->hlc.to_string()
            << '\n';
  }
  judge_of(site).wrote(site.judged_as, std::span(&*written, 1));
}

void World::write_one(const Step& step) {
  Site& site = site_of(step);
  const std::string table = table_at(site, step.row);
  const std::string row = row_of(step.row);
  const std::string value = next_value(site, step);
  Replica& replica = site.replica();
  WriteOptions options;
  std::string token;
  if (step.number % 4 == 3) {
    token = replica.token(table, row);
    options.if_match = token;
  }
  const Payload payload = Payload::json(value);
  switch (step.act) {
    case Act::erase:
      return note(site, replica.erase(table, row, options));
    case Act::insert:
      return note(site, replica.insert(table, row, payload, options));
    case Act::update:
      return note(site, replica.update(table, row, payload, options));
    default:
      return note(site, replica.put(table, row, payload, options));
  }
}

void World::write_several(const Step& step) {
  Site& site = site_of(step);
  const std::size_t count = step.act == Act::batch ? 2 + step.number % 3 : 2 + step.number % 2;
  std::vector<std::string> texts;
  texts.reserve(3 * count);
  std::vector<Write> writes;
  for (std::size_t i = 0; i < count; ++i) {
    const auto row = static_cast<std::uint32_t>(step.row + i);
    Write write;
    write.kind = (step.number >> (2 + 2 * i)) % 4 == 0 ? WriteKind::erase : WriteKind::put;
    write.table = texts.emplace_back(table_at(site, row));
    write.row_id = texts.emplace_back(row_of(row));
    if (write.kind == WriteKind::put) {
      write.payload = Payload::json(texts.emplace_back(next_value(site, step)));
    }
    writes.push_back(write);
  }
  touch(site);
  if (step.act == Act::batch) {
    const BatchResult result = site.replica().write_batch(writes);
    events_.add(Event::writes, result.written);
    events_.add(Event::writes_refused, result.failures.size());
    if (told()) *story_ << "      wrote " << result.written << " of " << count << '\n';
    if (result.written == 0) return;
    // A failure of no write of the batch tells that nobody knows whether it is durable.
    if (!result.failures.empty() && result.failures.back().index == count) {
      return judge_of(site).wrote_perhaps(site.judged_as);
    }
    std::vector<WriteResult> written;
    const LogReader reader = site.replica().log();
    for (Lsn lsn = result.first_lsn; lsn <= result.last_lsn; ++lsn) {
      const ChangeView change = reader.at(lsn).change;
      written.push_back({change.dot, lsn, change.hlc, change.operation});
    }
    return judge_of(site).wrote(site.judged_as, written);
  }
  const auto result = site.replica().transaction(writes);
  if (!result) return note(site, result.error());
  events_.add(Event::writes, result->size());
  if (told()) *story_ << "      wrote from " << to_string(result->front().dot) << " on\n";
  judge_of(site).wrote(site.judged_as, *result);
}

void World::resolve(const Step& step) {
  Site& site = site_of(step);
  ConflictQuery query;
  // Mostly one that is open; now and then any, which may be refused.
  if (step.number % 4 != 0) query.status = ConflictStatus::open;
  const ConflictPage page = site.replica().conflicts(query);
  if (page.conflicts.empty()) return;
  const ConflictReport& report = page.conflicts[step.number / 16 % page.conflicts.size()];
  Settlement settlement;
  const std::string value = next_value(site, step);
  switch (step.number / 4 % 4) {
    case 0:
      settlement.how = Settlement::How::pick_local;
      break;
    case 1:
      settlement.how = Settlement::How::pick_remote;
      break;
    case 2:
      settlement.how = Settlement::How::data;
      settlement.payload = Payload::json(value);
      break;
    default:
      settlement.how = Settlement::How::erase;
      break;
  }
  const auto resolved = site.replica().resolve(report.id, settlement);
  if (resolved) events_.add(Event::resolved);
  note(site, resolved);
}

void World::discard(const Step& step) {
  Site& site = site_of(step);
  const std::vector<RejectedChange> list = site.replica().rejected_changes();
  if (list.empty()) return;
  const Dot dot = list[step.number % list.size()].change.dot;
  if (site.replica().discard_rejected(dot)) judge_of(site).discarded(site.judged_as, dot);
  touch(site);
}

}  // namespace syncline::sim

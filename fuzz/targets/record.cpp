// The MessagePack record of a change.
#include "syncline/record.hpp"

#include "support/check.hpp"
#include "support/input.hpp"
#include "syncline/change_json.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

void check_refused(const Error& error) {
  check_error(error);
  FUZZ_CHECK(error.code == ErrorCode::invalid_change);
  FUZZ_CHECK(!error.text("field").empty());
}

Change read_back(const std::string& record) {
  const Result<Change> change = change_from_record(bytes_of(record));
  FUZZ_CHECK(change.has_value());
  return *change;
}

// What stands for a valid change is a valid change, and links the same chain.
void check_stub(const ChangeView& view) {
  const std::string stub = make_stub(view);
  const Change read = read_back(stub);
  FUZZ_CHECK(is_stub(read));
  const ChangeView stub_view = view_trusted_record(bytes_of(stub).data());
  FUZZ_CHECK(same_change(view, stub_view));
  FUZZ_CHECK(data_hash(view) == data_hash(stub_view));
  FUZZ_CHECK(chain_hash(7, view) == chain_hash(7, stub_view));
  FUZZ_CHECK(make_stub(stub_view) == stub);
}

// The JSON form says the same as the record.
void check_json(const ChangeView& view, const Change& change) {
  for (const JsonPayload payload : {JsonPayload::text, JsonPayload::base64}) {
    const std::string text = change_to_json(view, {}, payload);
    const Result<Change> read = change_from_json(text);
    FUZZ_CHECK(read.has_value());
    FUZZ_CHECK(*read == change);
  }
}

// A clock and the view that it came from give the same answers.
void check_context(const ChangeView& view, const Change& change) {
  FUZZ_CHECK(view.context.size() == change.context.size());
  view.context.for_each([&](const std::uint8_t* node, Sequence seq) {
    const NodeId id{std::span<const std::uint8_t, NodeId::size_bytes>(node, NodeId::size_bytes)};
    FUZZ_CHECK(change.context.get(id) == seq);
    FUZZ_CHECK(view.context.get(id) == seq);
    FUZZ_CHECK(view.saw({id, seq}));
  });
}

}  // namespace

void record(Bytes bytes) {
  const Result<ChangeView> view = decode_record(bytes);
  if (!view) {
    check_refused(view.error());
    FUZZ_CHECK(change_from_record(bytes).has_error());
    return;
  }
  // It lies within the bytes, and is what the writer makes of it.
  const Bytes taken = view->record;
  FUZZ_CHECK(taken.data() == bytes.data() && taken.size() <= bytes.size());
  const Change change = view->to_change();
  FUZZ_CHECK(encode_record(change) == text_of(taken));
  FUZZ_CHECK(view_trusted_record(bytes.data()).to_change() == change);
  check_context(*view, change);
  // No record is the beginning of another, so that they can follow one another.
  const ExactCopy shorter(taken.first(taken.size() - 1));
  FUZZ_CHECK(decode_record(shorter.bytes()).has_error());

  const Result<void> valid = validate(*view);
  const Result<Change> exact = change_from_record(bytes);
  FUZZ_CHECK(exact.has_value() == (valid.has_value() && taken.size() == bytes.size()));
  if (!valid) {
    check_refused(valid.error());
    return;
  }
  check_stub(*view);
  check_json(*view, change);
}

}  // namespace syncline::fuzz

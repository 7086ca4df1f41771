#include "app/demo/collisions.hpp"

#include <nlohmann/json.hpp>

#include "app/json_text.hpp"

namespace syncline::app {
namespace {

Edit set(std::string member, std::string value) {
  return {WriteKind::update, std::move(member), std::move(value)};
}

Edit erase() { return {.kind = WriteKind::erase}; }

Edit insert(const nlohmann::json& row) {
  return {.kind = WriteKind::insert, .value = dump_json(row)};
}

Edit insert_country(std::string code, std::string name) {
  return insert({{"alpha_2", std::move(code)}, {"name", std::move(name)}});
}

// Both sides change a row that is there.
void add_edits_of_rows(std::vector<Collision>& plan) {
  using enum ConflictKind;
  plan.push_back({update_update,
                  false,
                  true,
                  "countries",
                  "TR",
                  {set("common_name", "Turkey")},
                  {set("common_name", "Türkiye")}});
  plan.push_back({update_update,
                  false,
                  false,
                  "countries",
                  "CZ",
                  {set("common_name", "Czech Republic")},
                  {set("common_name", "Česko")}});
  plan.push_back({update_update,
                  false,
                  true,
                  "subdivisions",
                  "LV-RIX",
                  {set("name", "Riga")},
                  {set("type", "State city"), set("name", "Rīgas pilsēta")}});
  plan.push_back({update_delete,
                  false,
                  true,
                  "languages",
                  "hbs",
                  {set("name", "Bosnian-Croatian-Montenegrin-Serbian")},
                  {erase()}});
  plan.push_back(
      {update_delete, false, false, "subdivisions", "NO-21", {set("name", "Svalbard")}, {erase()}});
  plan.push_back({delete_update,
                  false,
                  true,
                  "subdivisions",
                  "US-UM",
                  {erase()},
                  {set("name", "U.S. Minor Outlying Islands")}});
  plan.push_back({delete_update,
                  false,
                  false,
                  "languages",
                  "tgl",
                  {erase()},
                  {set("name", "Tagalog (Filipino)")}});
}

// Both sides bring in a row of the same id.
void add_new_rows(std::vector<Collision>& plan) {
  using enum ConflictKind;
  plan.push_back({insert_insert,
                  false,
                  true,
                  "countries",
                  "XK",
                  {insert_country("XK", "Kosovo")},
                  {insert_country("XK", "Republic of Kosovo")}});
  plan.push_back({insert_insert,
                  false,
                  false,
                  "countries",
                  "AC",
                  {insert_country("AC", "Ascension Island")},
                  {insert_country("AC", "Ascension")}});
  plan.push_back({insert_update,
                  false,
                  true,
                  "countries",
                  "IC",
                  {insert_country("IC", "Canary Islands")},
                  {insert_country("IC", "Canarias"), set("name", "Islas Canarias")}});
  plan.push_back({update_insert,
                  false,
                  false,
                  "countries",
                  "TA",
                  {insert_country("TA", "Tristan"), set("name", "Tristan da Cunha")},
                  {insert_country("TA", "Tristan da Cunha Islands")}});
  plan.push_back({insert_delete,
                  false,
                  true,
                  "countries",
                  "EA",
                  {insert_country("EA", "Ceuta and Melilla")},
                  {insert_country("EA", "Ceuta, Melilla"), erase()}});
  plan.push_back({delete_insert,
                  false,
                  false,
                  "countries",
                  "DG",
                  {insert_country("DG", "Diego Garcia"), erase()},
                  {insert_country("DG", "Diego Garcia (British Indian Ocean Territory)")}});
}

// One side takes a row away and brings it back otherwise.
void add_reinserted_rows(std::vector<Collision>& plan) {
  using enum ConflictKind;
  plan.push_back(
      {update_insert,
       false,
       true,
       "languages",
       "kok",
       {set("name", "Konkani")},
       {erase(), insert({{"alpha_3", "kok"}, {"name", "Konkani languages"}, {"scope", "C"}})}});
  plan.push_back({insert_update,
                  false,
                  false,
                  "countries",
                  "BV",
                  {erase(), insert({{"alpha_2", "BV"}, {"alpha_3", "BVT"}, {"name", "Bouvetøya"}})},
                  {set("official_name", "Bouvet Island (Norway)")}});
  plan.push_back(
      {delete_insert,
       false,
       true,
       "languages",
       "fil",
       {erase()},
       {erase(), insert({{"alpha_3", "fil"}, {"name", "Filipino; Pilipino"}, {"scope", "I"}})}});
  plan.push_back(
      {insert_delete,
       false,
       false,
       "subdivisions",
       "GB-NTH",
       {erase(),
        insert({{"code", "GB-NTH"}, {"name", "North Northamptonshire"}, {"parent", "GB-ENG"}})},
       {erase()}});
}

// Both sides do the same.
void add_convergent(std::vector<Collision>& plan) {
  using enum ConflictKind;
  plan.push_back({update_update,
                  true,
                  true,
                  "countries",
                  "SZ",
                  {set("common_name", "Swaziland")},
                  {set("common_name", "Swaziland")}});
  plan.push_back({delete_delete, true, false, "languages", "swc", {erase()}, {erase()}});
  plan.push_back({insert_insert,
                  true,
                  true,
                  "countries",
                  "EU",
                  {insert_country("EU", "European Union")},
                  {insert_country("EU", "European Union")}});
}

}  // namespace

std::vector<Collision> planned_collisions() {
  std::vector<Collision> plan;
  add_edits_of_rows(plan);
  add_new_rows(plan);
  add_reinserted_rows(plan);
  add_convergent(plan);
  return plan;
}

}  // namespace syncline::app

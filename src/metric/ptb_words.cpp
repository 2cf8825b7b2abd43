// Found by asking the tokenizer: every word of up to five letters, and longer ones of documentation.
#include "ptb_words.hpp"

namespace hones::metric {

namespace {

std::string any_case(const std::string& words) {
  return "(?i:" + words + ")";
}

// Letters joined by full stops: u.s, a.k.a; one letter alone counts.
const std::string kAcronym =
    "(?:[A-Za-z](?:\\.[A-Za-z])*|(?i:canada|sino|korean|eu|japan|non)-(?i:u\\.s)|(?i:u\\.s\\.-u\\.k)|"
    "(?i:u\\.s\\.-u\\.s\\.s\\.r))";

}  // namespace

const std::string& acronym() {
  return kAcronym;
}

const std::string& sentence_abbreviations() {
  static const std::string words =
      "(?:" +
      any_case(
          "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wed|thu(?:rs)?|fri|"
          "ala|ariz|calif|colo|conn|ct|dak|fla|ga|ind|kans?|ky|md|mich|minn|mo|mont|neb|nev|okla|penn|"
          "tenn|va|vt|wisc?|wyo|"
          "inc|cos?|corp|ltd|plc|bancorp|bhd|assn|univ|intl|sys|rt|tel|est|ext|sq|jr|sr|bros|ed\\.d|"
          "ph\\.d|blvd|rd|esq|etc|al|seq|bldg") +
      "|A[Zz]|L[Aa]|P[Aa]|A(?:rk|RK)|D(?:el|EL)|I(?:ll|LL)|O(?:re|RE)|T(?:ex|EX)|M(?:ass|ASS)|M(?:iss|ISS)|"
      "W(?:ash|ASH)|[Pp]p?t[ey]s?)";
  return words;
}

const std::string& inner_abbreviations() {
  static const std::string words =
      "(?:" +
      any_case(
          "mr|mrs|ms|drs?|profs?|sens?|reps?|attys?|lt|col|gen|messrs|govs?|adm|rev|maj|sgt|cpl|pvt|"
          "capt|ste?|ave|pres|lieut|hon|brig|co?mdr|pfc|spc|supts?|det|mt|ft|adj|adv|asst|assoc|ens|"
          "insp|mlle|mme|msgr|sfc|vs|alex|wm|jos|cie|cf|treas|ph|invt|elec|natl|dept") +
      "|miss|[Mm](?:fg|tg)|" + kAcronym + ")";
  return words;
}

const std::string& number_abbreviations() {
  static const std::string words = any_case("ca|figs?|prop|nos?|art|bldg|pp|op");
  return words;
}

const std::string& sentence_starters() {
  static const std::string words =
      "(?:A(?:bout|ccording|dditionally|fter|n|s|t)?|But|Earlier|H(?:e|er|ere|owever)|I(?:f|n|t)|Last|"
      "M(?:any|ore|r\\.|s\\.)|N(?:ow)|O(?:nce|ne|ther|ur)|S(?:he|ince|o|ome|uch)|"
      "Th(?:at|e|eir|en|ere|ese|ey|is)|W(?:e|hen|hile|hat)|Yet|You)";
  return words;
}

}  // namespace hones::metric

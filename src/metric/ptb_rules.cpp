// docs/benchmark.md 3.5, rules 1 to 22, in its numbers. Behaviour was compared with the tokenizer's own
// output, rule by rule (tests/data/ptb).
#include "ptb_rules.hpp"

#include "ptb_words.hpp"

namespace hones::metric {

namespace {

using std::string;

// What is a mark beside letters, in the tokenizer's Unicode 6.
const string kMarks =
    "\\x{2C2}-\\x{2C5}\\x{2D2}-\\x{2DF}\\x{2E5}-\\x{2EB}\\x{2ED}\\x{2EF}-\\x{36F}\\x{375}\\x{378}\\x{379}\\x{"
    "384}"
    "\\x{385}\\x{3F6}\\x{483}-\\x{487}\\x{55A}-\\x{55F}\\x{591}-\\x{5BD}\\x{5BF}\\x{5C1}\\x{5C2}\\x{5C4}\\x{"
    "5C5}"
    "\\x{5C7}\\x{615}-\\x{61A}\\x{64B}-\\x{65E}\\x{670}\\x{6D6}-\\x{6E4}\\x{6E7}-\\x{6ED}\\x{6FD}\\x{6FE}\\x{"
    "70F}"
    "\\x{711}\\x{730}-\\x{74C}\\x{7A6}-\\x{7B0}\\x{7EB}-\\x{7F3}\\x{900}-\\x{903}\\x{93C}\\x{93E}-\\x{94E}"
    "\\x{951}-\\x{955}\\x{962}\\x{963}\\x{981}-\\x{983}\\x{9BC}\\x{9BE}-\\x{9C4}\\x{9C7}\\x{9C8}\\x{9CB}-\\x{"
    "9CD}"
    "\\x{9D7}\\x{9E2}\\x{9E3}\\x{A01}-\\x{A03}\\x{A3C}\\x{A3E}-\\x{A4F}\\x{A81}-\\x{A83}\\x{ABC}\\x{ABE}-\\x{"
    "ACF}"
    "\\x{B82}\\x{BBE}-\\x{BC2}\\x{BC6}-\\x{BC8}\\x{BCA}-\\x{BCD}\\x{C01}-\\x{C03}\\x{C3E}-\\x{C56}"
    "\\x{D3E}-\\x{D44}\\x{D46}-\\x{D48}\\x{E31}\\x{E34}-\\x{E3A}\\x{E47}-\\x{E4E}\\x{EB1}\\x{EB4}-\\x{EBC}"
    "\\x{EC8}-\\x{ECD}";
const string kSymbols =
    "+%&^\\\\|~\\x{A1}\\x{A5}-\\x{A9}\\x{AC}\\x{AE}-\\x{B1}\\x{B4}\\x{B6}-\\x{B8}\\x{BF}\\x{D7}\\x{F7}\\x{"
    "37E}"
    "\\x{387}"
    "\\x{589}\\x{5BE}\\x{5C0}\\x{5C3}\\x{5C6}\\x{5F3}\\x{5F4}\\x{600}-\\x{603}\\x{606}-\\x{60C}\\x{614}\\x{"
    "61B}"
    "\\x{61E}\\x{61F}\\x{66A}\\x{66D}\\x{6D4}\\x{700}-\\x{70D}\\x{7F6}-\\x{7F8}\\x{964}\\x{965}\\x{E3F}\\x{"
    "E4F}"
    "\\x{1FBD}\\x{2016}\\x{2017}\\x{2020}-\\x{2023}\\x{2030}-\\x{2038}\\x{203B}\\x{203E}-\\x{2042}\\x{2044}"
    "\\x{207A}-\\x{207E}\\x{208A}-\\x{208E}\\x{20A4}\\x{2100}\\x{2101}\\x{2103}-\\x{2106}\\x{2108}\\x{2109}"
    "\\x{2114}"
    "\\x{2116}-\\x{2118}\\x{211E}-\\x{2123}\\x{2125}\\x{2127}\\x{2129}\\x{212E}\\x{213A}\\x{213B}\\x{2140}-"
    "\\x{2144}"
    "\\x{214A}-\\x{214D}\\x{214F}\\x{2155}-\\x{215E}\\x{2190}-\\x{2BFF}\\x{3001}\\x{3002}\\x{3012}\\x{30FB}"
    "\\x{FF01}-\\x{FF0F}\\x{FF1A}-\\x{FF20}\\x{FF3B}-\\x{FF40}\\x{FF5B}-\\x{FF65}\\x{FFE0}\\x{FFE1}"
    "\\x{FFE5}\\x{FFE6}";
const string kScripted = "\\x{B2}\\x{B3}\\x{B9}\\x{2070}\\x{2074}-\\x{2079}\\x{2080}-\\x{2089}";

const string kApos = "(?:['\\x{92}\\x{2019}]|&apos;)";
const string kQuote = "(?:['\\x{92}\\x{2019}`\\x{91}\\x{2018}\\x{201B}]|&apos;)";  // in names: O`Neil
const string kBlank = "[ \\x{A0}]";
const string kSpace = "[ \\t\\r\\n\\x{A0}]";
const string kLetter = "(?:[\\p{L}\\x{AD}" + kMarks + "]|&[aeiouAEIOU](?:acute|grave|uml);)";
const string kAlnum = "(?:[\\p{L}\\p{Nd}\\x{AD}]|&[aeiouAEIOU](?:acute|grave|uml);)";
const string kWord =
    kLetter + "(?:" + kLetter + "|\\p{Nd})*(?:[.!?]" + kLetter + "(?:" + kLetter + "|\\p{Nd})*)*";
const string kClitic = kApos + "(?i:[msd]|re|ve|ll)";
const string kNot = "(?i:n)" + kApos + "(?i:t)";
const string kNumber = "(?:\\p{Nd}*(?:[.:,\\x{AD}\\x{66B}\\x{66C}]\\p{Nd}+)+|\\p{Nd}+)";
const string kFraction = "(?:\\p{Nd}{1,4}[- \\x{A0}])?\\p{Nd}{1,4}(?:\\\\?/|\\x{2044})\\p{Nd}{1,4}";
const string kTag =
    "<(?:[!?][A-Za-z-][^>\\r\\n]*|/[A-Za-z][A-Za-z0-9:._-]*|[A-Za-z][A-Za-z0-9:._-]*"
    "(?: +(?:[A-Za-z][A-Za-z0-9:._-]*(?: *= *(?:'[^'\\r\\n]*'|\"[^\"\\r\\n]*\"))?|"
    "['\"][^\\r\\n'\"]*['\"]| *))* */?) *>";
const string kSentenceEnd = kSpace + "(?:" + kSpace + "|\\p{Lu}|" + kTag + ")";
const string kUrlRest = "[^ \\t\\n\\f\\r\"<>|()]+[^ \\t\\n\\f\\r\"<>|.!?(){},-]";
const string kSlashPart = "[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}";
const string kThingPart = "(?:[dDoOlL]" + kQuote + kAlnum + ")?" + kAlnum + "+";
const string kInitials = "[A-Z]+(?:(?:[+&]|&amp;)[A-Z]+)+";
// Words that keep their apostrophe.
const string kWholeWithApostrophe =
    "(?:" + kApos + "(?i:n)" + kApos + "?|[lLdDjJ]" + kApos + "|(?i:dunkin|somethin|ol)" + kApos + "|" +
    kApos + "(?i:em|till?|cause)|[A-HJ-XZn]" + kQuote + "\\p{L}{2,}|" + kApos +
    "[2-9]0(?i:s)|\\p{L}+[aeiouyAEIOUY]" + kQuote +
    "[aeiouA-Z]\\p{L}*|(?i:cont'd\\.?|nor'easter|c'mon|e'er|s'mores|ev'ry|li'l|nat'l))";
const string kHyphened =
    "[A-Za-z0-9][A-Za-z0-9.,\\x{AD}]*(?:-(?:[A-Za-z0-9\\x{AD}]+|[A-Za-z](?:\\.[A-Za-z])+\\.))+";
const string kThing = kThingPart + "(?:[-_]" + kThingPart + ")*";

PtbRule text(string pattern, string after = {}) {
  return {std::move(pattern), std::move(after)};
}
PtbRule straight(string pattern, string after = {}) {
  return {std::move(pattern), std::move(after), Emit::straight};
}
PtbRule mark(string pattern, string word, string after = {}) {
  return {std::move(pattern), std::move(after), Emit::mark, std::move(word)};
}
PtbRule split(string pattern, int back) {
  return {std::move(pattern), {}, Emit::text, {}, back};
}
// With its full stop, which is read again.
PtbRule abbreviation(const string& words, string after, bool last = false) {
  return {words + "\\.", std::move(after), Emit::text, {}, 1, true, last};
}

std::vector<PtbRule> words_and_apostrophes() {  // 1 to 10
  return {
      text("(?i:c)\\+\\+|(?i:[cf])#"),
      split("(?i:cannot)", 3),
      split("(?i:gonna|gotta|lemme|gimme|wanna)", 2),
      split("'(?i:tis)", 2),
      split("'(?i:twas)", 3),
      text(kTag),
      mark("&(?:MD|mdash|ndash);|[\\x{2013}-\\x{2015}\\x{96}\\x{97}]", "--"),
      mark("&(?i:amp);", "&"),
      text("&(?:HT|TL|UR|LR|QC|QL|QR|odq|cdq|#[0-9]+);"),
      text(kWord, kClitic),
      text("[A-Za-z]*[A-MO-Za-mo-z]", kNot),
      text(kWord),
      text(kWholeWithApostrophe),
      text("(?i:y)" + kApos, "\\p{L}"),
      text(kApos + "[0-9]{2}", kSpace),
  };
}

std::vector<PtbRule> addresses_and_numbers() {  // 11 to 15
  return {
      text("(?i:https?)://" + kUrlRest),
      text("(?:(?i:www)\\.(?:[^ \\t\\n\\f\\r\"<>|.!?(){},]+\\.)+[a-zA-Z]{2,4}|"
           "(?:[^ \\t\\n\\f\\r\"`'|!?(){},-_$]+\\.)+(?i:com|net|org|edu))(?:/" +
           kUrlRest + ")?"),
      text("(?:<|&lt;)?[a-zA-Z0-9][^ \\t\\n\\f\\r\"<>|()\\x{A0}{}]*@(?:[^ "
           "\\t\\n\\f\\r\"<>|().\\x{A0}{}]+\\.)*[^ "
           "\\t\\n\\f\\r\"<>|().\\x{A0}{}]+(?:>|&gt;)?"),
      text("@[A-Za-z_][A-Za-z_0-9]*|#\\p{L}+"),
      straight(kClitic, "[^A-Za-z]"),
      straight(kNot, "[^A-Za-z]"),
      text("\\p{Nd}{1,2}[-/]\\p{Nd}{1,2}[-/]\\p{Nd}{2,4}"),
      text("[-+]?" + kNumber),
      text("[" + kScripted + "]+"),
      text(kFraction),
      mark("\\x{BD}", "1/2"),
      mark("\\x{BC}", "1/4"),
      mark("\\x{BE}", "3/4"),
      mark("\\x{2153}", "1/3"),
      mark("\\x{2154}", "2/3"),
      text("-(?i:lrb|rrb|lcb|rcb|lsb|rsb)-|(?i:c\\.d\\.s|pro-|anti-|s(?:&|&amp;)p-500|s(?:&|&amp;)ls|cap'n|c'"
           "est)"),
      text(kSlashPart + "(?:\\\\?/" + kSlashPart + "){1,2}"),
      text("(?:[A-Z]*\\$|#)"),
      mark("\\x{A2}", "cents"),
      mark("\\x{A3}", "#"),
      mark("[\\x{80}\\x{A4}\\x{20A0}\\x{20AC}]", "$"),
  };
}

std::vector<PtbRule> abbreviations() {  // 16 and 17
  const string next = kSpace + "+(?:" + sentence_starters() + "|" + kTag + ")" + kSpace;
  const string file = kAlnum + "+(?:\\." + kAlnum +
                      "+)*\\.(?i:bat|bmp|c|class|cgi|cpp|dll|docx?|exe|gif|gz|h|"
                      "html?|jar|java|jpe?g|mov|mp3|pdf|php|pl|png|ppt|ps|py|sql|tar|txt|wav|x|xml|zip)";
  return {
      {"[A-Za-z]\\.", next, Emit::text, {}, 1, false},
      abbreviation(acronym(), next),
      text(number_abbreviations() + "\\.", kSpace + "?\\p{Nd}"),
      abbreviation(sentence_abbreviations(), kSentenceEnd),
      text(sentence_abbreviations() + "\\.", "(?s:..)"),
      abbreviation(sentence_abbreviations(), "", true),
      text(inner_abbreviations() + "\\."),
      text(file, kSpace + "|[.?!,]"),
      text("(?:" + kWord + "|" + kThing + "|" + kInitials + ")\\.", "[,;:\\x{3001}]"),
      text("(?:\\([0-9]{2,3}\\)" + kBlank +
           "?|(?:\\+\\+?)?(?:[0-9]{2,4}[- \\x{A0}])?[0-9]{2,4}[- \\x{A0}])"
           "[0-9]{3,4}[- "
           "\\x{A0}]?[0-9]{3,5}|(?:(?:\\+\\+?)?[0-9]{2,4}\\.)?[0-9]{2,4}\\.[0-9]{3,4}\\.[0-9]{3,5}"),
  };
}

std::vector<PtbRule> marks() {  // 18 and 19
  return {
      mark("\"", "``", "[A-Za-z0-9$]"),
      mark("\"|&quot;", "''"),
      mark("<|&lt;", "<"),
      mark(">|&gt;", ">"),
      text("[<>]?[:;=][-o*']?[()DPdpO\\\\{@|\\[\\]]", "[^A-Za-z0-9]"),
      text("[-\\^x=~<>']_[-\\^x=~<>']|\\([-\\^x=~<>'][_.]?[-\\^x=~<>']\\)"),
      mark("\\(", "-LRB-"),
      mark("\\)", "-RRB-"),
      mark("\\{", "-LCB-"),
      mark("\\}", "-RCB-"),
      mark("\\[", "-LSB-"),
      mark("\\]", "-RSB-"),
      mark("-{3,4}", "--"),
      text("-+"),
      mark("\\.{3,5}|(?:\\.[ \\x{A0}]){2,4}\\.|[\\x{85}\\x{2026}]", "..."),
      text("@+|#+|_+|\\*+|(?:\\\\\\*)+"),
      text("[,;:]"),
      text("[?!]+"),
      text("[.=/]"),
  };
}

std::vector<PtbRule> joined_words_and_the_rest() {  // 20 to 22
  return {
      text(kThing),
      text(kHyphened, "[^A-Za-z0-9.+]"),
      text(kHyphened),
      straight(kInitials),
      mark("'", "`", "[A-Za-z][^ \\t\\r\\n\\x{A0}]"),
      straight(kClitic),
      straight(kNot),
      straight("['\\x{92}\\x{2019}]|&apos;|''|<<|>>|"
               "[`\\x{91}-\\x{94}\\x{AB}\\x{BB}\\x{2018}-\\x{201F}\\x{2039}\\x{203A}]{1,2}"),
      text("[" + kSymbols + "]"),
      {"&nbsp;|(?s:.)", {}, Emit::nothing},
  };
}

}  // namespace

const std::vector<PtbRule>& ptb_rules() {
  static const std::vector<PtbRule> all = [] {
    std::vector<PtbRule> rules;
    for (auto part : {words_and_apostrophes(), addresses_and_numbers(), abbreviations(), marks(),
                      joined_words_and_the_rest()}) {
      rules.insert(rules.end(), part.begin(), part.end());
    }
    return rules;
  }();
  return all;
}

}  // namespace hones::metric

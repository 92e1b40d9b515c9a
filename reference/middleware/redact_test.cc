#include "reference/middleware/redact.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>
#include <chrono>
#include <random>

namespace sallyport::middleware {
namespace {

std::string secrets(std::string_view text) {
  Redaction redaction = redact_secrets(text);
  return redaction.keyword + redaction.openai == 0 ? std::string(text) : redaction.text;
}

bool is_json(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  return !document.HasParseError();
}

TEST(Redact, ReplacesTokensWhereverTheyStand) {
  const Redaction one = redact_tokens("a sk-1234567890abcdef, xsk-ABCDEFGHIJKLMNOP_-z.");
  EXPECT_EQ(one.text, "a [REDACTED], x[REDACTED].");
  EXPECT_EQ(one.openai, 2U);
  EXPECT_EQ(redact_tokens("sk-123456789012345").openai, 0U);
  EXPECT_EQ(redact_tokens("SK-1234567890abcdef").openai, 0U);
  EXPECT_EQ(redact_tokens("password=hunter2").openai, 0U);
}

TEST(Redact, ReplacesAssignedValuesInText) {
  EXPECT_EQ(secrets("password=hunter2&x=1"), "password=[REDACTED]&x=1");
  EXPECT_EQ(secrets("API-Key: abc def"), "API-Key: [REDACTED] def");
  EXPECT_EQ(secrets("access_token = \"a b\" rest"), "access_token = \"[REDACTED]\" rest");
  EXPECT_EQ(secrets("secret: 'it is' x"), "secret: '[REDACTED]' x");
  EXPECT_EQ(secrets("'apikey':'x'"), "'apikey':'[REDACTED]'");
  EXPECT_EQ(secrets("client_secret==x"), "client_secret==[REDACTED]");
  EXPECT_EQ(secrets("password=\"unterminated"), "password=\"[REDACTED]");
  EXPECT_EQ(secrets("password='a\nb'"), "password='[REDACTED]\nb'");
}

TEST(Redact, LeavesWordsThatAreNotAssigned) {
  for (const char* text : {"the secret is out", "password", "password:", "secret=\"\"",
                           "api_key_id=7", "", "secretary: x", "password = "}) {
    EXPECT_EQ(secrets(text), text);
  }
}

TEST(Redact, CountsByKind) {
  const Redaction both = redact_secrets("password=x and sk-1234567890abcdef");
  EXPECT_EQ(both.keyword, 1U);
  EXPECT_EQ(both.openai, 1U);
  const Redaction once = redact_secrets(R"({"api_key":"sk-1234567890abcdef"})");
  EXPECT_EQ(once.keyword, 1U);
  EXPECT_EQ(once.openai, 0U);
}

TEST(Redact, ReplacesWhatStandsBetweenTheQuotesInJson) {
  EXPECT_EQ(secrets(R"({"api_key":"sk-1234567890abcdef"})"), R"({"api_key":"[REDACTED]"})");
  EXPECT_EQ(secrets(R"({"My_API_KEY" : "a\"b\\", "x":"y"})"),
            R"({"My_API_KEY" : "[REDACTED]", "x":"y"})");
  EXPECT_EQ(secrets(R"({"m":[{"t":"key sk-1234567890abcdef\n"}]})"),
            R"({"m":[{"t":"key [REDACTED]\n"}]})");
  EXPECT_EQ(secrets(R"({"password":12.5e3,"secret":-1})"),
            R"({"password":"[REDACTED]","secret":"[REDACTED]"})");
  EXPECT_EQ(secrets(R"({"secret":true,"password":null,"x":1})"),
            R"({"secret":true,"password":null,"x":1})");
  EXPECT_EQ(secrets(R"({"secret":{"a":"b"},"password":["c"]})"),
            R"({"secret":{"a":"b"},"password":["c"]})");
}

TEST(Redact, LooksIntoTextsWithinJson) {
  EXPECT_EQ(secrets(R"({"c":"use password=hunter2\nnext"})"),
            R"({"c":"use password=[REDACTED]\nnext"})");
  EXPECT_EQ(secrets(R"({"c":"password='oops","d":"it's"})"),
            R"({"c":"password='[REDACTED]","d":"it's"})");
  EXPECT_EQ(secrets(R"({"arguments":"{\"api_key\": \"a b\", \"n\": 1}"})"),
            R"({"arguments":"{\"api_key\": \"[REDACTED]\", \"n\": 1}"})");
  EXPECT_EQ(secrets(R"({"a":"{\"b\":\"{\\\"secret\\\":\\\"x y\\\"}\"}"})"),
            R"({"a":"{\"b\":\"{\\\"secret\\\":\\\"[REDACTED]\\\"}\"}"})");
  EXPECT_EQ(secrets(R"({"a":"password=caf\u00e9\/x\ty"})"), R"({"a":"password=[REDACTED]\ty"})");
}

TEST(Redact, KeepsEveryJsonDocumentOne) {
  for (const char* text :
       {R"({"password":"\\"})", R"({"password":"\\\""})", R"(["password=","secret:"])",
        R"({"a":"secret=\""})", R"({"a":"secret=\"x"})", R"({"a":"secret=\\\"x\""})",
        R"({"a":"\"secret\":\"x"})", R"({"a":"secret=\\","b":"\""})", R"("password='")",
        R"({"password" : 1 , "b" : 2})", R"({"a":"secret:\\\\\"x\\\\\""})", R"({"secret=1":"x"})",
        R"({"a":"password=\ud83d\ude00"})", R"({"a":"'secret':'x\\'"})",
        R"({"a":"{\"secret\": 5}"})"}) {
    const std::string after = secrets(text);
    EXPECT_TRUE(is_json(text)) << text;
    EXPECT_TRUE(is_json(after)) << text << " -> " << after;
  }
}

// A document of words that mean something to the redactor, nested in itself as text three deep.
std::string random_document(std::mt19937& random) {
  static constexpr std::array<std::string_view, 14> kWords{
      "secret", "password", "api_key", ":", "=",  "\"",     "'",
      "\\",     " ",        "x",       ",", "\n", "\u00e9", "7"};
  const auto quoted = [](const std::string& text) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    return std::string(buffer.GetString(), buffer.GetSize());
  };
  const auto words = [&random] {
    std::string text;
    for (unsigned n = random() % 8; n > 0; --n) text += kWords[random() % kWords.size()];
    return text;
  };
  std::string document = quoted(words());
  for (unsigned depth = random() % 3; depth > 0; --depth) {
    document = quoted(words() + "{\"secret\":" + document + "}" + words());
  }
  return "{\"password\":7," + quoted(words()) + ":" + document + "}";
}

TEST(Redact, KeepsRandomJsonDocumentsWhole) {
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    const std::string document = random_document(random);
    ASSERT_TRUE(is_json(document)) << document;
    const std::string after = secrets(document);
    ASSERT_TRUE(is_json(after)) << document << " -> " << after;
  }
}

// What a walk over the document takes for JSON is told by a value that is a secret in text alone.
bool is_taken_for_json(const std::string& text) {
  return secrets("[" + text + R"(,{"secret":true}])").ends_with(R"({"secret":true}])");
}

TEST(Redact, TakesForJsonWhatAParserDoes) {
  for (const char* text :
       {"-",     "01",      "-0",          "1.",          "1.5",        ".5",          "1e",
        "1e+",   "1e+5",    "+1",          "tru",         "nul",        "[1,]",        "[,1]",
        "{,}",   "{}",      "[]",          "{\"a\"}",     "{\"a\":1,}", "{\"a\" : 1}", "{a:1}",
        "[1 2]", "\"\\x\"", "\"\\u12g4\"", "\"\\u12e4\"", "\"a\tb\"",   "\"",          "]",
        "}",     "[}",      "\"\\",        "\x01",        "//",         "\"a\"\"b\""}) {
    EXPECT_EQ(is_taken_for_json(text), is_json("[" + std::string(text) + "]")) << text;
  }
}

TEST(Redact, TakesBrokenDocumentsForJsonWhereAParserDoes) {
  std::mt19937 random(11);
  static constexpr std::string_view kOctets = "{}[],:\"\\0 x-\n";
  int sound = 0;
  for (int i = 0; i < 6000; ++i) {
    std::string text = random_document(random);
    for (unsigned n = random() % 3; n > 0; --n) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0) text.erase(at, 1);
      if (random() % 2 == 0) text.insert(at, 1, kOctets[random() % kOctets.size()]);
      if (text.empty()) text = "1";
    }
    const bool is = is_json("[" + text + "]");
    sound += is ? 1 : 0;
    ASSERT_EQ(is_taken_for_json(text), is) << text;
  }
  EXPECT_GT(sound, 1000);
  EXPECT_LT(sound, 5500);
}

TEST(Redact, FindsWhatStandsAtAnyOffset) {
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t after = 0; after < 20; ++after) {
      const std::string text =
          std::string(before, ' ') + "sk-1234567890abcdef secret=x" + std::string(after, ' ');
      const Redaction both = redact_secrets(text);
      ASSERT_EQ(both.text, std::string(before, ' ') + "[REDACTED] secret=[REDACTED]" +
                               std::string(after, ' '));
      ASSERT_EQ(redact_tokens(text).openai, 1U);
    }
  }
}

TEST(Redact, LooksForKeywordsWithinTokens) {
  EXPECT_EQ(secrets("sk-aaaaaaaaaaaaaaaapassword=hunter2"), "[REDACTED]=[REDACTED]");
  EXPECT_EQ(secrets("sk-password=sk-1234567890abcdef"), "sk-password=[REDACTED]");
  EXPECT_EQ(secrets(R"({"sk-1234567890abcdef":"x","sk-1234567890-secret":"y"})"),
            R"({"[REDACTED]":"x","[REDACTED]":"[REDACTED]"})");
}

TEST(Redact, KnowsTheOtherFormsOfLetters) {
  EXPECT_EQ(secrets("pa\u017f\u017fword=x api\u212aey=y \u017fecret=z"),
            "pa\u017f\u017fword=[REDACTED] api\u212aey=[REDACTED] \u017fecret=[REDACTED]");
  EXPECT_EQ(secrets("a\u017f\u212a=x \u0142=1"), "a\u017f\u212a=x \u0142=1");
}

TEST(Redact, KeepsJsonLinesWhole) {
  const std::string lines = "{\"password\": 1}\n{\"password\":\"a b\",\"x\":2}\n";
  EXPECT_EQ(secrets(lines),
            "{\"password\": \"[REDACTED]\"}\n{\"password\":\"[REDACTED]\",\"x\":2}\n");
}

TEST(Redact, ChangesNothingTheSecondTime) {
  for (const char* text :
       {"password=x; secret: 'y z'", R"({"api_key":"x","c":"password=y"})", "\"password\": 7"}) {
    const std::string once = secrets(text);
    const Redaction twice = redact_secrets(once);
    EXPECT_EQ(twice.text, "") << once;
    EXPECT_EQ(twice.keyword + twice.openai, 0U);
  }
}

TEST(Redact, SurvivesBytesAfterANul) {
  const std::string text("{\"a\":1}\0\"", 9);
  EXPECT_EQ(secrets(text), text);
}

TEST(Redact, IsLinear) {
  std::string text;
  while (text.size() < 256 * 1024) text += "password='secret=\\\"";
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_GT(redact_secrets(text).keyword, 0U);
  text.assign(256 * 1024, '\\');
  EXPECT_EQ(redact_secrets("secret=" + text).keyword, 1U);
  text = "[";
  while (text.size() < 256 * 1024) text += "[";
  EXPECT_TRUE(secrets(text) == text);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace sallyport::middleware

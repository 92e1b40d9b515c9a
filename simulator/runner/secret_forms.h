// How a secret may show in bytes: as it is, in base64, hexadecimal, percent- or JSON-escaped,
// inside gzip, whole or a piece of it. Pure. Worked out once for each secret, since it is looked
// for in every event.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::sim::runner {

class SecretForms {
 public:
  // One of less than six octets tells nothing and is never found.
  explicit SecretForms(std::string_view secret);

  // Whether `text` holds the secret in any form, or seventeen successive octets of it (of those
  // after the first ten) as they are: so one that was sent in pieces is found by one of them.
  [[nodiscard]] bool in(std::string_view text) const;

 private:
  [[nodiscard]] bool in_plain(std::string_view text) const;
  [[nodiscard]] bool in_layers(std::string_view text, int depth) const;

  std::vector<std::string> forms_;
  std::vector<std::string> pieces_;
};

// `%41` becomes `A`, and so on; what is no escape stays.
[[nodiscard]] std::string percent_decoded(std::string_view text);
// `\u0041` and `\/` become `A` and `/`, and so on, anywhere in a text; what is no escape stays.
[[nodiscard]] std::string json_unescaped(std::string_view text);
// What the gzip members in `bytes` hold, wherever they begin; one that ends early gives what it
// had. At most 4 MiB in all; empty when there is none.
[[nodiscard]] std::string gunzipped(std::string_view bytes);

}  // namespace sallyport::sim::runner

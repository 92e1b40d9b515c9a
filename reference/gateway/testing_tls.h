// For tests: a certificate authority and one server's certificate, as PEM.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "reference/base/clock.h"
#include "reference/tls/authority.h"

namespace sallyport::gateway {

struct TestIdentity {
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;

  // Of a name or an address.
  static TestIdentity make(const std::string& host) {
    const base::SystemClock clock;
    const auto authority = tls::Authority::create(clock.wall_ms()).value();
    const tls::Leaf leaf = authority.mint(host).value();
    TestIdentity made;
    made.ca_pem = authority.pem();
    made.certificate_pem = pem_of([&](BIO* out) { return ::PEM_write_bio_X509(out, leaf.get()); });
    made.key_pem = pem_of([&](BIO* out) {
      return ::PEM_write_bio_PrivateKey(out, authority.leaf_key(), nullptr, nullptr, 0, nullptr,
                                        nullptr);
    });
    return made;
  }

 private:
  template <class Write>
  static std::string pem_of(Write write) {
    const std::unique_ptr<BIO, decltype(&::BIO_free)> out(::BIO_new(::BIO_s_mem()), &::BIO_free);
    if (write(out.get()) != 1) return {};
    char* text = nullptr;
    const long size = ::BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }
};

}  // namespace sallyport::gateway

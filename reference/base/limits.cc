#include "reference/base/limits.h"

namespace sallyport::base {

const std::array<LimitField, 23>& limit_fields() {
  static const std::array<LimitField, 23> kFields{{
      {"proxy_head_bytes", &Limits::proxy_head_bytes_max, nullptr},
      {"tunnel_head_bytes", &Limits::tunnel_head_bytes_max, nullptr},
      {"response_head_bytes", &Limits::response_head_bytes_max, nullptr},
      {"target_bytes", &Limits::target_bytes_max, nullptr},
      {"inference_request_bytes", &Limits::inference_request_bytes_max, nullptr},
      {"inference_chunks", &Limits::inference_chunks_max, nullptr},
      {"inference_response_bytes", &Limits::inference_response_bytes_max, nullptr},
      {"chunk_line_bytes", &Limits::chunk_line_bytes_max, nullptr},
      {"head_read", nullptr, &Limits::head_read},
      {"keep_alive_idle", nullptr, &Limits::keep_alive_idle},
      {"tls_handshake", nullptr, &Limits::tls_handshake},
      {"sniff", nullptr, &Limits::sniff},
      {"resolve", nullptr, &Limits::resolve},
      {"connect", nullptr, &Limits::connect},
      {"route_timeout", nullptr, &Limits::route_timeout},
      {"chunk_idle", nullptr, &Limits::chunk_idle},
      {"middleware_body", nullptr, &Limits::middleware_body},
      {"middleware_chain", nullptr, &Limits::middleware_chain},
      {"tunnel_idle", nullptr, &Limits::tunnel_idle},
      {"drain", nullptr, &Limits::drain},
      {"connections", &Limits::connections_max, nullptr},
      {"leaf_cache", &Limits::leaf_cache_max, nullptr},
      {"addresses", &Limits::addresses_max, nullptr},
  }};
  return kFields;
}

Limits Limits::scaled(double factor) const {
  Limits out = *this;
  for (const LimitField& field : limit_fields()) {
    if (field.time == nullptr) continue;
    const double ms_count = static_cast<double>((out.*field.time).count()) * factor;
    out.*field.time = std::chrono::milliseconds(static_cast<std::int64_t>(ms_count));
  }
  return out;
}

}  // namespace sallyport::base

package io.teleproxy.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestGuardTest {
  @ParameterizedTest
  @ValueSource(strings = {"teleproxy", "TELEPROXY:80", "127.0.0.1:4711", "localhost", "[::1]:80"})
  void letsOurHostsThrough(String host) {
    assertThat(RequestGuard.refusal(host, null, null)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"evil.example", "teleproxy.evil.example", "", "10.0.0.1"})
  void refusesForeignHosts(String host) {
    assertThat(RequestGuard.refusal(host, null, null)).isPresent();
  }

  @Test
  void refusesRequestsWithoutHost() {
    assertThat(RequestGuard.refusal(null, null, null)).isPresent();
  }

  @Test
  void refusesPagesOfOtherOrigins() {
    assertThat(RequestGuard.refusal("teleproxy", "https://evil.example", null)).isPresent();
    assertThat(RequestGuard.refusal("teleproxy", "null", null)).isPresent();
    assertThat(RequestGuard.refusal("teleproxy", null, "cross-site")).isPresent();
    assertThat(RequestGuard.refusal("teleproxy", "http://teleproxy", "same-origin")).isEmpty();
  }
}

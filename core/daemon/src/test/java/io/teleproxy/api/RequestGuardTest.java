package io.teleproxy.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestGuardTest {
  @ParameterizedTest
  @ValueSource(strings = {"teleproxy", "TELEPROXY:80", "127.0.0.1:4711", "localhost", "[::1]:80"})
  void letsOurHostsThrough(String host) {
    assertThat(look("Host", host)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"evil.example", "teleproxy.evil.example", "", "10.0.0.1"})
  void refusesForeignHosts(String host) {
    assertThat(look("Host", host)).isPresent();
  }

  @Test
  void refusesRequestsWithoutHost() {
    assertThat(look()).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://evil.example",
        "null",
        "http://localhost",
        "http://teleproxy:8080",
        "https://teleproxy",
        "http://teleproxy.evil.example"
      })
  void refusesPagesOfOtherOriginsAndPortsOfOurOwnHostsAreSuch(String origin) {
    assertThat(look("Host", "teleproxy", "Origin", origin)).isPresent();
  }

  @Test
  void letsOurOwnPageThroughWhereverItWasLoadedFrom() {
    for (String host : new String[] {"teleproxy", "127.254.254.254", "localhost:4711"}) {
      assertThat(look("Host", host, "Origin", "http://" + host, "Sec-Fetch-Site", "same-origin"))
          .isEmpty();
    }
  }

  @Test
  void refusesWhatBrowsersSayIsOfAnotherSite() {
    assertThat(look("Host", "teleproxy", "Sec-Fetch-Site", "cross-site")).isPresent();
    assertThat(look("Host", "localhost", "Sec-Fetch-Site", "same-site")).isPresent();
    assertThat(look("Host", "localhost", "Sec-Fetch-Site", "none")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /api/shutdown",
        "GET /api/shutdown/?x",
        "GET /api/explain?host=a",
        "POST /api/tables/",
        "DELETE /api/tables/a"
      })
  void aBrowserActsOnlyByOurPage(String request) {
    for (String[] browser :
        new String[][] {{"User-Agent", "Mozilla/5.0 (X11)"}, {"Accept-Language", "en"}}) {
      assertThat(ask(request, "Host", "teleproxy", browser[0], browser[1])).isPresent();
      assertThat(ask(request, "Host", "teleproxy", browser[0], browser[1], "X-Teleproxy", "page"))
          .isEmpty();
    }
    assertThat(ask(request, "Host", "teleproxy", "User-Agent", "curl/8.5.0")).isEmpty();
    assertThat(ask(request, "Host", "teleproxy")).isEmpty();
  }

  @Test
  void aBrowserMayLook() {
    assertThat(look("Host", "teleproxy", "User-Agent", "Mozilla/5.0")).isEmpty();
  }

  private static Optional<String> look(String... headers) {
    return ask("GET /api/status", headers);
  }

  private static Optional<String> ask(String request, String... headers) {
    HttpHeaders all = new DefaultHttpHeaders();
    for (int i = 0; i < headers.length; i += 2) {
      all.add(headers[i], headers[i + 1]);
    }
    String[] words = request.split(" ");
    return RequestGuard.refusal(words[0], words[1], all);
  }
}

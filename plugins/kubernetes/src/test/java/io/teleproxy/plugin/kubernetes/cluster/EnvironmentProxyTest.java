package io.teleproxy.plugin.kubernetes.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.teleproxy.spi.UserException;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What kubectl makes of the same variables. */
class EnvironmentProxyTest {
  private static final String PROXY = "http://proxy.test:3128";

  @Test
  void theVariableOfTheSchemeCounts() {
    Map<String, String> both =
        Map.of("HTTPS_PROXY", "secure.test:1", "HTTP_PROXY", "http://plain.test");
    assertThat(of("https://api.test", both)).hasToString("Optional[http://secure.test:1]");
    assertThat(of("http://api.test", both)).hasToString("Optional[http://plain.test:80]");
    assertThat(of("https://api.test", Map.of())).isEmpty();
  }

  @Test
  void capitalLettersCountBeforeSmallOnes() {
    Map<String, String> small = Map.of("https_proxy", "socks5://user:secret@small.test");
    assertThat(of("https://api.test", small))
        .contains(new ProxyUrl(ProxyUrl.Kind.SOCKS5, "small.test", 1080, "user", "secret"));
    assertThat(of("https://api.test", Map.of("https_proxy", "a.test", "HTTPS_PROXY", "b.test")))
        .hasToString("Optional[http://b.test:80]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // server | NO_PROXY | whether the proxy is used
        "https://api.test:6443    | other.test, api.test     | false",
        "https://api.test:6443    | *                        | false",
        "https://api.test:6443    | test                     | false",
        "https://api.test:6443    | .test                    | false",
        "https://api.test:6443    | *.test                   | false",
        "https://api.test:6443    | .api.test                | true",
        "https://api.test:6443    | pi.test                  | true",
        "https://API.test:6443    | aPI.TEST                 | false",
        "https://api.test:6443    | api.test:6443            | false",
        "https://api.test:6443    | api.test:443             | true",
        "https://api.test         | api.test:443             | false",
        "https://10.99.2.2:6443   | 10.99.0.0/16             | false",
        "https://10.99.2.2:6443   | 10.98.0.0/16,10.99.2.2   | false",
        "https://10.99.2.2:6443   | 10.99.2.0/99,10.99.2     | true",
        "https://10.99.2.2:6443   | 10.99.2.2:6443           | false",
        "https://10.99.2.2:6443   | 10.99.2.2:443,10.99.2.23 | true",
        "https://[2001:db8::1]:1  | 2001:db8::/32            | false",
        "https://[2001:db8::1]:1  | [2001:DB8:0::1]:1        | false",
        "https://[2001:db8::1]:1  | 2001:db8::1              | false",
        "https://[2001:db8::1]:1  | 2001:db8::2, 10.0.0.0/8  | true",
        "https://localhost:6443   | x                        | false",
        "https://127.0.0.1:6443   | x                        | false",
        "https://[::1]:6443       | x                        | false",
        "https://999.0.0.1.test   | 999.0.0.1                | true",
      })
  void exceptionsAreRespected(String server, String exceptions, boolean used) {
    assertThat(of(server, Map.of("HTTPS_PROXY", PROXY, "NO_PROXY", exceptions)).isPresent())
        .isEqualTo(used);
  }

  @Test
  void aKindThatIsNotSpokenIsNamedUnlessTheServerIsExcepted() {
    Map<String, String> unknown = Map.of("HTTPS_PROXY", "ftp://proxy.test");
    assertThatThrownBy(() -> of("https://api.test", unknown))
        .isInstanceOfSatisfying(
            UserException.class,
            e -> {
              assertThat(e).hasMessageContaining("HTTPS_PROXY").hasMessageContaining("socks5://");
              assertThat(e.remedy()).contains("NO_PROXY=api.test");
            });
    assertThat(
            of("https://api.test", Map.of("HTTPS_PROXY", "ftp://proxy.test", "no_proxy", "test")))
        .isEmpty();
  }

  private static Optional<ProxyUrl> of(String server, Map<String, String> variables) {
    return EnvironmentProxy.of(URI.create(server), variables);
  }
}

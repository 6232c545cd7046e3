package io.teleproxy.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrefixTest {
  @ParameterizedTest
  @ValueSource(strings = {"10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "fd00:0:0:0:0:0:0:1"})
  void writesWhatItRead(String text) {
    assertThat(Prefix.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "web.shop",
        "10.0.0.0/33",
        "10.0.0.0/x",
        "fd00::/129",
        "fe80::1%eth0"
      })
  void refusesWhatIsNoAddress(String text) {
    assertThatThrownBy(() -> Prefix.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + (text.contains("/") ? text : text) + "'")
        .hasMessageContaining("expected");
  }

  @Test
  void isEqualByAddressAndLength() {
    assertThat(Prefix.parse("10.0.0.0/8"))
        .isEqualTo(Prefix.parse("10.0.0.0/8"))
        .hasSameHashCodeAs(Prefix.parse("10.0.0.0/8"))
        .isNotEqualTo(Prefix.parse("10.0.0.0/9"))
        .isNotEqualTo(Prefix.parse("11.0.0.0/8"));
  }

  @Test
  void clearsHostBits() {
    assertThat(Prefix.parse("10.1.2.3/8")).isEqualTo(Prefix.parse("10.0.0.0/8"));
    assertThat(Prefix.parse("10.1.2.255/31")).hasToString("10.1.2.254/31");
  }

  @Test
  void containsAddressesOfItsFamilyOnly() {
    Prefix prefix = Prefix.parse("10.96.0.0/12");
    assertThat(prefix.contains(Prefix.parseAddress("10.111.255.255"))).isTrue();
    assertThat(prefix.contains(Prefix.parseAddress("10.112.0.0"))).isFalse();
    assertThat(prefix.contains(Prefix.parseAddress("::1"))).isFalse();
  }

  @Test
  void putsLongerPrefixesFirst() {
    assertThat(
            List.of(Prefix.parse("::1"), Prefix.parse("10.0.0.0/8"), Prefix.parse("200.0.0.1"))
                .stream()
                .sorted()
                .map(Prefix::toString))
        .containsExactly("200.0.0.1", "10.0.0.0/8", "0:0:0:0:0:0:0:1");
  }

  @Test
  void leavesOutAnother() {
    Prefix loopback = Prefix.parse("127.0.0.0/8");
    assertThat(Prefix.parse("0.0.0.0/0").without(loopback))
        .hasSize(8)
        .noneMatch(rest -> rest.contains(loopback.address()))
        .anyMatch(rest -> rest.contains(Prefix.parseAddress("126.255.255.255")))
        .anyMatch(rest -> rest.contains(Prefix.parseAddress("128.0.0.0")))
        .anyMatch(rest -> rest.contains(Prefix.parseAddress("0.0.0.0")));
    assertThat(Prefix.parse("10.0.0.0/8").without(loopback))
        .containsExactly(Prefix.parse("10.0.0.0/8"));
    assertThat(Prefix.parse("127.1.0.0/16").without(loopback)).isEmpty();
    assertThat(Prefix.parse("::/0").without(loopback)).containsExactly(Prefix.parse("::/0"));
  }
}

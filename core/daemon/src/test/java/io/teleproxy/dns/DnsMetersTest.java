package io.teleproxy.dns;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DnsMetersTest {
  private final DnsMeters meters = new DnsMeters();

  @Test
  void ratesAreOfTheLastTenWholeSeconds() {
    for (int i = 0; i < 50; i++) {
      meters.count(DnsMeters.QUERY, 100);
      meters.count(DnsMeters.LOCAL, 100);
    }
    meters.count(DnsMeters.QUERY, 101);
    meters.count(DnsMeters.RELAYED, 101);
    meters.count(DnsMeters.QUERY, 101);
    meters.count(DnsMeters.MALFORMED, 101);

    assertThat(meters.rates(100)).isEqualTo(new DnsRates(0, 0, 0, 0));
    assertThat(meters.rates(102)).isEqualTo(new DnsRates(5.2, 5, 0.1, 0.1));
    assertThat(meters.rates(111)).isEqualTo(new DnsRates(0.2, 0, 0.1, 0.1));
    assertThat(meters.rates(112)).isEqualTo(new DnsRates(0, 0, 0, 0));
  }

  @Test
  void aPlaceThatIsUsedAgainForgetsWhatItHeld() {
    meters.count(DnsMeters.QUERY, 100);
    meters.count(DnsMeters.QUERY, 116);

    assertThat(meters.rates(117).queries()).isEqualTo(0.1);
    assertThat(meters.read().queries()).isEqualTo(2);
  }
}

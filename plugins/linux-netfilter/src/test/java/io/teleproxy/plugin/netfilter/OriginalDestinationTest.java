package io.teleproxy.plugin.netfilter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.teleproxy.spi.Interceptor.AcceptedConnection;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OriginalDestinationTest {
  private static final InetSocketAddress PEER = new InetSocketAddress("10.1.1.1", 40000);
  private static final InetSocketAddress LOCAL4 = new InetSocketAddress("127.0.0.1", 15001);
  private static final InetSocketAddress LOCAL6 = new InetSocketAddress("::1", 15001);

  @Test
  void readsAnIpv4Destination() throws IOException {
    Accepted connection = new Accepted(LOCAL4, family(2) + "1f90 0a600001 0000000000000000");

    assertThat(OriginalDestination.of(connection))
        .contains(new InetSocketAddress("10.96.0.1", 8080));
    assertThat(connection.asked).isEqualTo("level 0 name 80 length 16");
  }

  @Test
  void readsAnIpv6Destination() throws IOException {
    Accepted connection =
        new Accepted(
            LOCAL6, family(10) + "01bb 00000000 fd000000000000000000000000000001 00000000");

    assertThat(OriginalDestination.of(connection)).contains(new InetSocketAddress("fd00::1", 443));
    assertThat(connection.asked).isEqualTo("level 41 name 80 length 28");
  }

  @Test
  void readsPortsAndAddressesUnsigned() throws IOException {
    assertThat(OriginalDestination.parse(bytes(family(2) + "ffff ffeeddcc 0000000000000000")))
        .isEqualTo(new InetSocketAddress("255.238.221.204", 65535));
  }

  @Test
  void isEmptyForAConnectionToTheListenerItself() throws IOException {
    assertThat(
            OriginalDestination.of(
                new Accepted(LOCAL4, family(2) + "3a99 7f000001 0000000000000000")))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "getsockopt(..) failed: No such file or directory",
        "ENOENT",
        "Protocol not available"
      })
  void isEmptyForAConnectionThatConntrackDoesNotKnow(String error) throws IOException {
    assertThat(OriginalDestination.of(new Failing(error))).isEmpty();
  }

  @Test
  void passesOtherErrorsOn() {
    assertThatThrownBy(() -> OriginalDestination.of(new Failing("Bad file descriptor")))
        .isInstanceOf(IOException.class)
        .hasMessage("Bad file descriptor");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "02", "02001f90", "ffff1f900a6000010000000000000000"})
  void refusesWhatIsNoSocketAddress(String hex) {
    assertThatThrownBy(() -> OriginalDestination.parse(bytes(hex)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("expected: sockaddr_in or sockaddr_in6");
  }

  private static String family(int number) {
    return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
        ? "%02x00 ".formatted(number)
        : "00%02x ".formatted(number);
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  private static final class Accepted implements AcceptedConnection {
    private final InetSocketAddress local;
    private final byte[] answer;
    private String asked = "";

    Accepted(InetSocketAddress local, String answer) {
      this.local = local;
      this.answer = bytes(answer);
    }

    @Override
    public InetSocketAddress peer() {
      return PEER;
    }

    @Override
    public InetSocketAddress local() {
      return local;
    }

    @Override
    public byte[] socketOption(int level, int name, int length) {
      asked = "level " + level + " name " + name + " length " + length;
      return answer;
    }
  }

  private record Failing(String error) implements AcceptedConnection {
    @Override
    public InetSocketAddress peer() {
      return PEER;
    }

    @Override
    public InetSocketAddress local() {
      return LOCAL4;
    }

    @Override
    public byte[] socketOption(int level, int name, int length) throws IOException {
      throw new IOException(error);
    }
  }
}

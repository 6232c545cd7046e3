package io.teleproxy.plugin.pf;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.NativeLong;
import com.sun.jna.Structure;
import io.teleproxy.spi.Protocol;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Layout and numbers of XNU's pfvar.h and ioccom.h. */
class NatlookTest {
  /** The struct as its header declares it, for JNA to lay out as a compiler would. */
  public static class PfiocNatlook extends Structure {
    public byte[] saddr = new byte[16];
    public byte[] daddr = new byte[16];
    public byte[] rsaddr = new byte[16];
    public byte[] rdaddr = new byte[16];
    public int sxport;
    public int dxport;
    public int rsxport;
    public int rdxport;
    public byte af;
    public byte proto;
    public byte protoVariant;
    public byte direction;

    @Override
    protected List<String> getFieldOrder() {
      return List.of(
          "saddr",
          "daddr",
          "rsaddr",
          "rdaddr",
          "sxport",
          "dxport",
          "rsxport",
          "rdxport",
          "af",
          "proto",
          "protoVariant",
          "direction");
    }

    int offset(String field) {
      return fieldOffset(field);
    }
  }

  @Test
  void theStructIsLaidOutAsACompilerWouldDoIt() {
    PfiocNatlook struct = new PfiocNatlook();

    assertThat(struct.size()).isEqualTo(Natlook.SIZE).isEqualTo(84);
    assertThat(struct.offset("saddr")).isEqualTo(Natlook.SADDR).isZero();
    assertThat(struct.offset("daddr")).isEqualTo(Natlook.DADDR).isEqualTo(16);
    assertThat(struct.offset("rdaddr")).isEqualTo(Natlook.RDADDR).isEqualTo(48);
    assertThat(struct.offset("sxport")).isEqualTo(Natlook.SXPORT).isEqualTo(64);
    assertThat(struct.offset("dxport")).isEqualTo(Natlook.DXPORT).isEqualTo(68);
    assertThat(struct.offset("rdxport")).isEqualTo(Natlook.RDXPORT).isEqualTo(76);
    assertThat(struct.offset("af")).isEqualTo(Natlook.AF).isEqualTo(80);
    assertThat(struct.offset("proto")).isEqualTo(Natlook.PROTO).isEqualTo(81);
    assertThat(struct.offset("protoVariant")).isEqualTo(Natlook.PROTO_VARIANT).isEqualTo(82);
    assertThat(struct.offset("direction")).isEqualTo(Natlook.DIRECTION).isEqualTo(83);
  }

  @Test
  void requestsHaveTheNumbersOfTheSystem() {
    assertThat(Natlook.REQUEST).isEqualTo(0xC0544417L);
    assertThat(SkipFlag.REQUEST).isEqualTo(0xC028445AL);
    assertThat(Natlook.AF_INET6).isEqualTo(30);
    assertThat(Natlook.PF_OUT).isEqualTo(2);
  }

  /** The kernel compares 64 bits; a sign would make it another request. */
  @Test
  void requestsKeepNoSignOnTheWayToTheKernel() {
    assertThat(new NativeLong(Natlook.REQUEST).longValue()).isEqualTo(3226747927L);
  }

  @Test
  void ioctlIsCalledWithVariableArgumentsAndOpenWithoutThird() throws Exception {
    Method ioctl =
        JnaPfDevice.C.class.getMethod("ioctl", int.class, NativeLong.class, Object[].class);
    assertThat(ioctl.isVarArgs()).isTrue();
    assertThat(JnaPfDevice.C.class.getMethod("open", String.class, int.class).isVarArgs())
        .isFalse();
  }

  @Test
  void asksForAnIpv4Connection() {
    byte[] struct =
        Natlook.question(
            Protocol.TCP,
            new InetSocketAddress("192.168.1.5", 51000),
            new InetSocketAddress("127.0.0.1", 15001));

    assertThat(hex(struct, 0, 16)).isEqualTo("c0a80105" + "00".repeat(12));
    assertThat(hex(struct, 16, 32)).isEqualTo("7f000001" + "00".repeat(12));
    assertThat(hex(struct, 32, 64)).isEqualTo("00".repeat(32));
    assertThat(hex(struct, 64, 84))
        .isEqualTo("c7380000" + "3a990000" + "00".repeat(8) + "02060002");
  }

  @Test
  void asksForAnIpv6Connection() {
    byte[] struct =
        Natlook.question(
            Protocol.TCP,
            new InetSocketAddress("fd00::5", 51000),
            new InetSocketAddress("::1", 80));

    assertThat(hex(struct, 0, 16)).isEqualTo("fd" + "00".repeat(14) + "05");
    assertThat(hex(struct, 16, 32)).isEqualTo("00".repeat(15) + "01");
    assertThat(hex(struct, 80, 84)).isEqualTo("1e060002");
  }

  /** The keys of UDP states carry a variant, and are compared by it. */
  @Test
  void asksForDatagramsWithTheVariantOfTheirStates() {
    byte[] struct =
        Natlook.question(
            Protocol.UDP,
            new InetSocketAddress("192.168.1.5", 51000),
            new InetSocketAddress("127.0.0.1", 15007));

    assertThat(hex(struct, 80, 84)).isEqualTo("02110102");
  }

  @Test
  void readsTheOriginalDestination() throws UnknownHostException {
    byte[] struct = new byte[Natlook.SIZE];
    struct[80] = 2;
    System.arraycopy(new byte[] {10, 96, 7, 7}, 0, struct, 48, 4);
    System.arraycopy(new byte[] {(byte) 0xff, (byte) 0xfe}, 0, struct, 76, 2);
    assertThat(Natlook.answer(struct)).isEqualTo(new InetSocketAddress("10.96.7.7", 65534));

    struct[80] = 30;
    byte[] address = InetAddress.getByName("fd00::1").getAddress();
    System.arraycopy(address, 0, struct, 48, 16);
    assertThat(Natlook.answer(struct)).isEqualTo(new InetSocketAddress("fd00::1", 65534));
  }

  @Test
  void takesTheSkipFlagFromOneInterface() {
    byte[] struct = SkipFlag.of("lo0");

    assertThat(hex(struct, 0, 36)).isEqualTo("6c6f30" + "00".repeat(33));
    assertThat(hex(struct, 36, 40)).isEqualTo("00010000");
  }

  private static String hex(byte[] bytes, int from, int to) {
    return HexFormat.of().formatHex(Arrays.copyOfRange(bytes, from, to));
  }
}

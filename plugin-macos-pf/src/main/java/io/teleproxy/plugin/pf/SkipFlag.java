package io.teleproxy.plugin.pf;

import java.nio.charset.StandardCharsets;

/**
 * {@code struct pfioc_iface} as far as {@code DIOCCLRIFFLAG} reads it: takes {@code set skip} from
 * one interface, which pfctl can only do for all at once. Offsets are those of LP64.
 */
final class SkipFlag {
  static final int SIZE = 40;

  /** {@code DIOCCLRIFFLAG}. */
  static final long REQUEST = Ioctl.readWrite(90, SIZE);

  static final int NAME_LENGTH = 16;
  static final int FLAGS = 36;

  /** {@code PFI_IFLAG_SKIP}. */
  static final int SKIP = 0x100;

  private SkipFlag() {}

  static byte[] of(String device) {
    byte[] struct = new byte[SIZE];
    byte[] name = device.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(name, 0, struct, 0, Math.min(name.length, NAME_LENGTH - 1));
    // Both architectures of macOS are little-endian.
    struct[FLAGS] = (byte) SKIP;
    struct[FLAGS + 1] = (byte) (SKIP >> 8);
    return struct;
  }
}

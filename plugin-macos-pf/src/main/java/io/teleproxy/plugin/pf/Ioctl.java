package io.teleproxy.plugin.pf;

/** Numbers of pf's requests, as {@code _IOWR} of XNU's bsd/sys/ioccom.h makes them. */
final class Ioctl {
  private static final long IOC_INOUT = 0xC0000000L;
  private static final int IOCPARM_MASK = 0x1fff;

  private Ioctl() {}

  /**
   * A request of group {@code 'D'} that takes and returns a struct.
   *
   * @param number within the group
   * @param size bytes of the struct
   * @return without sign: the kernel compares all 64 bits
   */
  static long readWrite(int number, int size) {
    return IOC_INOUT | ((long) (size & IOCPARM_MASK) << 16) | ('D' << 8) | number;
  }
}

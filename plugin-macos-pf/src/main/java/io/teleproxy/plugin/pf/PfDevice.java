package io.teleproxy.plugin.pf;

import java.io.IOException;

/** pf itself, asked without a program in between. Safe for any threads. */
interface PfDevice extends AutoCloseable {
  /** There is no state for the question: the connection was not redirected. */
  int ENOENT = 2;

  /** Opens it, which only root may. */
  @FunctionalInterface
  interface Opener {
    PfDevice open() throws IOException;
  }

  /** What the kernel said instead of an answer. */
  final class Refusal extends IOException {
    private static final long serialVersionUID = 1;

    private final int errno;

    Refusal(String what, int errno) {
      super(what + ": " + text(errno));
      this.errno = errno;
    }

    int errno() {
      return errno;
    }

    /** Numbers of Darwin's sys/errno.h that pf answers with. */
    private static String text(int errno) {
      return switch (errno) {
        case 1 -> "EPERM, it is for root only";
        case ENOENT -> "ENOENT";
        case 7 -> "E2BIG, more than one state";
        case 13 -> "EACCES, the device was opened for reading only";
        case 19 -> "ENODEV, this system does not know the request";
        case 22 -> "EINVAL, an address, port or protocol is zero";
        default -> "errno " + errno;
      };
    }
  }

  /**
   * One ioctl(2).
   *
   * @param request its number, without sign
   * @param struct what is handed over; what comes back is put in its place
   * @throws Refusal if the kernel refuses
   */
  void control(String name, long request, byte[] struct) throws IOException;

  @Override
  void close();
}

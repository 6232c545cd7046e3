package io.teleproxy.net;

import com.sun.jna.LastErrorException;

/** A file descriptor on which the kernel announces changes. For one thread. */
interface Announcements extends AutoCloseable {
  /** {@code POLLIN}. */
  short READABLE = 0x001;

  /** {@code POLLPRI}. */
  short EXCEPTIONAL = 0x002;

  int descriptor();

  /** For which {@code poll(2)} waits. */
  default short events() {
    return READABLE;
  }

  /** Takes what has been announced, without waiting; what it says is not of interest. */
  void take();

  @Override
  default void close() {
    LinuxC.close(descriptor());
  }

  /** How a source of announcements is opened, on the thread that will wait for them. */
  interface Opening {
    Announcements open() throws LastErrorException;
  }
}

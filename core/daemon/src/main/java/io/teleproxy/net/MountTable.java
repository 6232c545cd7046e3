package io.teleproxy.net;

import com.sun.jna.LastErrorException;

/** That something was mounted or unmounted (proc_pid_mountinfo(5)): files may be others then. */
final class MountTable implements Announcements {
  private final int descriptor = LinuxC.open("/proc/self/mountinfo", LinuxC.CLOEXEC);

  /**
   * Opens the table.
   *
   * @throws LastErrorException if there is no /proc
   */
  MountTable() {}

  @Override
  public int descriptor() {
    return descriptor;
  }

  @Override
  public short events() {
    return EXCEPTIONAL;
  }

  /** The kernel has taken note of it when poll(2) returned. */
  @Override
  public void take() {}
}

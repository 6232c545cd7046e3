package io.teleproxy.net;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.Pointer;

/**
 * Functions of Linux's C library. The first use loads what calls them, some hundred milliseconds.
 * {@code size_t}, {@code ssize_t} and {@code nfds_t} are long on the 64-bit systems that there is a
 * product for.
 */
final class LinuxC {
  static final int AF_INET = 2;
  static final int AF_INET6 = 10;
  static final int AF_NETLINK = 16;
  static final int SOCK_RAW = 3;
  static final int SOCK_CLOEXEC = 0x80000;
  static final int MSG_DONTWAIT = 0x40;

  /** O_CLOEXEC, IN_CLOEXEC and EFD_CLOEXEC have the same value. */
  static final int CLOEXEC = 0x80000;

  /** O_NONBLOCK, IN_NONBLOCK and EFD_NONBLOCK have the same value. */
  static final int NONBLOCK = 0x800;

  static {
    Native.register(LinuxC.class, "c");
  }

  private LinuxC() {}

  static native int socket(int domain, int type, int protocol) throws LastErrorException;

  static native int bind(int socket, byte[] address, int length) throws LastErrorException;

  static native long send(int socket, byte[] data, long length, int flags)
      throws LastErrorException;

  static native long recv(int socket, byte[] data, long length, int flags)
      throws LastErrorException;

  static native int open(String path, int flags) throws LastErrorException;

  static native long read(int descriptor, byte[] data, long length) throws LastErrorException;

  static native long write(int descriptor, byte[] data, long length) throws LastErrorException;

  static native int close(int descriptor) throws LastErrorException;

  static native int poll(Pointer descriptors, long count, int timeoutMillis)
      throws LastErrorException;

  static native int eventfd(int value, int flags) throws LastErrorException;

  @SuppressWarnings("MethodName")
  static native int inotify_init1(int flags) throws LastErrorException;

  @SuppressWarnings("MethodName")
  static native int inotify_add_watch(int inotify, String path, int mask) throws LastErrorException;

  @SuppressWarnings("MethodName")
  static native int inotify_rm_watch(int inotify, int watch) throws LastErrorException;
}

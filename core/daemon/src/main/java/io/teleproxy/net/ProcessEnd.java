package io.teleproxy.net;

import com.sun.jna.Native;

/**
 * Ends this process at once. The virtual machine's own way waits 300 ms for threads that are in
 * native code, and whoever waits for packets is (HotSpot's {@code
 * VM_Exit::wait_for_threads_in_native_to_block}); _exit(2) does not.
 */
public final class ProcessEnd {
  private static volatile boolean prepared;

  private ProcessEnd() {}

  /** Loads the C library's function: it takes as long as it saves, so not at the end itself. */
  static synchronized void prepare() {
    if (!prepared) {
      Native.register(LibC.class, "c");
      prepared = true;
    }
  }

  /** Does not return; runs no shutdown hooks, and writes out nothing that is buffered. */
  public static void now(int status) {
    if (prepared) {
      LibC._exit(status);
    }
    Runtime.getRuntime().halt(status);
  }

  private static final class LibC {
    private LibC() {}

    /** exit_group(2) on Linux: ends all threads, wherever they are. */
    @SuppressWarnings({"MemberName", "MethodName"})
    static native void _exit(int status);
  }
}

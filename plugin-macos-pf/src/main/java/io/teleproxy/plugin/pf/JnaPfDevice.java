package io.teleproxy.plugin.pf;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;

/** {@code /dev/pf} by the system's C library. One descriptor lasts for the whole run. */
final class JnaPfDevice implements PfDevice {
  static final String PATH = "/dev/pf";

  private static final int O_RDWR = 2;

  /** As JNA maps it. */
  interface C extends Library {
    int open(String path, int flags) throws LastErrorException;

    int close(int descriptor);

    /**
     * Variable arguments, as in C: on Apple silicon they are passed on the stack, and a mapping
     * with three fixed arguments would hand the kernel a pointer from nowhere.
     */
    int ioctl(int descriptor, NativeLong request, Object... arguments) throws LastErrorException;
  }

  private final C c;
  private final int descriptor;
  private final AtomicBoolean closed = new AtomicBoolean();

  private JnaPfDevice(C c, int descriptor) {
    this.c = c;
    this.descriptor = descriptor;
  }

  /** Opens it for reading and writing: only questions may be asked with less. */
  static PfDevice open() throws IOException {
    C c = Native.load("c", C.class);
    try {
      return new JnaPfDevice(c, c.open(PATH, O_RDWR));
    } catch (LastErrorException e) {
      throw new Refusal(PATH, e.getErrorCode());
    }
  }

  @Override
  public void control(String name, long request, byte[] struct) throws IOException {
    try (Memory memory = new Memory(struct.length)) {
      memory.write(0, struct, 0, struct.length);
      c.ioctl(descriptor, new NativeLong(request), memory);
      memory.read(0, struct, 0, struct.length);
    } catch (LastErrorException e) {
      throw new Refusal(name, e.getErrorCode());
    }
  }

  @Override
  public void close() {
    if (!closed.getAndSet(true)) {
      c.close(descriptor);
    }
  }
}

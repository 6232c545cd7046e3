package io.teleproxy.tables;

import java.net.InetAddress;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * By which name programs know an address: the one that was last asked for and answered with it. The
 * tables may have several for it; the one that a program has just asked for is the one that it
 * means when it connects.
 *
 * <p>Of limited size: an address takes the place of another one now and then. Any thread, without
 * locks: an answer costs a look at one place, and a write where another name was there.
 */
public final class AskedNames {
  private static final int BITS = 11;

  private final AtomicReferenceArray<Asked> places = new AtomicReferenceArray<>(1 << BITS);

  /** A name that is answered with an address; kept by whoever gives the same answer again. */
  public static final class Asked {
    private final InetAddress address;
    private final String name;

    /** The name as it was asked for, without the last dot. */
    public Asked(InetAddress address, String name) {
      this.address = address;
      this.name = name;
    }
  }

  public void answered(Asked asked) {
    int place = place(asked.address);
    if (places.getPlain(place) != asked) {
      places.setRelease(place, asked);
    }
  }

  /** The name that was last asked for; empty if not known. */
  public String last(InetAddress address) {
    Asked asked = places.getAcquire(place(address));
    return asked != null && asked.address.equals(address) ? asked.name : "";
  }

  /** Neighbours in a range shall not share a place (Fibonacci hashing). */
  private static int place(InetAddress address) {
    return (address.hashCode() * 0x9e3779b9) >>> (Integer.SIZE - BITS);
  }
}

package io.teleproxy.spi;

/**
 * One thing that {@code teleproxy doctor} has looked at.
 *
 * @param check what was looked at, in a word or two
 * @param found what is so; no secrets
 * @param remedy what to do; empty if nothing
 */
public record Finding(String check, Verdict verdict, String found, String remedy) {
  /** What it means for teleproxy. */
  public enum Verdict {
    OK,
    /** It may matter, or something cannot be told. */
    NOTE,
    /** Something will not work. */
    BAD
  }

  public static Finding ok(String check, String found) {
    return new Finding(check, Verdict.OK, found, "");
  }

  public static Finding note(String check, String found, String remedy) {
    return new Finding(check, Verdict.NOTE, found, remedy);
  }

  public static Finding bad(String check, String found, String remedy) {
    return new Finding(check, Verdict.BAD, found, remedy);
  }
}

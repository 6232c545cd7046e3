package io.teleproxy.spi;

/** An extension's answer to the question whether it can work on this machine. */
public sealed interface Probe {
  /**
   * It can.
   *
   * @param priority among applicable extensions of which only one is needed, the highest is chosen
   * @param detail what was found, in a few words: {@code iptables v1.8.9 (nf_tables)}
   */
  record Applicable(int priority, String detail) implements Probe {}

  /**
   * It cannot.
   *
   * @param reason what is missing, in one line
   * @param remedy what would make it applicable; empty where nothing would
   */
  record NotApplicable(String reason, String remedy) implements Probe {}

  static Probe applicable(int priority, String detail) {
    return new Applicable(priority, detail);
  }

  static Probe notApplicable(String reason, String remedy) {
    return new NotApplicable(reason, remedy);
  }
}

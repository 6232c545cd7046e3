package io.teleproxy.plugin.iptables;

import static io.teleproxy.testkit.Plans.dns;
import static io.teleproxy.testkit.Plans.redirect;
import static io.teleproxy.testkit.Plans.reject;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.testkit.Machine;
import java.io.IOException;
import java.util.List;

/** A program that holds a session until it is killed, to be run inside of a namespace. */
public final class Holder {
  private static final InterceptPlan PLAN =
      InterceptPlan.of(
          List.of(
              redirect("tcp 10.1.0.1 80", 15001),
              reject("tcp 10.1.0.1"),
              redirect("tcp fd00:1::1 80", 15001)),
          dns(15053, "10.1.0.9", "fd00:1::53"),
          List.of("br0"));

  private Holder() {}

  /** Prints {@code ready} when the plan is applied by the variant that is the first argument. */
  public static void main(String[] args) throws IOException {
    Machine machine = new Machine().with("command", args[0]);
    Interceptor.Session session = new IptablesInterceptor().open(machine);
    session.apply(PLAN);
    System.out.println("ready");
    while (System.in.read() >= 0) {
      // The end of input is that of the test.
    }
    session.close();
  }
}

package io.teleproxy.plugin.iptables;

import static io.teleproxy.testkit.Plans.dns;
import static io.teleproxy.testkit.Plans.redirect;
import static io.teleproxy.testkit.Plans.reject;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.testkit.Machine;
import java.io.IOException;
import java.util.ArrayList;
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

  /** What a run of the core hands over, without who listens to the kernel. */
  private record Told(Machine machine, List<Runnable> curious) implements Interceptor.Context {
    @Override
    public Environment environment() {
      return machine;
    }

    @Override
    public long exemptGid() {
      return machine.exemptGid();
    }

    @Override
    public void packetFilterChanges(Runnable changed) {
      curious.add(changed);
    }
  }

  /**
   * Prints {@code ready} when the plan is applied by the variant that is the first argument. For
   * each byte of input the session is told that the packet filter has changed, and {@code told} is
   * printed after that.
   */
  public static void main(String[] args) throws IOException {
    Told context = new Told(new Machine().with("command", args[0]), new ArrayList<>());
    Interceptor.Session session = new IptablesInterceptor().open(context);
    session.apply(PLAN);
    System.out.println("ready");
    while (System.in.read() >= 0) {
      context.curious().forEach(Runnable::run);
      System.out.println("told");
    }
    session.close();
  }
}

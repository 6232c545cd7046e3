package io.teleproxy.plugin.pf;

import io.teleproxy.spi.AnsweredNames;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Protocol;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run's hold on pf. All state is guarded by this: {@code apply}, {@code names} and {@code
 * close} come from one thread, checks from the upkeep's. {@code originalDestination} touches no
 * state.
 */
final class PfSession implements Interceptor.Session {
  private static final Logger log = LoggerFactory.getLogger(PfSession.class);

  private static final String LOOPBACK = "lo0";

  private final Tools tools;
  private final Pfctl pf;
  private final DynamicStore store;
  private final PfDevice device;
  private final TokenFile tokens;
  private final long exemptGid;
  private final Duration check;

  /** Keeps pf on; null while we have no rules. */
  private @Nullable String token;

  private @Nullable Upkeep upkeep;
  private InterceptPlan applied = InterceptPlan.EMPTY;
  private AnsweredNames told = AnsweredNames.NONE;
  private String complaint = "";

  PfSession(Tools tools, PfDevice device, TokenFile tokens, long exemptGid, Duration check) {
    this.check = check;
    this.tools = tools;
    this.pf = tools.pf();
    this.store = tools.store();
    this.device = device;
    this.tokens = tokens;
    this.exemptGid = exemptGid;
  }

  @Override
  public synchronized void apply(InterceptPlan plan) throws IOException {
    InterceptPlan before = applied;
    if (plan.equals(before)) {
      return;
    }
    String rules = AnchorRules.of(plan, exemptGid);
    if (rules.isEmpty()) {
      remove();
      return;
    }
    boolean first = token == null;
    try {
      pf.load(rules);
      if (!pf.loaded()) {
        throw new IOException(
            "pfctl has loaded the anchor " + Pfctl.ANCHOR + ", and it has no rules");
      }
      if (first) {
        hold();
      }
    } catch (IOException e) {
      if (first) {
        undo(e);
      }
      throw e;
    }
    applied = plan;
    if (upkeep == null) {
      upkeep = new Upkeep(this::mend, check);
    }
    KnownFlows.forget(pf, before, plan);
    if (before.dns().port() != plan.dns().port()) {
      tell();
    } else if (!before.dns().equals(plan.dns())) {
      tools.forgetNames();
    }
  }

  @Override
  public synchronized void names(AnsweredNames names) throws IOException {
    told = names;
    if (!applied.isEmpty()) {
      tell();
    }
  }

  /** Turns pf on, and lets it look at what we turn around on the loopback interface. */
  private void hold() throws IOException {
    if (pf.skips(LOOPBACK)) {
      device.control("DIOCCLRIFFLAG", SkipFlag.REQUEST, SkipFlag.of(LOOPBACK));
      log.info("macos-pf: took back 'set skip on {}', with which nothing is redirected", LOOPBACK);
    }
    String mine = pf.enable();
    token = mine;
    tokens.write(mine, tools.bootSession());
  }

  /** Tells the system's resolver where our server is, and what it knows. */
  private void tell() throws IOException {
    int port = applied.dns().port();
    if (port > 0 && !told.equals(AnsweredNames.NONE)) {
      store.set(told, port);
    }
    tools.forgetNames();
  }

  /** Makes good what somebody else has undone. */
  private synchronized void mend() {
    if (upkeep == null) {
      return;
    }
    String said = "";
    try {
      if (!pf.enabled()) {
        said = "pf had been turned off; it is on again";
        hold();
      }
      if (pf.skips(LOOPBACK)) {
        said = "'set skip on lo0' was set; it is taken back";
        device.control("DIOCCLRIFFLAG", SkipFlag.REQUEST, SkipFlag.of(LOOPBACK));
      }
      if (!pf.loaded()) {
        said = "our rules had been removed; they were made again";
        pf.load(AnchorRules.of(applied, exemptGid));
      }
      Optional<String> uncalled = pf.uncalled();
      if (uncalled.isPresent()) {
        said = uncalled.get() + ", nothing is intercepted: sudo pfctl -f /etc/pf.conf";
      }
    } catch (IOException | RuntimeException e) {
      said = "rules could not be kept up: " + e.getMessage() + "; trying again";
    }
    if (!said.isEmpty() && !said.equals(complaint)) {
      log.warn("macos-pf: {}", said);
    }
    complaint = said;
  }

  /** After a first plan that did not work. */
  private void undo(IOException cause) {
    Steps steps = new Steps();
    steps.run(pf::flush);
    steps.run(this::release);
    try {
      steps.finish();
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private void release() throws IOException {
    String mine = token;
    token = null;
    if (mine != null) {
      pf.release(mine);
      tokens.delete();
    }
  }

  private void remove() throws IOException {
    if (upkeep != null) {
      upkeep.close();
      upkeep = null;
    }
    InterceptPlan before = applied;
    Steps steps = new Steps();
    steps.run(pf::flush);
    steps.run(() -> KnownFlows.forget(pf, before, InterceptPlan.EMPTY));
    steps.run(this::release);
    steps.run(store::remove);
    steps.run(tools::forgetNames);
    steps.finish();
    applied = InterceptPlan.EMPTY;
  }

  @Override
  public Optional<InetSocketAddress> originalDestination(Interceptor.AcceptedConnection connection)
      throws IOException {
    InetSocketAddress local = connection.local();
    byte[] struct = Natlook.question(Protocol.TCP, connection.peer(), local);
    try {
      device.control("DIOCNATLOOK", Natlook.REQUEST, struct);
    } catch (PfDevice.Refusal e) {
      if (e.errno() == PfDevice.ENOENT) {
        return Optional.empty();
      }
      throw e;
    }
    return Optional.of(Natlook.answer(struct));
  }

  @Override
  public synchronized void close() throws IOException {
    try {
      if (!applied.isEmpty() || token != null) {
        remove();
        log.info("macos-pf: removed all rules");
      }
    } finally {
      device.close();
    }
  }
}

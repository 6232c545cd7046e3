package io.teleproxy.plugin.pf;

import io.teleproxy.spi.AnsweredNames;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Journal;
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
  private final Journal journal;
  private final long exemptGid;
  private final Duration check;

  /** What is to be undone: our rules, the token that keeps pf on, and what the resolver knows. */
  private Journal.@Nullable Entry rules;

  private Journal.@Nullable Entry token;
  private Journal.@Nullable Entry resolver;

  private @Nullable Upkeep upkeep;
  private InterceptPlan applied = InterceptPlan.EMPTY;
  private AnsweredNames told = AnsweredNames.NONE;
  private String complaint = "";

  PfSession(Tools tools, PfDevice device, Interceptor.Context context, Duration check) {
    this.tools = tools;
    this.pf = tools.pf();
    this.store = tools.store();
    this.device = device;
    this.journal = context.journal();
    this.exemptGid = context.exemptGid();
    this.check = check;
  }

  @Override
  public synchronized void apply(InterceptPlan plan) throws IOException {
    InterceptPlan before = applied;
    if (plan.equals(before)) {
      return;
    }
    String text = AnchorRules.of(plan, exemptGid);
    if (text.isEmpty()) {
      remove();
      return;
    }
    boolean first = token == null;
    try {
      if (rules == null) {
        rules = journal.note("pf rules in anchor " + Pfctl.ANCHOR, Undoing.rules(tools));
      }
      pf.load(text);
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
    // Which token it is, is known when we have it: the one change that is noted after it was made.
    String mine = pf.enable();
    try {
      token = journal.note("pf enable token " + mine, Undoing.token(tools, mine));
    } catch (IOException e) {
      pf.release(mine);
      throw e;
    }
  }

  /** Tells the system's resolver where our server is, and what it knows. */
  private void tell() throws IOException {
    int port = applied.dns().port();
    if (port > 0 && !told.equals(AnsweredNames.NONE)) {
      if (resolver == null) {
        resolver = journal.note("names told to the system's resolver", Undoing.names(tools));
      }
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
        // Whoever turns it off makes all tokens worthless.
        release();
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
    steps.run(this::flush);
    steps.run(this::release);
    try {
      steps.finish();
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private void flush() throws IOException {
    if (rules != null) {
      rules.undo();
      rules = null;
    }
  }

  private void release() throws IOException {
    if (token != null) {
      token.undo();
      token = null;
    }
  }

  private void untell() throws IOException {
    if (resolver != null) {
      resolver.undo();
      resolver = null;
    } else {
      tools.forgetNames();
    }
  }

  private void remove() throws IOException {
    if (upkeep != null) {
      upkeep.close();
      upkeep = null;
    }
    InterceptPlan before = applied;
    Steps steps = new Steps();
    steps.run(this::flush);
    steps.run(() -> KnownFlows.forget(pf, before, InterceptPlan.EMPTY));
    steps.run(this::release);
    steps.run(this::untell);
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
      if (!applied.isEmpty() || rules != null || token != null || resolver != null) {
        remove();
        log.info("macos-pf: removed all rules");
      }
    } finally {
      device.close();
    }
  }
}

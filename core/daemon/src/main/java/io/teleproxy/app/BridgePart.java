package io.teleproxy.app;

import io.teleproxy.config.ApiPlace;
import io.teleproxy.config.Part;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part without root, by itself or started beside root's: watchers and tunnels, whose tables go
 * to root's part.
 */
final class BridgePart implements ProcessPart {
  private static final Logger log = LoggerFactory.getLogger(BridgePart.class);

  private final RunContext run;

  /** Null until they are open. */
  private volatile @Nullable Sources sources;

  /** Whether a shell starts the parts again, each by itself. */
  private volatile boolean supervised;

  /** Whether the start is over. */
  private volatile boolean working;

  BridgePart(RunContext run) {
    this.run = run;
  }

  @Override
  public Optional<String> open() {
    boolean beside = Part.isBridge(run.environment().variables());
    supervised = Part.pid(run.environment().variables(), Part.SUPERVISED).isPresent();
    if (beside) {
      Part.pid(run.environment().variables(), Part.PARENT).ifPresent(this::endWith);
    }
    RemoteTables tables =
        run.sources()
            .add(
                "remote tables",
                new RemoteTables(
                    ApiPlace.ofClients(run.environment()),
                    beside,
                    run.components(),
                    this::reload,
                    this::makeRoomForAnother,
                    Knowledge.answering(() -> sources)));
    Sources opened = run.openSources(tables, tables::datagramsChanged);
    sources = opened;
    log.debug("start: bridge: sources");
    tables.targets(opened.targets());
    run.stop().awaitStart(opened.ready().thenCompose(nothing -> tables.ready()));
    log.debug("start: bridge: tables");
    working = true;
    return beside ? Optional.empty() : Optional.of("ready: bridge");
  }

  /**
   * Without root's part there is nothing left to do; or, where that is started again, without the
   * shell that does so.
   */
  private void endWith(long parent) {
    if (!supervised) {
      run.sources().add("death of root's part", () -> sayIfDead(parent));
    }
    Optional<ProcessHandle> process = ProcessHandle.of(parent);
    if (process.isPresent()) {
      var unused = process.get().onExit().thenRun(run.stop()::make);
    } else {
      run.stop().make();
    }
  }

  /**
   * Nobody else is left who could. While both were starting, root's part was refused, and has said
   * why; or whoever has ended it sees that himself, and his shell has its prompt again.
   */
  private void sayIfDead(long parent) {
    boolean dead =
        working
            && ProcessHandle.current()
                .parent()
                .filter(process -> process.pid() == parent)
                .isEmpty();
    if (dead) {
      log.error(
          "root's part (pid {}) has died; its rules are removed and the bridge has ended, too. Start"
              + " it again; 'run --restart' and services do so by themselves (docs/operations.md).",
          parent);
    }
  }

  /** The next bridge is started at once, with what is there now. */
  private void makeRoomForAnother() {
    log.info(
        "root's part has come back as another version of teleproxy, or with other settings: another"
            + " bridge is started");
    run.stop().make(Part.NOT_FOR_THIS_ONE);
  }

  @Override
  public void follow() {
    Sources here = sources;
    if (here != null) {
      here.followNetwork();
    }
  }

  @Override
  public void reload() {
    Sources here = sources;
    if (here != null) {
      here.reload();
    }
  }
}

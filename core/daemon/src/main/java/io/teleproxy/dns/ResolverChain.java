package io.teleproxy.dns;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.teleproxy.spi.Resolver;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the resolvers of the plugins one after the other. One that fails or takes too long counts as
 * having no answer. Safe for several threads.
 */
final class ResolverChain {
  private static final Logger log = LoggerFactory.getLogger(ResolverChain.class);

  private final List<Resolver.Session> sessions;
  private final DnsSettings settings;
  private final DnsMeters meters;

  ResolverChain(List<Resolver.Session> sessions, DnsSettings settings, DnsMeters meters) {
    this.sessions = List.copyOf(sessions);
    this.settings = settings;
    this.meters = meters;
  }

  boolean isEmpty() {
    return sessions.isEmpty();
  }

  /**
   * Calls back once, on the event loop, perhaps before this returns.
   *
   * @return false if too much is in flight already, and there will be no call
   */
  boolean ask(
      EventLoop loop, Resolver.Question question, Consumer<Optional<Resolver.Answer>> answered) {
    if (!meters.enter(settings.maxInFlight())) {
      return false;
    }
    ask(
        loop,
        question,
        0,
        answer -> {
          meters.leave();
          answered.accept(answer);
        });
    return true;
  }

  private void ask(
      EventLoop loop,
      Resolver.Question question,
      int index,
      Consumer<Optional<Resolver.Answer>> answered) {
    if (index == sessions.size()) {
      answered.accept(Optional.empty());
      return;
    }
    CompletableFuture<Optional<Resolver.Answer>> one = new CompletableFuture<>();
    ScheduledFuture<?> timer =
        loop.schedule(
            () -> one.complete(Optional.empty()),
            settings.resolverTimeout().toMillis(),
            TimeUnit.MILLISECONDS);
    start(sessions.get(index), question)
        .whenComplete(
            (answer, failure) -> {
              if (failure != null) {
                log.debug("dns: resolver failed for {}", question, failure);
              }
              one.complete(answer == null ? Optional.empty() : answer);
            });
    Consumer<Optional<Resolver.Answer>> next =
        answer -> {
          timer.cancel(false);
          if (answer.isPresent()) {
            answered.accept(answer);
          } else {
            ask(loop, question, index + 1, answered);
          }
        };
    if (one.isDone()) {
      next.accept(one.join());
    } else {
      one.thenAcceptAsync(next, loop);
    }
  }

  /** Plugins are foreign code: whatever they throw must not reach the event loop. */
  @SuppressWarnings("CatchingUnchecked")
  private static CompletionStage<Optional<Resolver.Answer>> start(
      Resolver.Session session, Resolver.Question question) {
    try {
      CompletionStage<Optional<Resolver.Answer>> stage = session.resolve(question);
      return stage == null ? CompletableFuture.completedFuture(Optional.empty()) : stage;
    } catch (RuntimeException | LinkageError e) {
      return CompletableFuture.failedFuture(e);
    }
  }
}

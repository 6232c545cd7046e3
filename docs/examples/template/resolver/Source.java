package @PACKAGE@;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Resolver;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.pf4j.Extension;

/** All names below {@code plugins.@ID@.domain} are the address {@code plugins.@ID@.address}. */
@Extension
public final class @CLASS@ implements Resolver {
  private static final int A = 1;
  private static final int NOERROR = 0;

  @Override
  public Probe probe(Environment environment) {
    return Probe.applicable(0, "names below " + domain(environment));
  }

  private static String domain(Environment environment) {
    return environment.settings().string("domain", "@ID@.example");
  }

  @Override
  public Session open(Context context) {
    String below = "." + domain(context.environment()).toLowerCase(Locale.ROOT);
    String address = context.environment().settings().string("address", "192.0.2.1");
    context.health(Health.ready());
    return new Session() {
      /** On an event loop: what takes time completes the stage later, on another thread. */
      @Override
      public CompletionStage<Optional<Answer>> resolve(Question question) {
        if (!question.name().toLowerCase(Locale.ROOT).endsWith(below)) {
          return CompletableFuture.completedFuture(Optional.empty());
        }
        List<String> records =
            question.type() == A ? List.of(question.name() + ". 5 IN A " + address) : List.of();
        return CompletableFuture.completedFuture(Optional.of(new Answer(NOERROR, records)));
      }

      @Override
      public void close() {}
    };
  }
}

package org.example.dashed;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Resolver;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.pf4j.Extension;

/**
 * Names that say their address: {@code 10-1-2-3.ip.example} is 10.1.2.3. The domain is set by {@code
 * plugins.dashed.domain}.
 */
@Extension
public final class DashedResolver implements Resolver {
  private static final int A = 1;
  private static final int IN = 1;
  private static final int NOERROR = 0;
  private static final int NXDOMAIN = 3;

  @Override
  public Probe probe(Environment environment) {
    return Probe.applicable(0, "names below " + domain(environment));
  }

  private static String domain(Environment environment) {
    return environment.settings().string("domain", "ip.example");
  }

  @Override
  public Session open(Context context) {
    String below = "." + domain(context.environment()).toLowerCase(Locale.ROOT);
    context.health(Health.ready());
    return new Session() {
      @Override
      public CompletionStage<Optional<Answer>> resolve(Question question) {
        return CompletableFuture.completedFuture(answer(question, below));
      }

      @Override
      public void close() {}
    };
  }

  /** Empty for names of others: then the next resolver is asked, and in the end the network. */
  private static Optional<Answer> answer(Question question, String below) {
    String name = question.name().toLowerCase(Locale.ROOT);
    if (!name.endsWith(below) || question.dnsClass() != IN) {
      return Optional.empty();
    }
    String host = name.substring(0, name.length() - below.length());
    Matcher parts = Pattern.compile("(\\d{1,3})-(\\d{1,3})-(\\d{1,3})-(\\d{1,3})").matcher(host);
    if (!parts.matches()) {
      return Optional.of(new Answer(NXDOMAIN, List.of()));
    }
    for (int i = 1; i <= 4; i++) {
      if (Integer.parseInt(parts.group(i)) > 255) {
        return Optional.of(new Answer(NXDOMAIN, List.of()));
      }
    }
    // The name is there; for other types than A it has no records.
    List<String> records =
        question.type() == A
            ? List.of(question.name() + ". 60 IN A " + host.replace('-', '.'))
            : List.of();
    return Optional.of(new Answer(NOERROR, records));
  }
}

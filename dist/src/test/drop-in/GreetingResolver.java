package org.example.greeting;

import io.teleproxy.spi.Resolver;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.pf4j.Extension;

/** Answers one name; what anybody could write who has nothing but the product. */
@Extension
public class GreetingResolver implements Resolver {
  @Override
  public Session open(Context context) {
    return new Session() {
      @Override
      public CompletionStage<Optional<Answer>> resolve(Question question) {
        boolean mine = question.name().equalsIgnoreCase("greeting.example");
        List<String> records =
            switch (question.type()) {
              case 1 -> List.of("greeting.example. 5 IN A 192.0.2.7");
              case 16 -> List.of("greeting.example. 5 IN TXT hello");
              default -> List.of();
            };
        return CompletableFuture.completedFuture(
            mine ? Optional.of(new Answer(0, records)) : Optional.empty());
      }

      @Override
      public void close() {}
    };
  }
}

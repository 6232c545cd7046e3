package io.teleproxy.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class SearchPathTest {
  @Test
  void sharesFollowEachOtherWhoeverSpeaksFirst() {
    List<List<String>> said = new ArrayList<>();
    SearchPath path = new SearchPath(said::add);
    Consumer<List<String>> first = path.share();
    Consumer<List<String>> second = path.share();

    second.accept(List.of("docker"));
    first.accept(List.of("default.svc.cluster.local", "svc.cluster.local"));
    second.accept(List.of());

    assertThat(said)
        .containsExactly(
            List.of("docker"),
            List.of("default.svc.cluster.local", "svc.cluster.local", "docker"),
            List.of("default.svc.cluster.local", "svc.cluster.local"));
  }
}

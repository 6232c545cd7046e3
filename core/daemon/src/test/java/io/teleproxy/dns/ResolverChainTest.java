package io.teleproxy.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.Resolver;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Type;

class ResolverChainTest {
  private record FakeResolver(
      Function<Resolver.Question, CompletionStage<Optional<Resolver.Answer>>> logic)
      implements Resolver.Session {
    @Override
    public CompletionStage<Optional<Resolver.Answer>> resolve(Resolver.Question question) {
      return logic.apply(question);
    }

    @Override
    public void close() {}
  }

  private static final FakeResolver KNOWS_MAGIC =
      new FakeResolver(
          question ->
              CompletableFuture.supplyAsync(
                  () ->
                      switch (question.name()) {
                        case "mAgic.test" ->
                            Optional.of(
                                new Resolver.Answer(
                                    0,
                                    question.type() == Type.A
                                        ? List.of("mAgic.test. 5 IN A 192.0.2.1")
                                        : List.of()));
                        case "alias.test" ->
                            Optional.of(
                                new Resolver.Answer(
                                    0, List.of("alias.test. 5 IN CNAME mAgic.test.")));
                        case "never.test" -> Optional.of(new Resolver.Answer(3, List.of()));
                        case "broken.test" ->
                            Optional.of(new Resolver.Answer(0, List.of("no record at all")));
                        default -> Optional.empty();
                      }));
  private static final FakeResolver THROWS =
      new FakeResolver(
          question -> {
            throw new IllegalStateException("a plugin's mistake");
          });
  private static final FakeResolver FAILS =
      new FakeResolver(question -> CompletableFuture.failedFuture(new IOException("no luck")));
  private static final FakeResolver HANGS = new FakeResolver(question -> new CompletableFuture<>());

  private static DnsRig rig(FakeNameserver upstream, Resolver.Session... resolvers) {
    DnsSettings settings =
        new DnsSettings(
            NamePolicy.EVERYTHING, 5, 100, Duration.ofMillis(300), DnsSettings.STANDARD.tcpIdle());
    return new DnsRig(
        true,
        settings,
        List.of(resolvers),
        new Nameservers(List.of(), List.of(upstream.address()), Nameservers.Options.STANDARD));
  }

  @Test
  void asksResolversWhatTheTablesDoNotKnowAndRelaysTheRest() throws IOException {
    try (FakeNameserver upstream =
            new FakeNameserver((query, tcp) -> List.of(FakeNameserver.echo(query, 0x8183)));
        DnsRig rig = rig(upstream, THROWS, FAILS, HANGS, KNOWS_MAGIC)) {
      Message answer = rig.ask("mAgic.test.", Type.A);
      assertThat(DnsRig.data(answer)).containsExactly("192.0.2.1");
      assertThat(answer.getHeader().getFlag(Flags.AA)).isTrue();
      assertThat(rig.ask("mAgic.test.", Type.AAAA).getRcode()).isEqualTo(Rcode.NOERROR);
      assertThat(DnsRig.data(rig.ask("alias.test.", Type.A)))
          .containsExactly("mAgic.test.", "192.0.2.1");
      assertThat(rig.ask("never.test.", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
      assertThat(rig.ask("broken.test.", Type.A).getRcode()).isEqualTo(Rcode.SERVFAIL);
      assertThat(upstream.received).isEmpty();

      assertThat(rig.ask("www.example.test.", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
      assertThat(upstream.received).hasSize(1);
    }
  }
}

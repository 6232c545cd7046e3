package io.teleproxy.plugin.demo;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Tunnel;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.pf4j.Extension;

/** Leads to the imaginary cluster, whose programs are methods here. */
@Extension
public final class DemoTunnel implements Tunnel {
  @Override
  public Probe probe(Environment environment) {
    return Probe.applicable(0, "an imaginary cluster");
  }

  @Override
  public Session open(Context context) {
    Demo demo = new Demo();
    context.health(Health.ready());
    context.carriesDatagrams(true);
    return demo;
  }

  /** One thread plays all programs of the cluster. */
  private static final class Demo implements Session {
    private final ExecutorService thread =
        new ThreadPoolExecutor(
            1,
            1,
            1,
            TimeUnit.MINUTES,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread one = new Thread(task, "demo");
              one.setDaemon(true);
              return one;
            },
            // Whoever comes after the end gets no answer.
            new ThreadPoolExecutor.DiscardPolicy());

    private final Set<Conversation> live = ConcurrentHashMap.newKeySet();

    @Override
    public Connection dial(InetSocketAddress to, Listener listener) {
      Optional<String> page = DemoCluster.page(to);
      Conversation conversation;
      if (page.isPresent()) {
        conversation = new HttpConversation(thread, listener, live::remove, page.get());
      } else if (DemoCluster.isEcho(to)) {
        conversation = new EchoConversation(thread, listener, live::remove);
      } else {
        thread.execute(() -> listener.failed(refused(to)));
        return new NoConnection();
      }
      live.add(conversation);
      conversation.start();
      return conversation;
    }

    @Override
    public DatagramFlow datagrams(InetSocketAddress to, DatagramListener listener) {
      boolean echo = DemoCluster.isEcho(to);
      thread.execute(
          () -> {
            if (echo) {
              listener.opened();
            } else {
              listener.failed(refused(to));
            }
          });
      return new DatagramFlow() {
        @Override
        public void send(ByteBuffer datagram) {
          if (echo) {
            ByteBuffer copy = Conversation.copy(datagram);
            thread.execute(() -> listener.received(copy));
          }
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public void close() {
      live.forEach(conversation -> conversation.end("the demo is over"));
      thread.shutdown();
    }

    private static DialFailure refused(InetSocketAddress to) {
      return new DialFailure(DialFailure.Kind.REFUSED, "nothing listens at " + to + " in the demo");
    }
  }

  /** Our end of a connection that is refused. */
  private static final class NoConnection implements Connection {
    @Override
    public void write(ByteBuffer data) {}

    @Override
    public boolean writable() {
      return true;
    }

    @Override
    public void shutdownOutput() {}

    @Override
    public void reading(boolean wanted) {}

    @Override
    public void reset() {}
  }
}

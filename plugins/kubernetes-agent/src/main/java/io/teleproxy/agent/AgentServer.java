package io.teleproxy.agent;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.teleproxy.agent.wire.WindowBudget;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Listens for HTTP/2 on loopback, and when asked at a {@link Door}, with one event loop for all.
 * Ends when it has been without a client for a while, or by {@link #close}.
 */
public final class AgentServer implements AutoCloseable {
  /** What streams may have on the way beyond their first window, all together. */
  private static final int WINDOW_BUDGET = 48 * 1024 * 1024;

  /**
   * Of the socket towards the client. It ends on this node, so little is enough; more would only
   * queue up what a faster stream sends before what a slower one wants.
   */
  private static final int SEND_BUFFER = 256 * 1024;

  /** Less than the pod's time to end, which the cluster does not exceed. */
  private static final Duration FAREWELL = Duration.ofMillis(1_500);

  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(64 * 1024, 256 * 1024);

  private final MultiThreadIoEventLoopGroup loops;
  private final Dialer dialer;
  private final Door door;
  private final Supplier<AgentConnection> connection;
  private final Channel listener;
  private final long idleNanos;
  private final Set<Channel> clients = new HashSet<>();
  private long idleSince = System.nanoTime();

  private AgentServer(MultiThreadIoEventLoopGroup loops, InetSocketAddress address, Duration idle) {
    this.loops = loops;
    this.idleNanos = idle.toNanos();
    dialer = new Dialer(loops.next());
    WindowBudget budget = new WindowBudget(WINDOW_BUDGET);
    // The port beside ours, which the door has to itself: it listens on other addresses.
    door = new Door(address.getPort() == 0 ? 0 : address.getPort() + 1, this::listenAtTheDoor);
    SeenAttempts seen = new SeenAttempts();
    long instance = 1 + ThreadLocalRandom.current().nextLong(0xffffffffL);
    connection = () -> new AgentConnection(budget, dialer, door, seen, instance, idleNanos);
    listener =
        bootstrap(
                channel -> {
                  joined(channel);
                  channel.pipeline().addLast(connection.get());
                })
            .bind(address)
            .syncUninterruptibly()
            .channel();
    listener
        .eventLoop()
        .scheduleWithFixedDelay(this::endIfIdle, 1, 1, TimeUnit.SECONDS)
        .addListener(ended -> {});
  }

  private ChannelFuture listenAtTheDoor(InetSocketAddress address) {
    return bootstrap(
            channel ->
                channel
                    .pipeline()
                    .addLast(
                        new DoorKeeper(
                            door,
                            () -> {
                              joined(channel);
                              return connection.get();
                            })))
        .bind(address);
  }

  private ServerBootstrap bootstrap(Consumer<Channel> init) {
    return new ServerBootstrap()
        .group(loops)
        .channel(NioServerSocketChannel.class)
        .option(ChannelOption.SO_REUSEADDR, true)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childOption(ChannelOption.SO_SNDBUF, SEND_BUFFER)
        .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                init.accept(channel);
              }
            });
  }

  /**
   * Listens at once.
   *
   * @param port 0 for any
   * @param idle how long without a client until it ends
   */
  public static AgentServer start(int port, Duration idle) {
    MultiThreadIoEventLoopGroup loops =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("agent"), NioIoHandler.newFactory());
    return new AgentServer(loops, new InetSocketAddress(loopback(), port), idle);
  }

  public int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  /** Waits until it has ended by itself, or by {@link #close}. */
  void awaitEnd() throws InterruptedException {
    loops.terminationFuture().await();
  }

  /**
   * Lets the clients go elsewhere, and waits for what is under way, {@link #FAREWELL} at most. Not
   * to be called on the event loop.
   */
  public void retire() {
    long end = System.nanoTime() + FAREWELL.toNanos();
    try {
      loops.submit(this::sayFarewell).get();
      while (loops.submit(this::busy).get() && System.nanoTime() < end) {
        Thread.sleep(20);
      }
    } catch (RejectedExecutionException | ExecutionException e) {
      // It has ended already.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void sayFarewell() {
    listener.close();
    connections().forEach(AgentConnection::farewell);
  }

  private boolean busy() {
    return connections().anyMatch(client -> client.connection().numActiveStreams() > 0);
  }

  private Stream<AgentConnection> connections() {
    return clients.stream()
        .map(client -> client.pipeline().get(AgentConnection.class))
        .filter(Objects::nonNull);
  }

  @Override
  public void close() {
    var unused = loops.shutdownGracefully(0, 2, TimeUnit.SECONDS);
    dialer.close();
  }

  /** Runs on the one event loop, as all else here. */
  private void joined(Channel client) {
    clients.add(client);
    client
        .closeFuture()
        .addListener(
            closed -> {
              clients.remove(client);
              idleSince = System.nanoTime();
            });
  }

  private void endIfIdle() {
    if (clients.isEmpty() && System.nanoTime() - idleSince >= idleNanos) {
      close();
    }
  }

  /** By number: the name is not the same in every image. */
  private static InetAddress loopback() {
    try {
      return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }
}

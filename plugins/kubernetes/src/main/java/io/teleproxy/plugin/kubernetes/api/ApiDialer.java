package io.teleproxy.plugin.kubernetes.api;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.proxy.HttpProxyHandler;
import io.netty.handler.proxy.Socks5ProxyHandler;
import io.netty.resolver.NoopAddressResolverGroup;
import io.teleproxy.plugin.kubernetes.cluster.Access;
import io.teleproxy.plugin.kubernetes.cluster.ClientTls;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.cluster.ProxyUrl;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/**
 * Opens connections to the API server: to its addresses one after the other, or through the proxy
 * of kubeconfig or environment. Results are told on the event loop.
 */
public final class ApiDialer {
  /** The kernel asks after 0, 1, 3 and 7 s: before the last a new attempt is the better one. */
  private static final int CONNECT_TIMEOUT_MILLIS = 4_000;

  /** A dead path is noticed after 15 s of silence and 3 unanswered probes, 5 s apart. */
  private static final int KEEPALIVE_IDLE_SECONDS = 15;

  private static final int KEEPALIVE_INTERVAL_SECONDS = 5;
  private static final int KEEPALIVE_PROBES = 3;

  /** Handlers come when the connection is there, since several addresses may be tried. */
  private static final ChannelHandler NO_HANDLER = new SharedNothing();

  private final ClusterSession cluster;
  private final ApiServer server;
  private final Optional<ProxyUrl> proxy;
  private final ApiLoop loop;
  private final AtomicBoolean lookingUp = new AtomicBoolean();
  private volatile InetAddress @Nullable [] lastAddresses;

  /** With the proxy; null if it speaks none, and until it is needed. */
  private volatile @Nullable ClientTls proxyTls;

  /** One for each cluster and loop, since it remembers addresses. */
  public ApiDialer(ClusterSession cluster, ApiLoop loop) {
    this.cluster = cluster;
    this.server = ApiServer.of(cluster.server(), cluster.tlsServerName().orElse(""));
    this.proxy = cluster.proxy();
    this.loop = loop;
  }

  ApiServer server() {
    return server;
  }

  ApiLoop loop() {
    return loop;
  }

  /** Who is at the other end, and behind which proxy, for messages. */
  String place() {
    return "API server "
        + server.authority()
        + proxy.map(between -> " through the proxy " + between).orElse("");
  }

  /**
   * Opens a connection for requests, with TLS where the server has it.
   *
   * @param init called with the connection, whose TLS handshake is under way
   */
  void open(Access access, Consumer<Channel> init, Consumer<Throwable> failed) {
    if (!server.tls()) {
      raw(false, init, failed);
      return;
    }
    ClientTls tls = access.tls();
    Consumer<Channel> secure =
        channel -> {
          try {
            tls.secure(channel, server.tlsName(), server.port(), loop.workers());
            init.accept(channel);
          } catch (SSLException e) {
            channel.close();
            failed.accept(e);
          }
        };
    if (tls.made()) {
      raw(false, secure, failed);
      return;
    }
    onWorker(
        () -> {
          try {
            tls.context();
          } catch (SSLException e) {
            loop.execute(() -> failed.accept(e));
            return;
          }
          raw(false, secure, failed);
        });
  }

  /**
   * Opens a plain connection, whose bytes are the caller's own.
   *
   * @param halfClosure whether its ends are closed one by one
   * @param init called with the open connection
   */
  void raw(boolean halfClosure, Consumer<Channel> init, Consumer<Throwable> failed) {
    InetAddress[] known = lastAddresses;
    if (known != null) {
      // In an outage a lookup blocks for long, and nobody waits for it.
      lookUpBeside();
      loop.execute(() -> connect(halfClosure, known, 0, init, failed));
      return;
    }
    onWorker(() -> resolved(halfClosure, init, failed));
  }

  /** Looks the server up, which blocks, and connects. */
  private void resolved(boolean halfClosure, Consumer<Channel> init, Consumer<Throwable> failed) {
    try {
      InetAddress[] addresses = lookUp();
      makeProxyTls();
      lastAddresses = addresses;
      loop.execute(() -> connect(halfClosure, addresses, 0, init, failed));
    } catch (UnknownHostException e) {
      IOException unknown = new UnknownHostException("unknown host " + host());
      unknown.initCause(e);
      loop.execute(() -> failed.accept(unknown));
    } catch (SSLException | UserException e) {
      loop.execute(() -> failed.accept(e));
    }
  }

  private void onWorker(Runnable work) {
    loop.workers()
        .execute(
            () -> {
              try {
                work.run();
              } catch (RejectedExecutionException e) {
                // The loop is being closed, and nobody waits for a connection any more.
              }
            });
  }

  private void makeProxyTls() throws SSLException {
    if (proxy.isPresent() && proxy.get().kind() == ProxyUrl.Kind.HTTPS && proxyTls == null) {
      ClientTls made = cluster.proxyTls();
      made.context();
      proxyTls = made;
    }
  }

  private String host() {
    return proxy.map(ProxyUrl::host).orElse(server.host());
  }

  private InetAddress[] lookUp() throws UnknownHostException {
    return InetAddress.getAllByName(host());
  }

  private void lookUpBeside() {
    if (lookingUp.compareAndSet(false, true)) {
      loop.workers()
          .execute(
              () -> {
                try {
                  lastAddresses = lookUp();
                } catch (UnknownHostException e) {
                  // The last addresses are the best there are.
                } finally {
                  lookingUp.set(false);
                }
              });
    }
  }

  private void connect(
      boolean halfClosure,
      InetAddress[] addresses,
      int index,
      Consumer<Channel> init,
      Consumer<Throwable> failed) {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop.loop())
            .channel(NioSocketChannel.class)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.SO_KEEPALIVE, true)
            .option(ChannelOption.ALLOW_HALF_CLOSURE, halfClosure)
            .option(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE), KEEPALIVE_IDLE_SECONDS)
            .option(
                NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL),
                KEEPALIVE_INTERVAL_SECONDS)
            .option(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT), KEEPALIVE_PROBES);
    ChannelFuture connecting =
        proxy.isPresent()
            ? bootstrap
                .handler(throughProxy(proxy.get(), addresses[index]))
                .resolver(NoopAddressResolverGroup.INSTANCE)
                .connect(InetSocketAddress.createUnresolved(server.host(), server.port()))
            : bootstrap
                .handler(NO_HANDLER)
                .connect(new InetSocketAddress(addresses[index], server.port()));
    connecting.addListener(
        future -> {
          if (future.isSuccess()) {
            init.accept(connecting.channel());
          } else if (index + 1 < addresses.length) {
            connect(halfClosure, addresses, index + 1, init, failed);
          } else {
            failed.accept(future.cause());
          }
        });
  }

  private ChannelHandler throughProxy(ProxyUrl between, InetAddress address) {
    ClientTls tls = proxyTls;
    ChannelHandler handler = proxyHandler(between, address);
    if (tls == null) {
      return handler;
    }
    return new ChannelInitializer<Channel>() {
      @Override
      protected void initChannel(Channel channel) throws SSLException {
        tls.secure(channel, between.host(), between.port(), loop.workers());
        channel.pipeline().addLast(handler);
      }
    };
  }

  /** Of one connection: what is sent waits until the proxy has made its own. */
  private static ChannelHandler proxyHandler(ProxyUrl proxy, InetAddress address) {
    InetSocketAddress to = new InetSocketAddress(address, proxy.port());
    boolean named = !proxy.user().isEmpty();
    if (proxy.kind() == ProxyUrl.Kind.SOCKS5) {
      return named
          ? new Socks5ProxyHandler(to, proxy.user(), proxy.password())
          : new Socks5ProxyHandler(to);
    }
    return named
        ? new HttpProxyHandler(to, proxy.user(), proxy.password())
        : new HttpProxyHandler(to);
  }

  @ChannelHandler.Sharable
  private static final class SharedNothing extends ChannelInboundHandlerAdapter {}
}

package io.teleproxy.net;

import io.netty.channel.Channel;
import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.ThreadAwareExecutor;
import org.jspecify.annotations.Nullable;

/**
 * netty's epoll, with a cure for half-closed sockets.
 *
 * <p>netty 4.2.18 takes a socket out of the epoll set as soon as it waits for nothing, forgets that
 * it did, and fails with {@code epoll_ctl: ENOENT} when the socket is to wait for something again.
 * A socket waits for nothing after FIN has come in, and while one that has FIN waiting is not read:
 * the connection then breaks in the middle of what goes the other way. Here a socket that waits for
 * nothing stays in the set, edge-triggered. That also lets a reset be noticed there, which netty
 * ignores (it would neither read nor write): the channel is closed then.
 */
final class HalfCloseEpoll implements IoHandler {
  private final IoHandler epoll;

  private HalfCloseEpoll(IoHandler epoll) {
    this.epoll = epoll;
  }

  static IoHandlerFactory newFactory() {
    IoHandlerFactory factory = EpollIoHandler.newFactory();
    return new IoHandlerFactory() {
      @Override
      public IoHandler newHandler(ThreadAwareExecutor executor) {
        return new HalfCloseEpoll(factory.newHandler(executor));
      }

      @Override
      public boolean isChangingThreadSupported() {
        return factory.isChangingThreadSupported();
      }
    };
  }

  @Override
  public IoRegistration register(IoHandle handle) throws Exception {
    if (handle instanceof EpollIoHandle socket && handle instanceof Channel.Unsafe channel) {
      Watched watched = new Watched(socket, channel);
      return watched.registered(epoll.register(watched));
    }
    return epoll.register(handle);
  }

  @Override
  public void initialize() {
    epoll.initialize();
  }

  @Override
  public int run(IoHandlerContext context) {
    return epoll.run(context);
  }

  @Override
  public void prepareToDestroy() {
    epoll.prepareToDestroy();
  }

  @Override
  public void destroy() {
    epoll.destroy();
  }

  @Override
  public void wakeup() {
    epoll.wakeup();
  }

  @Override
  public boolean isCompatible(Class<? extends IoHandle> handleType) {
    return epoll.isCompatible(handleType);
  }

  /** A channel's socket, with what it waits for now. Confined to the event loop. */
  @SuppressWarnings("try") // close as netty declares it
  private static final class Watched implements EpollIoHandle {
    private final EpollIoHandle socket;
    private final Channel.Unsafe channel;
    private @Nullable Registration registration;

    Watched(EpollIoHandle socket, Channel.Unsafe channel) {
      this.socket = socket;
      this.channel = channel;
    }

    Registration registered(IoRegistration epoll) {
      registration = new Registration(epoll);
      return registration;
    }

    @Override
    public void handle(IoRegistration ignored, IoEvent event) {
      if (registration == null) {
        return;
      }
      socket.handle(registration, event);
      if (registration.idle && ((EpollIoEvent) event).ops().contains(EpollIoOps.EPOLLERR)) {
        channel.close(channel.voidPromise());
      }
    }

    @Override
    public FileDescriptor fd() {
      return socket.fd();
    }

    @Override
    public void registered() {
      socket.registered();
    }

    @Override
    public void unregistered() {
      socket.unregistered();
    }

    @Override
    public void close() throws Exception {
      socket.close();
    }
  }

  private static final class Registration implements IoRegistration {
    private final IoRegistration epoll;
    private boolean stream;
    private boolean idle;

    Registration(IoRegistration epoll) {
      this.epoll = epoll;
    }

    @Override
    public long submit(IoOps ops) {
      boolean none = ops.equals(EpollIoOps.NONE);
      // Only TCP's channels wait for this; for others an error need not be the end.
      stream |= ((EpollIoOps) ops).contains(EpollIoOps.EPOLLRDHUP);
      idle = none && stream;
      return epoll.submit(none ? EpollIoOps.EPOLLET : ops);
    }

    @Override
    @SuppressWarnings("TypeParameterUnusedInFormals") // netty's signature
    public <T> T attachment() {
      return epoll.attachment();
    }

    @Override
    public boolean isValid() {
      return epoll.isValid();
    }

    @Override
    public boolean cancel() {
      return epoll.cancel();
    }
  }
}

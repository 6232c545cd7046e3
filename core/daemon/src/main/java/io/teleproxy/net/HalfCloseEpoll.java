package io.teleproxy.net;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.util.concurrent.ThreadAwareExecutor;

/**
 * netty's epoll, with a cure for half-closed sockets.
 *
 * <p>netty 4.2.18 takes a socket out of the epoll set as soon as it waits for nothing, forgets that
 * it did, and fails with {@code epoll_ctl: ENOENT} when the socket is to wait for something again.
 * A socket waits for nothing after FIN has come in, and while one that has FIN waiting is not read:
 * the connection then breaks in the middle of what goes the other way. Here a socket that waits for
 * nothing stays in the set, edge-triggered: resets are still told, once each.
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
    return new Registration(epoll.register(handle));
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

  private record Registration(IoRegistration epoll) implements IoRegistration {
    @Override
    public long submit(IoOps ops) {
      return epoll.submit(ops.equals(EpollIoOps.NONE) ? EpollIoOps.EPOLLET : ops);
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

package io.teleproxy.plugin.docker;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.json.JsonObjectDecoder;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * The API of one engine at its socket: HTTP/1.1, a connection for each request. Everything happens
 * on the event loop.
 */
final class EngineApi {
  private static final int ANSWER_SECONDS = 15;

  /** Of one answer; a list of 10,000 containers has about 20 MB. */
  private static final int MAX_ANSWER = 64 << 20;

  private static final int MAX_EVENT = 1 << 20;

  /** Both kinds of objects whose events concern us, as {@code filters} of the API, URL-encoded. */
  private static final String EVENTS =
      "/events?filters=%7B%22type%22%3A%5B%22container%22%2C%22network%22%5D%7D";

  private final EventLoop loop;
  private final Path socket;

  EngineApi(EventLoop loop, Path socket) {
    this.loop = loop;
    this.socket = socket;
  }

  /** Nobody listens at the socket: there is no engine. */
  static final class NobodyThere extends IOException {
    private static final long serialVersionUID = 1L;

    NobodyThere(Throwable cause) {
      super(cause.getMessage(), cause);
    }
  }

  /** The engine has answered, but not with success. */
  static final class Refused extends IOException {
    private static final long serialVersionUID = 1L;
    private final int status;

    Refused(int status, String answer) {
      super("it answered " + status + ": " + answer.strip());
      this.status = status;
    }

    /** HTTP status. */
    int status() {
      return status;
    }
  }

  /** What comes of events, in this order: opened, then any number of events, then ended. */
  interface EventListener {
    /** From now on nothing is missed. */
    void opened();

    void event(JsonObject event);

    /** No more events come; called once, whatever happened before. */
    void ended(Throwable reason);
  }

  /** Asks once; fails with {@link Refused} if the answer is no success. */
  CompletionStage<JsonElement> get(String path) {
    CompletableFuture<JsonElement> answer = new CompletableFuture<>();
    connect(
        path,
        answer::completeExceptionally,
        new ReadTimeoutHandler(ANSWER_SECONDS),
        new HttpClientCodec(),
        new HttpObjectAggregator(MAX_ANSWER),
        new AnswerReader(answer));
    return answer;
  }

  /** Follows events until the connection ends. */
  Channel events(EventListener listener) {
    CompletableFuture<Void> end = new CompletableFuture<>();
    end.whenComplete((nothing, reason) -> listener.ended(reason));
    return connect(
        EVENTS,
        end::completeExceptionally,
        new HttpClientCodec(),
        new EventBytes(listener, end),
        new JsonObjectDecoder(MAX_EVENT),
        new EventReader(listener, end));
  }

  private Channel connect(String path, Consumer<Throwable> failed, ChannelHandler... handlers) {
    return new Bootstrap()
        .group(loop)
        .channelFactory(NioDomainSocketChannel::new)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(handlers);
              }
            })
        .connect(UnixDomainSocketAddress.of(socket))
        .addListener(
            (ChannelFuture connected) -> {
              if (connected.isSuccess()) {
                connected.channel().writeAndFlush(request(path));
              } else {
                failed.accept(new NobodyThere(connected.cause()));
              }
            })
        .channel();
  }

  private static HttpRequest request(String path) {
    HttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, path);
    request
        .headers()
        .set(HttpHeaderNames.HOST, "docker")
        .set(HttpHeaderNames.ACCEPT, HttpHeaderValues.APPLICATION_JSON)
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    return request;
  }

  private static JsonElement parse(ByteBuf text) throws IOException {
    try {
      return JsonParser.parseString(text.toString(StandardCharsets.UTF_8));
    } catch (JsonParseException e) {
      throw new IOException("it answered what is no JSON: " + e.getMessage(), e);
    }
  }

  /** A whole answer. */
  private static final class AnswerReader extends SimpleChannelInboundHandler<FullHttpResponse> {
    private final CompletableFuture<JsonElement> answer;

    AnswerReader(CompletableFuture<JsonElement> answer) {
      this.answer = answer;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpResponse response)
        throws IOException {
      int status = response.status().code();
      if (status / 100 != 2) {
        throw new Refused(status, response.content().toString(StandardCharsets.UTF_8));
      }
      answer.complete(parse(response.content()));
      context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      answer.completeExceptionally(new IOException("it has closed the connection"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      answer.completeExceptionally(cause);
      context.close();
    }
  }

  /** From an endless answer to its bytes. */
  private static final class EventBytes extends SimpleChannelInboundHandler<HttpObject> {
    private final EventListener listener;
    private final CompletableFuture<Void> end;

    EventBytes(EventListener listener, CompletableFuture<Void> end) {
      this.listener = listener;
      this.end = end;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject part) throws IOException {
      if (part instanceof HttpResponse response) {
        if (response.status().code() / 100 != 2) {
          throw new Refused(response.status().code(), response.status().reasonPhrase());
        }
        listener.opened();
      }
      if (part instanceof HttpContent content) {
        context.fireChannelRead(content.content().retain());
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      end.completeExceptionally(cause);
      context.close();
    }
  }

  /** From single JSON objects to events. */
  private static final class EventReader extends SimpleChannelInboundHandler<ByteBuf> {
    private final EventListener listener;
    private final CompletableFuture<Void> end;

    EventReader(EventListener listener, CompletableFuture<Void> end) {
      this.listener = listener;
      this.end = end;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf text) throws IOException {
      if (parse(text) instanceof JsonObject event) {
        listener.event(event);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      end.completeExceptionally(new IOException("it has closed the connection"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      end.completeExceptionally(cause);
      context.close();
    }
  }
}

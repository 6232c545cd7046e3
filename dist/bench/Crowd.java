import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Many connections at once, each on its own: who serves them, and who makes them.
 *
 * <pre>
 *   java Crowd serve PORT                      echoes; who begins with the byte 0xff is flooded instead,
 *                                              who begins with GET is greeted over HTTP and let go
 *   java Crowd churn HOST PORT CROWD SECONDS   so many at all times; each sends a kilobyte, wants it back, ends
 *   java Crowd idle HOST PORT CROWD SECONDS    opened and used once, then left alone, then used again
 *   java Crowd stall HOST PORT CROWD SECONDS   flooded, but never read; meanwhile one more is used again and again
 * </pre>
 *
 * Prints one line of counts; ends with status 1 if anything was not as it should be.
 */
public final class Crowd {
  private static final int MESSAGE = 1024;
  private static final int FLOOD = 0xff;
  private static final byte[] GREETING =
      "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n".getBytes(US_ASCII);

  private final Selector selector = Selector.open();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(64 * 1024);
  private final Map<String, Integer> errors = new TreeMap<>();
  private final Random random = new Random(1);
  private long[] firstBytes = new long[1024];
  private int done;
  private int open;
  private boolean idle;

  private Crowd() throws IOException {}

  public static void main(String[] args) throws IOException {
    if (args[0].equals("serve")) {
      new Crowd().serve(Integer.parseInt(args[1]));
      return;
    }
    InetSocketAddress to = new InetSocketAddress(args[1], Integer.parseInt(args[2]));
    Crowd crowd = new Crowd();
    crowd.run(args[0], to, Integer.parseInt(args[3]), Integer.parseInt(args[4]));
    long[] times = Arrays.copyOf(crowd.firstBytes, Math.min(crowd.done, crowd.firstBytes.length));
    Arrays.sort(times);
    System.out.printf(
        "answered=%d open=%d errors=%s median-ms=%.1f p99-ms=%.1f%n",
        crowd.done,
        crowd.open,
        crowd.errors,
        times.length == 0 ? 0 : times[times.length / 2] / 1e6,
        times.length == 0 ? 0 : times[times.length * 99 / 100] / 1e6);
    System.exit(crowd.errors.isEmpty() && crowd.done > 0 ? 0 : 1);
  }

  // --- who makes them

  private static final class Client {
    private final byte[] message = new byte[MESSAGE];
    private final byte[] answer = new byte[MESSAGE];
    private boolean stalled;
    private int sent;
    private int received;
    private long since;
  }

  private void run(String what, InetSocketAddress to, int crowd, int seconds) throws IOException {
    boolean churn = what.equals("churn");
    idle = what.equals("idle");
    long end = System.nanoTime() + seconds * 1_000_000_000L;
    // Patience for what is on its way then.
    long give = end + 60_000_000_000L;
    int started = 0;
    while (started < crowd) {
      start(to, what.equals("stall"));
      started++;
      if (started % 50 == 0) {
        turn(churn, to, end, 1);
      }
    }
    while (System.nanoTime() < end) {
      turn(churn, to, end, 100);
      if (what.equals("stall") && selector.keys().size() == crowd) {
        start(to, false);
      }
    }
    if (idle) {
      while (busy() && System.nanoTime() < give) {
        turn(false, to, end, 100);
      }
      for (SelectionKey key : selector.keys()) {
        if (key.isValid()) {
          begin(key);
        }
      }
    }
    while (busy() && System.nanoTime() < give) {
      turn(false, to, end, 100);
    }
    if (busy()) {
      error("no answer within a minute");
    }
  }

  private boolean busy() {
    for (SelectionKey key : selector.keys()) {
      Client client = (Client) key.attachment();
      if (key.isValid() && !client.stalled && client.received < MESSAGE) {
        return true;
      }
    }
    return false;
  }

  private void start(InetSocketAddress to, boolean stalled) throws IOException {
    SocketChannel channel = SocketChannel.open();
    channel.configureBlocking(false);
    Client client = new Client();
    client.stalled = stalled;
    client.since = System.nanoTime();
    channel.connect(to);
    channel.register(selector, SelectionKey.OP_CONNECT, client);
    open++;
  }

  private void begin(SelectionKey key) {
    Client client = (Client) key.attachment();
    random.nextBytes(client.message);
    client.message[0] = (byte) (client.stalled ? FLOOD : 1);
    client.sent = 0;
    client.received = 0;
    client.since = System.nanoTime();
    key.interestOps(SelectionKey.OP_WRITE);
  }

  private void turn(boolean churn, InetSocketAddress to, long end, int millis) throws IOException {
    selector.select(millis);
    var ready = selector.selectedKeys().iterator();
    while (ready.hasNext()) {
      SelectionKey key = ready.next();
      ready.remove();
      try {
        proceed(key);
      } catch (IOException e) {
        error(e.getMessage());
        end(key);
      }
      Client client = (Client) key.attachment();
      if (key.isValid() && !client.stalled && client.received == MESSAGE) {
        key.interestOps(0);
        answered(client);
        if (!idle) {
          end(key);
        }
      }
      if (churn && !key.isValid() && System.nanoTime() < end) {
        start(to, false);
      }
    }
  }

  private void proceed(SelectionKey key) throws IOException {
    SocketChannel channel = (SocketChannel) key.channel();
    Client client = (Client) key.attachment();
    if (key.isConnectable()) {
      channel.finishConnect();
      long since = client.since;
      begin(key);
      client.since = since;
    }
    if (key.isWritable()) {
      client.sent += channel.write(ByteBuffer.wrap(client.message, client.sent, MESSAGE - client.sent));
      if (client.sent == MESSAGE) {
        key.interestOps(client.stalled ? 0 : SelectionKey.OP_READ);
      }
    } else if (key.isReadable()) {
      int length = channel.read(ByteBuffer.wrap(client.answer, client.received, MESSAGE - client.received));
      if (length < 0) {
        throw new IOException("ended too early");
      }
      client.received += length;
      if (client.received == MESSAGE && !Arrays.equals(client.message, client.answer)) {
        throw new IOException("other bytes came back");
      }
    }
  }

  private void answered(Client client) {
    if (done == firstBytes.length) {
      firstBytes = Arrays.copyOf(firstBytes, 2 * done);
    }
    firstBytes[done++] = System.nanoTime() - client.since;
  }

  private void error(String what) {
    errors.merge(String.valueOf(what).replace(' ', '-'), 1, Integer::sum);
  }

  private void end(SelectionKey key) throws IOException {
    key.cancel();
    key.channel().close();
    open--;
  }

  // --- who serves them

  private void serve(int port) throws IOException {
    ServerSocketChannel listener = ServerSocketChannel.open();
    listener.bind(new InetSocketAddress(port), 4096);
    listener.configureBlocking(false);
    listener.register(selector, SelectionKey.OP_ACCEPT);
    while (true) {
      selector.select();
      var ready = selector.selectedKeys().iterator();
      while (ready.hasNext()) {
        SelectionKey key = ready.next();
        ready.remove();
        try {
          serve(listener, key);
        } catch (IOException e) {
          key.channel().close();
        }
      }
    }
  }

  private void serve(ServerSocketChannel listener, SelectionKey key) throws IOException {
    if (key.isAcceptable()) {
      SocketChannel accepted = listener.accept();
      if (accepted != null) {
        accepted.configureBlocking(false);
        accepted.register(selector, SelectionKey.OP_READ);
      }
      return;
    }
    SocketChannel channel = (SocketChannel) key.channel();
    buffer.clear();
    if (key.isWritable()) {
      channel.write(buffer);
      return;
    }
    int length = channel.read(buffer);
    if (length < 0) {
      channel.close();
      return;
    }
    if (key.attachment() == null && length > 0 && buffer.get(0) == 'G') {
      channel.write(ByteBuffer.wrap(GREETING));
      channel.close();
      return;
    }
    boolean flood = key.attachment() == null && length > 0 && (buffer.get(0) & 0xff) == FLOOD;
    key.attach("known");
    buffer.flip();
    if (flood) {
      key.interestOps(SelectionKey.OP_WRITE);
    } else {
      // A kilobyte at a time fits into any socket's buffer.
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    }
  }
}

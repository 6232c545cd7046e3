import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A SOCKS5 proxy (RFC 1928) that goes nowhere: whatever is connected to answers in HTTP with the
 * address that was asked for, and datagrams come back with it before them. Prints its port.
 */
final class Target {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  /** Without arguments the proxy; with ADDRESS PORT TEXT it sends a datagram, and prints the answer. */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length == 3) {
      ask(arguments[0], Integer.parseInt(arguments[1]), arguments[2]);
      return;
    }
    try (ServerSocket server = new ServerSocket(0, 50, LOOPBACK)) {
      System.out.println(server.getLocalPort());
      while (true) {
        Socket client = server.accept();
        start(() -> serve(client));
      }
    }
  }

  private static void ask(String address, int port, String text) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(new InetSocketAddress(address, port));
      socket.setSoTimeout(10_000);
      byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
      socket.send(new DatagramPacket(bytes, bytes.length));
      DatagramPacket answer = new DatagramPacket(new byte[2048], 2048);
      socket.receive(answer);
      System.out.println(
          new String(answer.getData(), 0, answer.getLength(), StandardCharsets.US_ASCII));
    }
  }

  private static void start(Runnable work) {
    Thread thread = new Thread(work);
    thread.setDaemon(true);
    thread.start();
  }

  private static void serve(Socket client) {
    try (client) {
      DataInputStream in = new DataInputStream(client.getInputStream());
      OutputStream out = client.getOutputStream();
      in.readByte();
      in.skipBytes(in.readByte());
      out.write(new byte[] {5, 0});
      in.readByte();
      int command = in.readByte();
      in.readByte();
      String to = address(in);
      if (command == 3) {
        associate(client, out);
        return;
      }
      out.write(new byte[] {5, 0, 0, 1, 0, 0, 0, 0, 0, 0});
      byte[] request = new byte[4096];
      if (in.read(request) > 0) {
        String body = "to " + to + "\n";
        out.write(
            ("HTTP/1.0 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                .getBytes(StandardCharsets.US_ASCII));
      }
    } catch (IOException e) {
      // The other side has gone.
    }
  }

  private static void associate(Socket client, OutputStream out) throws IOException {
    try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getByName("127.0.0.1"))) {
      int port = socket.getLocalPort();
      out.write(new byte[] {5, 0, 0, 1, 127, 0, 0, 1, (byte) (port >> 8), (byte) port});
      start(() -> echo(socket));
      while (client.getInputStream().read() >= 0) {
        // Until the other side has gone.
      }
    }
  }

  private static void echo(DatagramSocket socket) {
    byte[] buffer = new byte[65_535];
    try {
      while (true) {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        socket.receive(packet);
        boolean ipv4 = buffer[3] == 1;
        int header = ipv4 ? 10 : 22;
        InetAddress to = InetAddress.getByAddress(Arrays.copyOfRange(buffer, 4, header - 2));
        int port = ((buffer[header - 2] & 0xff) << 8) | (buffer[header - 1] & 0xff);
        byte[] answer =
            ("to " + to.getHostAddress() + ":" + port + " "
                    + new String(
                        buffer, header, packet.getLength() - header, StandardCharsets.US_ASCII))
                .getBytes(StandardCharsets.US_ASCII);
        byte[] whole = Arrays.copyOf(buffer, header + answer.length);
        System.arraycopy(answer, 0, whole, header, answer.length);
        socket.send(
            new DatagramPacket(
                whole,
                whole.length,
                new InetSocketAddress(packet.getAddress(), packet.getPort())));
      }
    } catch (IOException e) {
      // The association has ended.
    }
  }

  private static String address(DataInputStream in) throws IOException {
    int type = in.readByte();
    byte[] bytes = new byte[type == 1 ? 4 : type == 4 ? 16 : in.readUnsignedByte()];
    in.readFully(bytes);
    String host =
        type == 3
            ? new String(bytes, StandardCharsets.US_ASCII)
            : InetAddress.getByAddress(bytes).getHostAddress();
    return host + ":" + in.readUnsignedShort();
  }
}

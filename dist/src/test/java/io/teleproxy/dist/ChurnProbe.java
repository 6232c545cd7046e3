package io.teleproxy.dist;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A program of its own, run on the laptop: resolves names and connects to what it is told, again
 * and again until its standard input ends. An answer is wrong if a connection to its address is not
 * intercepted although the name still tells it.
 *
 * <p>Arguments: the names. Prints {@code answers=N wrong=N} and each wrong answer.
 */
final class ChurnProbe {
  private static final int TIMEOUT_MILLIS = 30_000;

  private final DatagramSocket socket = new DatagramSocket();

  private ChurnProbe() throws IOException {
    String nameserver =
        Files.readAllLines(Path.of("/etc/resolv.conf")).stream()
            .filter(line -> line.startsWith("nameserver "))
            .map(line -> line.substring("nameserver ".length()).trim())
            .findFirst()
            .orElseThrow();
    socket.connect(InetAddress.getByName(nameserver), 53);
    socket.setSoTimeout(TIMEOUT_MILLIS);
  }

  public static void main(String[] names) throws IOException {
    ChurnProbe probe = new ChurnProbe();
    BufferedReader until =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    long answers = 0;
    long wrong = 0;
    System.out.println("begun");
    while (!until.ready()) {
      for (String name : names) {
        byte[] address = probe.ask(name);
        if (address.length == 0) {
          continue;
        }
        answers++;
        if (!intercepted(address) && Arrays.equals(probe.ask(name), address)) {
          wrong++;
          System.out.println(name + " is told, " + InetAddress.getByAddress(address) + " is open");
        }
      }
    }
    System.out.println("answers=" + answers + " wrong=" + wrong);
  }

  /** Of all cluster addresses the laptop has a route to none: only we accept, or refuse. */
  private static boolean intercepted(byte[] address) throws IOException {
    try (Socket connection = new Socket()) {
      connection.connect(
          new InetSocketAddress(InetAddress.getByAddress(address), 80), TIMEOUT_MILLIS);
      return true;
    } catch (NoRouteToHostException | SocketTimeoutException e) {
      return false;
    } catch (ConnectException e) {
      return String.valueOf(e.getMessage()).contains("refused");
    }
  }

  /** The first address of the name; empty if there is none. */
  private byte[] ask(String name) throws IOException {
    ByteArrayOutputStream query = new ByteArrayOutputStream();
    query.write(new byte[] {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0});
    for (String label : name.split("\\.")) {
      query.write(label.length());
      query.write(label.getBytes(StandardCharsets.US_ASCII));
    }
    query.write(new byte[] {0, 0, 1, 0, 1});
    socket.send(new DatagramPacket(query.toByteArray(), query.size()));
    byte[] answer = new byte[512];
    socket.receive(new DatagramPacket(answer, answer.length));
    boolean found = (answer[3] & 15) == 0 && answer[7] > 0;
    // Type, class, TTL and length of the first record follow a pointer to the question's name.
    int data = query.size() + 12;
    return found ? Arrays.copyOfRange(answer, data, data + 4) : new byte[0];
  }
}

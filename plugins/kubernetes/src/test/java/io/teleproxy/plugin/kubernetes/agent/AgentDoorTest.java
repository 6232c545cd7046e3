package io.teleproxy.plugin.kubernetes.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.agent.wire.DoorRequest;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The agent's listener on the pod's own addresses. */
@Timeout(60)
final class AgentDoorTest {
  private static final String TOKEN = "0123456789abcdef";

  private final AgentRig rig = new AgentRig();

  @AfterEach
  void close() {
    rig.close();
  }

  @Test
  void whoKnowsTheTokenIsLetIn() throws Exception {
    try (Socket socket = knock(openDoor(), TOKEN)) {
      assertThat(head(socket)).startsWith("HTTP/1.1 101 ");
      // The preface (RFC 9113 §3.4) and empty SETTINGS; the server's SETTINGS come in answer.
      socket
          .getOutputStream()
          .write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().write(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0});
      byte[] frame = socket.getInputStream().readNBytes(9);
      assertThat(frame[3]).isEqualTo((byte) 4);
    }
  }

  @Test
  void whoDoesNotIsNot() throws Exception {
    int door = openDoor();
    try (Socket socket = knock(door, TOKEN + "0")) {
      assertThat(head(socket)).startsWith("HTTP/1.1 403 ");
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void aCrowdOfStrangersIsTurnedAwayAndHurtsNobody() throws Exception {
    int door = openDoor();
    Socket[] crowd = new Socket[80];
    for (int i = 0; i < crowd.length; i++) {
      crowd[i] = new Socket(InetAddress.getLoopbackAddress(), door);
    }
    // The last one finds the room full.
    crowd[79].setSoTimeout(20_000);
    assertThat(crowd[79].getInputStream().read()).isEqualTo(-1);
    for (Socket each : crowd) {
      each.close();
    }
    String answer = "";
    while (!answer.startsWith("HTTP/1.1 101 ")) {
      try (Socket socket = knock(door, TOKEN)) {
        answer = head(socket);
      } catch (IOException e) {
        answer = "turned away before the crowd had left";
      }
    }
  }

  private int openDoor() throws Exception {
    CompletableFuture<Integer> port = new CompletableFuture<>();
    AgentLink link = rig.ready.get(20, TimeUnit.SECONDS);
    rig.loop.execute(() -> link.askForDoor(TOKEN, port::complete));
    int door = port.get(20, TimeUnit.SECONDS);
    assertThat(door).isPositive();
    return door;
  }

  private static Socket knock(int door, String token) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), door);
    socket.setSoTimeout(20_000);
    String request =
        "GET / HTTP/1.1\r\nHost: pod\r\nConnection: Upgrade\r\nUpgrade: teleproxy\r\n"
            + DoorRequest.TOKEN.toUpperCase(java.util.Locale.ROOT)
            + ": "
            + token
            + "\r\n\r\n";
    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
    return socket;
  }

  private static String head(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    StringBuilder head = new StringBuilder();
    for (int next = in.read(); next >= 0; next = in.read()) {
      head.append((char) next);
      if (head.toString().endsWith("\r\n\r\n")) {
        break;
      }
    }
    return head.toString();
  }
}

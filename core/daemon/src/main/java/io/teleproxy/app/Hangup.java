package io.teleproxy.app;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SIGHUP by hand means "look at your configuration again"; from a terminal that is closed it means
 * the end. The JDK's only way to signals is {@code sun.misc.Signal} (module jdk.unsupported, there
 * in all versions), called by reflection because naming it is a warning that cannot be silenced.
 */
final class Hangup {
  private static final Logger log = LoggerFactory.getLogger(Hangup.class);
  private static final Path TERMINAL = Path.of("/dev/tty");

  private Hangup() {}

  /** Does nothing where there is no such signal. */
  static void install(Runnable reload, Runnable stop) {
    boolean hadTerminal = hasTerminal();
    Runnable reaction =
        () -> {
          if (hadTerminal && !hasTerminal()) {
            stop.run();
          } else {
            log.info("SIGHUP: looking at the configuration of what is watched");
            reload.run();
          }
        };
    InvocationHandler handler =
        (proxy, method, arguments) ->
            switch (method.getName()) {
              case "handle" -> {
                reaction.run();
                yield null;
              }
              case "hashCode" -> System.identityHashCode(proxy);
              case "equals" -> proxy == arguments[0];
              default -> "on hangup";
            };
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> type = Class.forName("sun.misc.SignalHandler");
      signal
          .getMethod("handle", signal, type)
          .invoke(
              null,
              signal.getConstructor(String.class).newInstance("HUP"),
              Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      log.debug("no SIGHUP here", e);
    }
  }

  private static boolean hasTerminal() {
    try (InputStream terminal = Files.newInputStream(TERMINAL)) {
      return terminal != null;
    } catch (IOException e) {
      return false;
    }
  }
}

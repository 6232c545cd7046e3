/**
 * What a plugin sees of teleproxy, and all it sees: four extension points ({@link
 * io.teleproxy.spi.Interceptor}, {@link io.teleproxy.spi.Resolver}, {@link
 * io.teleproxy.spi.Watcher}, {@link io.teleproxy.spi.Tunnel}) and the values that pass through
 * them.
 *
 * <p>Signatures use JDK types and the records of this package only. An extension is a stateless
 * provider with a public no-argument constructor; everything that lives is in the session object it
 * opens. The host creates an extension once, calls {@code probe} first, and opens at most one
 * session of it at a time.
 */
@NullMarked
package io.teleproxy.spi;

import org.jspecify.annotations.NullMarked;

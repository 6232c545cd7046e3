/**
 * The {@code per-port-fallback} interceptor: what needs no firewall at all.
 *
 * <p>{@link io.teleproxy.plugin.perport.LoopbackAddresses} makes the plan's addresses this
 * machine's own, so that the core can listen at them; {@link
 * io.teleproxy.plugin.perport.ResolverFile} has programs ask the overlay DNS.
 */
@NullMarked
package io.teleproxy.plugin.perport;

import org.jspecify.annotations.NullMarked;

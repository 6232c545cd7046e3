/**
 * Kubernetes port-forwards to pods, spoken directly on netty as SPDY/3.1 frames. {@code
 * ApiConnector} opens connections to the API server; upgraded ones are a {@code PodConnection} of
 * the {@code PodPool}, on which a {@code PodStream} carries one connection, or a {@code PodPipe},
 * which carries whatever lies above it. Knows neither agents nor who chooses between ways.
 */
@NullMarked
package io.teleproxy.plugin.kubernetes.portforward;

import org.jspecify.annotations.NullMarked;

/**
 * Kubernetes port-forwards to pods, spoken directly on netty as SPDY/3.1 frames. An upgraded
 * connection to the API server is a {@code PodConnection} of the {@code PodPool}, on which a {@code
 * PodStream} carries one connection, or a {@code PodPipe}, which carries whatever lies above it.
 * Knows neither agents nor who chooses between ways.
 */
@NullMarked
package io.teleproxy.plugin.kubernetes.portforward;

import org.jspecify.annotations.NullMarked;

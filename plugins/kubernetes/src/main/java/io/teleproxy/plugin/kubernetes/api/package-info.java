/**
 * Connections to the API server: plain requests by {@code ApiClient}, upgraded ones by {@code
 * ApiConnector}, both over {@code ApiDialer}'s.
 */
@NullMarked
package io.teleproxy.plugin.kubernetes.api;

import org.jspecify.annotations.NullMarked;

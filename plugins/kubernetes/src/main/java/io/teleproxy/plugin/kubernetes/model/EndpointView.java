package io.teleproxy.plugin.kubernetes.model;

import java.net.InetAddress;

/**
 * One address behind a service.
 *
 * @param hostname the name it has below its service; empty for none
 * @param pod the name of the pod it belongs to, in the service's namespace; empty for none
 */
public record EndpointView(InetAddress address, boolean ready, String hostname, String pod) {}

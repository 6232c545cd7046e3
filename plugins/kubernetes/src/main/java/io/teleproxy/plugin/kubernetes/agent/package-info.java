/**
 * The way through an agent in the cluster. {@code AgentSupervisor} keeps one pod of ours there, by
 * objects that {@code AgentObjects} describes; {@code AgentLinks} are several HTTP/2 connections to
 * it, each over a port-forward of its own, which {@code LinkKeeper} keeps and {@code LinkPool}
 * chooses from; a connection through the tunnel is an {@code AgentStream} on one of these {@code
 * AgentLink}s, a UDP flow is {@code AgentDatagrams}.
 */
@NullMarked
package io.teleproxy.plugin.kubernetes.agent;

import org.jspecify.annotations.NullMarked;

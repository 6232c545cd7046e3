/**
 * The way through an agent in the cluster. {@code AgentSupervisor} keeps one pod of ours there, by
 * objects that {@code AgentObjects} describes; {@code AgentLinks} keeps several HTTP/2 connections
 * to it, each over a port-forward of its own; a connection through the tunnel is an {@code
 * AgentStream} on one of these {@code AgentLink}s, a UDP flow is {@code AgentDatagrams}.
 */
@NullMarked
package io.teleproxy.plugin.kubernetes.agent;

import org.jspecify.annotations.NullMarked;

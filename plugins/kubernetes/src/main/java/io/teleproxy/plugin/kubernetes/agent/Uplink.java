package io.teleproxy.plugin.kubernetes.agent;

/**
 * The connections to the agent, for people.
 *
 * @param usable how many there are for new streams
 * @param direct how many of these go past the node
 * @param roundTripNanos to the agent and back; 0 while it is not known
 */
public record Uplink(int usable, int direct, long roundTripNanos) {}

/**
 * What both ends of the tunnel agree on: HTTP/2 connections whose streams are TCP connections
 * (CONNECT, RFC 9113 §8.5) or flows of UDP datagrams (RFC 9298 over RFC 8441), and how failures are
 * said (RFC 9209). The agent and the kubernetes plugin share it.
 */
@NullMarked
package io.teleproxy.agent.wire;

import org.jspecify.annotations.NullMarked;

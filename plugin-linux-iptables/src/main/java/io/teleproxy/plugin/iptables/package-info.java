/**
 * The {@code linux-iptables} interceptor: redirects by netfilter through iptables and ip6tables, in
 * the nf_tables and the legacy variant.
 *
 * <p>From plan to kernel: {@link io.teleproxy.plugin.iptables.PlanRules} (plan → wanted rules),
 * {@link io.teleproxy.plugin.iptables.SavedRules} (what iptables-save shows), {@link
 * io.teleproxy.plugin.iptables.RestoreScript} (the difference as one script), {@link
 * io.teleproxy.plugin.iptables.Xtables} (runs the tools). The first three are pure.
 */
@NullMarked
package io.teleproxy.plugin.iptables;

import org.jspecify.annotations.NullMarked;

/**
 * The {@code linux-nftables} interceptor: one nf_tables table that the kernel removes when the
 * process that owns it ends.
 *
 * <p>From plan to kernel: {@link io.teleproxy.plugin.nftables.Ruleset} (plan → what the table
 * holds), {@link io.teleproxy.plugin.nftables.NftScript} (the difference as one transaction),
 * {@link io.teleproxy.plugin.nftables.NftShell} (the child process that owns the table and runs
 * transactions). The first two are pure.
 */
@NullMarked
package io.teleproxy.plugin.nftables;

import org.jspecify.annotations.NullMarked;

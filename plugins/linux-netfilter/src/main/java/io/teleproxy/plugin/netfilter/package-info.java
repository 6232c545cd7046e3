/** What every backend of Linux does, however its rules come about. */
@NullMarked
package io.teleproxy.plugin.netfilter;

import org.jspecify.annotations.NullMarked;

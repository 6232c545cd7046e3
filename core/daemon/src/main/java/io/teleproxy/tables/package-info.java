/**
 * The merged view of all tables: one immutable snapshot that DNS and interception are functions of.
 */
@NullMarked
package io.teleproxy.tables;

import org.jspecify.annotations.NullMarked;

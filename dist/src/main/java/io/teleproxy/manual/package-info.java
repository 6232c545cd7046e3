/** Makes manual pages and completion at packaging; no part of the product's class path. */
@org.jspecify.annotations.NullMarked
package io.teleproxy.manual;

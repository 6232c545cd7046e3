/**
 * What is kept of a cluster's objects: slim values with only the fields that names, routes and the
 * tunnel need. A cluster of 10,000 services fits in some ten megabytes.
 */
@NullMarked
package io.teleproxy.plugin.kubernetes.model;

import org.jspecify.annotations.NullMarked;

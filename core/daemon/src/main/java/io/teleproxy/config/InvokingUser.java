package io.teleproxy.config;

import java.nio.file.Path;

/**
 * The user who became root by sudo, pkexec or doas to start us, from the account database.
 *
 * @param gid primary group
 */
public record InvokingUser(long uid, long gid, String name, Path home) {}

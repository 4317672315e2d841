package com.interactiongateway.client;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is checked of a target before anything is sent, because gRPC does not. */
final class Target {
  private static final Pattern URL = Pattern.compile("(?:https?|grpcs?)://([^/]*).*");
  private static final Pattern DNS = Pattern.compile("^dns:(//[^/]*/)?");
  private static final Pattern HOST_PORT = Pattern.compile("(.*):([^:\\]]*)");
  private static final Pattern LOOPBACK = Pattern.compile("127(\\.(25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}");

  private Target() {}

  /** Fails on a target that cannot work, with an example of one that can. */
  static void check(String target) {
    if (target.isEmpty()) throw new IllegalArgumentException("no address; for example 127.0.0.1:50051");
    Matcher url = URL.matcher(target);
    if (url.matches()) {
      String host = url.group(1);
      throw wrong(target, "a URL is not accepted here", host.matches(".*:\\d+") ? host : host + ":50051");
    }
    if (target.startsWith("unix:")) {
      if (target.substring("unix:".length()).replaceFirst("^/+", "").isEmpty()) {
        throw wrong(target, "the path is missing", "unix:/run/interaction.sock");
      }
      return;
    }
    checkHostPort(target, DNS.matcher(target).replaceFirst(""));
  }

  /** Whether what is sent to the target stays on this machine. */
  static boolean isOnThisMachine(String target) {
    String text = target.replaceFirst("^(dns:///|dns:)", "");
    if (text.startsWith("unix:") || text.startsWith("localhost:") || text.startsWith("[::1]:")) return true;
    return LOOPBACK.matcher(text.substring(0, Math.max(text.lastIndexOf(':'), 0))).matches();
  }

  private static void checkHostPort(String target, String text) {
    Matcher parts = HOST_PORT.matcher(text);
    boolean hasPort = parts.matches();
    String host = hasPort ? parts.group(1) : text;
    if (host.contains(":") && !host.startsWith("[")) {
      throw wrong(target, "the IPv6 address has no brackets", "[::1]:50051");
    }
    if (host.isEmpty()) throw wrong(target, "the host is missing", "127.0.0.1:50051");
    if (!hasPort) throw wrong(target, "the port is missing", host + ":50051");
    String port = parts.group(2);
    if (!port.matches("\\d{1,5}") || Integer.parseInt(port) < 1 || Integer.parseInt(port) > 65535) {
      throw wrong(target, "the port must be a number from 1 to 65535", host + ":50051");
    }
  }

  private static IllegalArgumentException wrong(String target, String why, String example) {
    return new IllegalArgumentException("'%s' is not an address: %s; for example %s".formatted(target, why, example));
  }
}

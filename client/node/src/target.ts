// What is checked of a target before anything is sent, because gRPC does not.
import { isIPv4 } from "node:net";

/** Fails on a target that cannot work, with an example of one that can. */
export function checkTarget(target: string): void {
  if (!target) throw new Error("no address; for example 127.0.0.1:50051");
  const url = /^(?:https?|grpcs?):\/\/([^/]*)/.exec(target);
  if (url) {
    const host = url[1]!;
    throw wrong(target, "a URL is not accepted here", /:\d+$/.test(host) ? host : `${host}:50051`);
  }
  if (target.startsWith("unix:")) {
    if (!target.slice("unix:".length).replace(/^\/+/, "")) {
      throw wrong(target, "the path is missing", "unix:/run/interaction.sock");
    }
    return;
  }
  for (const address of addresses(target)) checkHostPort(target, address);
}

/** Whether what is sent to the target stays on this machine. */
export function isOnThisMachine(target: string): boolean {
  const text = target.replace(/^(dns:\/\/\/|dns:|ipv4:|ipv6:)/, "");
  if (text.includes(",")) return false;
  const host = text.slice(0, Math.max(text.lastIndexOf(":"), 0));
  return /^(unix:|localhost:|\[::1\]:)/.test(text) || (isIPv4(host) && host.startsWith("127."));
}

/** The host:port of a target, or each of several. */
function addresses(target: string): string[] {
  if (/^ipv[46]:/.test(target)) return target.slice("ipv4:".length).split(",");
  return [target.replace(/^dns:(\/\/[^/]*\/)?/, "")];
}

function checkHostPort(target: string, text: string): void {
  const [, host, port] = /^(.*):([^:\]]*)$/.exec(text) ?? [, text, undefined];
  if (host!.includes(":") && !host!.startsWith("[")) {
    throw wrong(target, "the IPv6 address has no brackets", "[::1]:50051");
  }
  if (!host) throw wrong(target, "the host is missing", "127.0.0.1:50051");
  if (port === undefined) throw wrong(target, "the port is missing", `${host}:50051`);
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65535) {
    throw wrong(target, "the port must be a number from 1 to 65535", `${host}:50051`);
  }
}

function wrong(target: string, why: string, example: string): Error {
  return new Error(`'${target}' is not an address: ${why}; for example ${example}`);
}

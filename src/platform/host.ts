import type { Host } from "./host_interface.ts";
import { nodeHost } from "./node_host.ts";

export * from "./host_interface.ts";

/** The runtime that the program is in. */
export let host: Host = (globalThis as { Deno?: Host }).Deno ?? nodeHost;

/** Takes another runtime: a page has none of its own, and brings one before it does anything else. */
export function useHost(other: Host): void {
  host = other;
}

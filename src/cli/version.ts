import configuration from "../../deno.json" with { type: "json" };

/** Returns the version of this package. */
export function version(): string {
  return configuration.version;
}

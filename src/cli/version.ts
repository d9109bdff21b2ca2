import configuration from "../../deno.json" with { type: "json" };

/** The version of this package. */
export function version(): string {
  return configuration.version;
}

import { buildSchema } from "./build_schema.ts";

if (import.meta.main) {
  const file = new URL("../../gradient-health.schema.json", import.meta.url);
  await Deno.writeTextFile(file, `${JSON.stringify(buildSchema(), null, 2)}\n`);
}

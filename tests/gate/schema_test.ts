import { assert, assertEquals } from "@std/assert";
import { Ajv } from "ajv";
import { RULES } from "../../src/core/rules/rules.ts";
import { configurationSchema } from "../../src/gate/configuration_shape.ts";
import schema from "../../gradient-health.schema.json" with { type: "json" };

Deno.test("gradient-health.schema.json is what the rules and thresholds make it", () => {
  assertEquals(schema, JSON.parse(JSON.stringify(configurationSchema())), "run deno task generate");
});

Deno.test("gradient-health.schema.json is a valid schema that knows every rule", () => {
  const ajv = new Ajv({ strict: true, strictTypes: false, strictTuples: false });
  const validate = ajv.compile(schema);
  for (const { name, thresholds } of RULES) {
    for (const level of ["off", "warn", "error"]) {
      assert(validate({ rules: { [name]: level } }), name);
      assert(validate({ rules: { [name]: [level] } }), name);
    }
    for (const threshold of Object.keys(thresholds)) {
      assert(validate({ rules: { [name]: ["error", { [threshold]: 1 }] } }), threshold);
    }
    assert(!validate({ rules: { [name]: ["error", { baselineShares: 1 }] } }), name);
    assert(!validate({ rules: { [name]: "fatal" } }), name);
  }
});

import { Ajv } from "ajv";

// The committee's schema. It calls its own address `id`, as draft 4 had it, and is draft 7 otherwise.
const { default: { id: _, ...schema } } = await import(
  "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json",
  { with: { type: "json" } }
);
const ajv = new Ajv({
  strict: false,
  validateSchema: false,
  // One of its patterns has a bracket too many, which only an expression without the flag u takes.
  unicodeRegExp: false,
  formats: {
    "uri-reference": (text: string) =>
      URL.canParse(text, "file:///") && !/[\s\\<>"{}|^`]/.test(text),
    uri: (text: string) => URL.canParse(text),
    "date-time": (text: string) => !isNaN(Date.parse(text)),
  },
});
const validate = ajv.compile(schema);

/** Returns the errors of a log under the schema of SARIF 2.1.0; none if it is valid. */
export function sarifErrors(log: unknown): unknown[] {
  return validate(log) ? [] : (validate.errors ?? []).slice(0, 3);
}

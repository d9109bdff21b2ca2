/** A wrong argument as one line, for the message that refuses it. */
export function show(value: unknown): string {
  return Deno.inspect(value, { depth: 2, compact: true, breakLength: Infinity });
}

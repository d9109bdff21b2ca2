/** A wrong argument as one line, for the message that refuses it. */
export function show(value: unknown): string {
  return Deno.inspect(value, { depth: 2, compact: true, breakLength: Infinity });
}

/** A name in the message that refuses an argument: in quotes where it would not show, or break the line. */
export function showName(name: string): string {
  return /^$|[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name) ? show(name) : name;
}

import { escapeControls } from "../words/escape_controls.ts";

const MAX_SHOWN_LENGTH = 200;

/** Returns a rejected argument as one line, for the error message. */
export function show(value: unknown): string {
  const whole = Deno.inspect(value, { depth: 2, compact: true, breakLength: Infinity });
  const letters = [...whole];
  return escapeControls(
    letters.length > MAX_SHOWN_LENGTH ? `${letters.slice(0, MAX_SHOWN_LENGTH).join("")}...` : whole,
  );
}

/** Returns a name for the error message, quoted if it is invisible or breaks the line. */
export function showName(name: string): string {
  return /^$|[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name) ? show(name) : name;
}
